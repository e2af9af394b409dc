import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFirstOutput, startNode, waitForExit } from '../test/support/child.js';
import { temporaryDirectory } from '../test/support/temporary.js';
import { DataDirLock, DataDirLockedError, findLockHolder } from './data-dir-lock.js';

/** A process that holds the lock until its input ends, or for ever. */
const HOLD = `const lock = lib.DataDirLock.acquire(args[0], 'mosis serve');
  console.log('held');
  process.stdin.resume();
  process.stdin.on('end', () => lock.release());`;

describe('the lock of a data directory', () => {
  const refusal = (dataDir: string): DataDirLockedError => {
    try {
      DataDirLock.acquire(dataDir, 'second').release();
    } catch (error) {
      expect(error).toBeInstanceOf(DataDirLockedError);
      return error as DataDirLockedError;
    }
    throw new Error('The lock was given twice.');
  };

  it('is refused while another process holds it, naming that one', async () => {
    const dataDir = join(temporaryDirectory(), 'not', 'there', 'yet');
    const holder = startNode(HOLD, dataDir);
    await readFirstOutput(holder);
    const error = refusal(dataDir);
    expect(error.holder).toMatchObject({ pid: holder.pid, command: 'mosis serve' });
    expect(error.message).toContain(`process ${holder.pid} (mosis serve, since 2`);
    expect(error.message).toContain(dataDir);
  });

  it('is free at once after its holder was killed, and the next holder is named, not the dead one', async () => {
    const dataDir = temporaryDirectory();
    const holder = startNode(HOLD, dataDir);
    await readFirstOutput(holder);
    holder.kill('SIGKILL');
    await waitForExit(holder);
    expect(existsSync(join(dataDir, 'server.json'))).toBe(true);
    expect(findLockHolder(dataDir)).toBeUndefined();
    const lock = DataDirLock.acquire(dataDir, 'mosis serve');
    expect(findLockHolder(dataDir)?.pid).toBe(process.pid);
    lock.release();
  });

  it('is free after its holder released it', async () => {
    const dataDir = temporaryDirectory();
    const holder = startNode(HOLD, dataDir);
    await readFirstOutput(holder);
    holder.stdin!.end();
    expect((await waitForExit(holder)).code).toBe(0);
    expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
    DataDirLock.acquire(dataDir, 'next').release();
  });

  it('is refused to a second owner in the same process', () => {
    const dataDir = temporaryDirectory();
    const lock = DataDirLock.acquire(dataDir, 'first');
    expect(refusal(dataDir).holder?.command).toBe('first');
    lock.release();
    DataDirLock.acquire(dataDir, 'second').release();
  });

  it('stays held when the process looks at it or is refused it', async () => {
    const dataDir = temporaryDirectory();
    const lock = DataDirLock.acquire(dataDir, 'first');
    findLockHolder(dataDir);
    refusal(dataDir);
    const other = startNode(`console.log(lib.findLockHolder(args[0])?.command)`, dataDir);
    expect((await waitForExit(other)).output).toBe('first\n');
    lock.release();
  });

  it('leaves a file that people and tools can read, with what was added later', () => {
    const dataDir = temporaryDirectory();
    const lock = DataDirLock.acquire(dataDir, 'mosis serve', () => new Date('2026-11-21T10:00:00Z'));
    lock.describe({ address: 'http://127.0.0.1:3000' });
    lock.describe({ control_socket: '/run/mosis.sock' });
    expect(JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'))).toEqual({
      pid: process.pid,
      command: 'mosis serve',
      started_at: '2026-11-21T10:00:00.000Z',
      address: 'http://127.0.0.1:3000',
      control_socket: '/run/mosis.sock',
    });
    expect(findLockHolder(dataDir)).toMatchObject({ address: 'http://127.0.0.1:3000' });
    lock.release();
  });

  it('is released once: a second release leaves the next holder alone', () => {
    const dataDir = temporaryDirectory();
    const first = DataDirLock.acquire(dataDir, 'first');
    first.release();
    const second = DataDirLock.acquire(dataDir, 'second');
    first.release();
    expect(findLockHolder(dataDir)?.command).toBe('second');
    second.release();
  });

  it('is not kept when its holder cannot write who it is', () => {
    const dataDir = temporaryDirectory();
    mkdirSync(join(dataDir, 'server.json.tmp'));
    expect(() => DataDirLock.acquire(dataDir, 'first')).toThrow('EISDIR');
    expect(findLockHolder(dataDir)).toBeUndefined();
  });

  it('names an unknown holder when the file about it cannot be read', () => {
    const dataDir = temporaryDirectory();
    const lock = DataDirLock.acquire(dataDir, 'first');
    writeFileSync(join(dataDir, 'server.json'), '{');
    expect(refusal(dataDir).message).toContain('another process');
    expect(findLockHolder(dataDir)).toEqual({ pid: 0, command: 'unknown', started_at: 'unknown' });
    lock.release();
  });

  it('is looked at without creating or changing anything', () => {
    const dataDir = temporaryDirectory();
    expect(findLockHolder(join(dataDir, 'missing'))).toBeUndefined();
    expect(findLockHolder(dataDir)).toBeUndefined();
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
