import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore, findMissing, packageKey, type ObjectStore } from '../src/index.js';
import { collect, createScratch } from './support/files.js';

describe('what a store does not have', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let folders = 0;

  beforeAll(async () => {
    scratch = await createScratch();
  });
  afterAll(() => scratch.remove());

  async function fill(keys: readonly string[]): Promise<ObjectStore> {
    const store = createObjectStore({ url: pathToFileURL(join(scratch.path, String(++folders))).href });
    for (const key of keys) await store.putBytes(key, Buffer.from(key));
    return store;
  }

  it('is what asking for each key by itself says, whatever else the store has', async () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'a-b', 'a/b', 'a.b', 'a/b/c', 'b', 'b/a', 'ba', 'c', 'z/z'));
    await fc.assert(
      fc.asyncProperty(names, names, async (stored, asked) => {
        // A name cannot be a file and a folder at once.
        const files = stored.filter((name) => !stored.some((other) => other.startsWith(`${name}/`)));
        const store = await fill(files.map((name) => `wanted/${name}`).concat('other/a', 'zoo'));
        const keys = asked.map((name) => `wanted/${name}`).sort();
        const missing: string[] = [];
        for (const key of keys) if ((await store.stat(key)) === undefined) missing.push(key);
        expect(await collect(findMissing(store, 'wanted/', keys))).toEqual(missing);
        await store.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is everything in a store that has nothing', async () => {
    const keys = ['00', '01', 'ff'].map((start) => packageKey(start.padEnd(64, '0')));
    expect(await collect(findMissing(await fill([]), 'packages/', keys))).toEqual(keys);
  });

  it('cannot be told of keys that are out of order, come twice, or lie elsewhere', async () => {
    const store = await fill(['a/1', 'a/2']);
    for (const keys of [
      ['a/2', 'a/1'],
      ['a/1', 'a/1'],
      ['b/1', 'b/2'],
    ])
      await expect(collect(findMissing(store, 'a/', keys))).rejects.toThrow(RangeError);
  });
});
