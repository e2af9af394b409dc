import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ObjectStoreSettings } from '../src/index.js';
import { forkScript } from './support/child.js';
import { createScratch } from './support/files.js';
import { startS3Server } from './support/s3-server.js';

const MIB = 1024 * 1024;
const OBJECT_BYTES = 256 * MIB;

/**
 * Between what chunks that wait for the garbage collector come to, whatever the object's size, and a held object: V8 begins to
 * mark at 64 MiB of them, and more arrive while it does.
 */
const ALLOWED_GROWTH_BYTES = 160 * MIB;

describe('memory', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;

  beforeEach(async () => {
    scratch = await createScratch();
  });

  afterEach(async () => {
    await scratch.remove();
  });

  async function measure(settings: ObjectStoreSettings, consume: boolean): Promise<number> {
    const child = forkScript('memory-process.ts', {
      settings,
      scratch: scratch.path,
      sizeBytes: OBJECT_BYTES,
      consume,
    });
    const exited = once(child, 'exit');
    const [report] = (await Promise.race([once(child, 'message'), exited])) as [{ grownBytes: number } | number];
    await exited;
    if (typeof report === 'number') throw new Error(`The measured process failed with ${report}.`);
    return report.grownBytes;
  }

  it.each([false, true])('stays flat with 256 MiB in and out of a directory (given away: %s)', async (consume) => {
    const url = pathToFileURL(join(scratch.path, 'objects')).href;
    expect(await measure({ url }, consume)).toBeLessThan(ALLOWED_GROWTH_BYTES);
  });

  it('stays flat with 256 MiB in and out of S3', async () => {
    const server = await startS3Server();
    try {
      const { endpoint, accessKeyId, secretAccessKey } = server;
      const s3 = { endpoint, accessKeyId, secretAccessKey };
      expect(await measure({ url: `s3://${server.bucket}`, s3 }, false)).toBeLessThan(ALLOWED_GROWTH_BYTES);
    } finally {
      await server.kill();
    }
  });
});
