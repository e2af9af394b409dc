import { readdirSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { alone } from '../lib/claim.mjs';
import { makeFolder, removeFolders, writeFiles } from './support/folders.js';

/** Above every process id that Linux and macOS hand out. */
const nobody = 2 ** 30;

afterAll(removeFolders);

describe('working alone', () => {
  it('never lets two work at once, and lets all of them work', async () => {
    const folder = makeFolder();
    let atWork = 0;
    let most = 0;
    let done = 0;
    const work = async () => {
      most = Math.max(most, ++atWork);
      for (let i = 0; i < 20; i++) await turn();
      atWork--;
      done++;
    };
    await Promise.all(Array.from({ length: 5 }, () => alone(folder, work)));
    expect({ most, done, left: readdirSync(folder) }).toEqual({ most: 1, done: 5, left: [] });
  });

  it('lets go when the work fails', async () => {
    const folder = makeFolder();
    await expect(alone(folder, () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not wait for a process that died', async () => {
    const folder = makeFolder();
    writeFiles(folder, { dead: { pid: nobody, host: hostname() } });
    const waits: string[] = [];
    await alone(
      folder,
      () => Promise.resolve(),
      () => waits.push('waited'),
    );
    expect(waits).toEqual([]);
  });

  it('does not wait for a claim nobody has renewed, whoever has its process id now', async () => {
    const folder = makeFolder();
    writeFiles(folder, { old: { pid: process.pid, host: hostname() } });
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(join(folder, 'old'), longAgo, longAgo);
    await expect(alone(folder, () => Promise.resolve('worked'))).resolves.toBe('worked');
  });
});
