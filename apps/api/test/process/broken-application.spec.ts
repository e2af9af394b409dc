import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirLock } from '@mosis/sqlite';
import { findLitestreams } from '../support/litestreams.js';
import { LaterRelease } from '../support/release.js';
import { DataDirectory } from '../support/server-process.js';

/** A module of which Nest can make nothing. */
const BROKEN = `export class DemoModule { onModuleInit() { throw new Error('this module is out of order'); } }`;

describe('an application that cannot be put together', () => {
  const data = new DataDirectory();
  const broken = new LaterRelease({});
  afterAll(async () => {
    await data.remove();
    broken.remove();
  });

  it('lets a command end with why, and leaves no process and no lock', async () => {
    writeFileSync(join(broken.path, 'apps/api/dist/demo/demo.module.js'), BROKEN);
    data.main = broken.main;
    const { code, stderr } = await data.mosis(['admin', 'link']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('this module is out of order')]);
    expect(findLitestreams(data.path)).toEqual([]);
    DataDirLock.acquire(data.path, 'a test').release();
  });
});
