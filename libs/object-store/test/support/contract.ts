import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageKey, type ObjectStore } from '../../src/index.js';
import { collect, createScratch, patternBytes, readAll, sha256Of, writeSource } from './files.js';

/** A store for one test, and a way to damage it behind its back. */
export interface StoreUnderTest {
  store: ObjectStore;
  /** Puts bytes under a key without asking the store, creating what is needed. */
  plant(key: string, bytes: Buffer): Promise<void>;
  dispose(): Promise<void>;
}

/** What every adapter promises. */
export function describeObjectStoreContract(name: string, openStore: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;
    let scratch: Awaited<ReturnType<typeof createScratch>>;
    const bytes = patternBytes(300_000);
    const sha256 = sha256Of(bytes);
    const key = packageKey(sha256);

    beforeEach(async () => {
      scratch = await createScratch();
      subject = await openStore();
      store = subject.store;
    });

    afterEach(async () => {
      await store.close();
      await subject.dispose();
      await scratch.remove();
    });

    async function putPackage(consume = false): Promise<{ created: boolean; healed: boolean; path: string }> {
      const source = await writeSource(scratch.path, 'package.bin', bytes);
      return { ...(await store.putFile(key, source.path, { sha256, consume })), path: source.path };
    }

    describe('putFile', () => {
      it('stores a file whose bytes, size and digest come back', async () => {
        expect(await putPackage()).toMatchObject({ created: true, healed: false });
        const { stream, sizeBytes } = await store.open(key);
        expect(sizeBytes).toBe(bytes.length);
        expect((await readAll(stream)).equals(bytes)).toBe(true);
        expect(await store.hash(key)).toEqual({ sha256, sizeBytes: bytes.length });
        const info = await store.stat(key);
        expect(info).toMatchObject({ key, sizeBytes: bytes.length });
        expect(Math.abs(Date.now() - (info?.modifiedAt.getTime() ?? 0))).toBeLessThan(60_000);
      });

      it('leaves the file in place unless it is given away', async () => {
        const kept = await putPackage();
        expect((await readFile(kept.path)).equals(bytes)).toBe(true);
      });

      it('takes a file that is given away, also when the object was there already', async () => {
        const first = await putPackage(true);
        await expect(readFile(first.path)).rejects.toMatchObject({ code: 'ENOENT' });
        const second = await putPackage(true);
        expect(second.created).toBe(false);
        await expect(readFile(second.path)).rejects.toMatchObject({ code: 'ENOENT' });
        expect((await store.hash(key)).sha256).toBe(sha256);
      });

      it('does nothing the second time', async () => {
        await putPackage();
        expect(await putPackage()).toMatchObject({ created: false, healed: false });
      });

      it('stores an empty file', async () => {
        const empty = await writeSource(scratch.path, 'empty', Buffer.alloc(0));
        await store.putFile('exports/empty', empty.path, { sha256: empty.sha256 });
        expect(await store.hash('exports/empty')).toEqual({ sha256: empty.sha256, sizeBytes: 0 });
        expect(await store.readBytes('exports/empty', 0)).toHaveLength(0);
      });

      it.each([
        ['of another size', Buffer.from('short')],
        ['of the same size', Buffer.alloc(bytes.length)],
      ])('heals an object %s whose name claims these bytes', async (_, damage) => {
        await subject.plant(key, damage);
        expect(await putPackage(true)).toMatchObject({ created: true, healed: true });
        expect(await store.hash(key)).toEqual({ sha256, sizeBytes: bytes.length });
      });

      it('refuses a file that does not have the digest, and stores nothing and keeps the file', async () => {
        for (const consume of [false, true]) {
          const source = await writeSource(scratch.path, 'other', patternBytes(bytes.length, 7));
          const put = store.putFile(key, source.path, { sha256, consume });
          await expect(put).rejects.toMatchObject({ code: 'object-digest-mismatch', retryable: false });
          expect((await readFile(source.path)).length).toBe(bytes.length);
        }
        expect(await store.stat(key)).toBeUndefined();
        expect(await collect(store.list(''))).toEqual([]);
      });

      it('refuses a digest other than the one the key names, whatever the options', async () => {
        const source = await writeSource(scratch.path, 'other', Buffer.from('other bytes'));
        const put = store.putFile(key, source.path, { sha256: source.sha256, replace: true });
        await expect(put).rejects.toMatchObject({ code: 'object-digest-mismatch' });
        await expect(store.putBytes(key, Buffer.from('x'), { replace: true })).rejects.toMatchObject({
          code: 'object-digest-mismatch',
        });
      });

      it('keeps an object under a free name unless replacing is asked for', async () => {
        const one = await writeSource(scratch.path, 'one', Buffer.from('one'));
        const two = await writeSource(scratch.path, 'two', Buffer.from('two'));
        await store.putFile('archive/day', one.path, { sha256: one.sha256 });
        const put = store.putFile('archive/day', two.path, { sha256: two.sha256, consume: true });
        await expect(put).rejects.toMatchObject({ code: 'object-exists', retryable: false });
        expect((await store.readBytes('archive/day', 10)).toString()).toBe('one');
        expect((await readFile(two.path)).toString()).toBe('two');
        const replaced = await store.putFile('archive/day', two.path, { sha256: two.sha256, replace: true });
        expect(replaced).toEqual({ created: true, healed: false });
        expect((await store.readBytes('archive/day', 10)).toString()).toBe('two');
      });

      it('lets one of many simultaneous puts of the same bytes create the object', async () => {
        const sources = await Promise.all(
          Array.from({ length: 8 }, async (_, index) => writeSource(scratch.path, `copy-${index}`, bytes)),
        );
        const results = await Promise.all(
          sources.map(async (source) => store.putFile(key, source.path, { sha256, consume: true })),
        );
        expect(results.filter((result) => result.healed)).toEqual([]);
        expect(results.some((result) => result.created)).toBe(true);
        expect(await store.hash(key)).toEqual({ sha256, sizeBytes: bytes.length });
      });

      it('fails when there is no such file', async () => {
        await expect(store.putFile(key, join(scratch.path, 'none'), { sha256 })).rejects.toMatchObject({
          code: 'ENOENT',
        });
      });

      it('stores what a symbolic link points to', async () => {
        const source = await writeSource(scratch.path, 'real', bytes);
        const linked = join(scratch.path, 'linked');
        for (const consume of [false, true]) {
          await symlink(source.path, linked);
          await store.putFile(key, linked, { sha256, consume });
          expect((await store.hash(key)).sha256).toBe(sha256);
          expect((await readFile(source.path)).length).toBe(bytes.length);
          await store.delete(key);
          await rm(linked, { force: true });
        }
      });
    });

    describe('putBytes', () => {
      it('stores bytes, accepts the same again, and refuses others unless replacing is asked for', async () => {
        await store.putBytes('manifests/latest.json', Buffer.from('{"a":1}'), { contentType: 'application/json' });
        await store.putBytes('manifests/latest.json', Buffer.from('{"a":1}'));
        await expect(store.putBytes('manifests/latest.json', Buffer.from('{"a":2}'))).rejects.toMatchObject({
          code: 'object-exists',
        });
        await store.putBytes('manifests/latest.json', Buffer.from('{"a":2}'), { replace: true });
        expect((await store.readBytes('manifests/latest.json', 100)).toString()).toBe('{"a":2}');
      });

      it('stores zero bytes', async () => {
        await store.putBytes('empty', Buffer.alloc(0));
        expect(await store.stat('empty')).toMatchObject({ sizeBytes: 0 });
        expect(await readAll((await store.open('empty')).stream)).toHaveLength(0);
      });

      it('shows readers the old object or the new one, never a mix', async () => {
        const versions = [1, 2, 3, 4].map((seed) => patternBytes(200_000 + seed, seed));
        const digests = new Set(versions.map(sha256Of));
        await store.putBytes('manifest', versions[0] ?? Buffer.alloc(0));
        let writing = true;
        const reader = (async () => {
          const seen: string[] = [];
          while (writing) seen.push((await store.hash('manifest')).sha256);
          return seen;
        })();
        for (let round = 0; round < 5; round += 1) {
          for (const version of versions) await store.putBytes('manifest', version, { replace: true });
        }
        writing = false;
        for (const seen of await reader) expect(digests).toContain(seen);
      });
    });

    describe('open', () => {
      beforeEach(async () => {
        await putPackage();
      });

      it.each([
        ['the first byte', 0, 0],
        ['the middle', 1000, 1299],
        ['the last byte', bytes.length - 1, bytes.length - 1],
        ['everything', 0, bytes.length - 1],
        ['across a buffer boundary', 65_530, 262_150],
      ])('answers the range of %s', async (_, start, end) => {
        const { stream, sizeBytes } = await store.open(key, { start, end });
        expect(sizeBytes).toBe(bytes.length);
        expect((await readAll(stream)).equals(bytes.subarray(start, end + 1))).toBe(true);
      });

      it('cuts a range that ends past the last byte', async () => {
        const { stream, sizeBytes } = await store.open(key, { start: bytes.length - 5, end: bytes.length + 100 });
        expect(sizeBytes).toBe(bytes.length);
        expect((await readAll(stream)).equals(bytes.subarray(-5))).toBe(true);
      });

      it.each([
        [bytes.length, bytes.length],
        [bytes.length + 5, bytes.length + 10],
        [5, 4],
        [-1, 4],
        [0.5, 4],
        [0, Number.NaN],
        [0, Infinity],
      ])('refuses the range %d-%d', async (start, end) => {
        await expect(store.open(key, { start, end })).rejects.toMatchObject({ code: 'object-range-invalid' });
      });

      it('refuses any range of an empty object', async () => {
        await store.putBytes('empty', Buffer.alloc(0));
        await expect(store.open('empty', { start: 0, end: 0 })).rejects.toMatchObject({ code: 'object-range-invalid' });
      });

      it('survives a reader that leaves early', async () => {
        const { stream } = await store.open(key);
        for await (const _chunk of stream) break;
        expect(stream.destroyed).toBe(true);
        expect((await store.hash(key)).sha256).toBe(sha256);
      });
    });

    it('says that an object is not there, in every reading method', async () => {
      const missing = { name: 'ObjectNotFoundError', code: 'object-not-found', retryable: false, key };
      await expect(store.open(key)).rejects.toMatchObject(missing);
      await expect(store.open(key, { start: 0, end: 1 })).rejects.toMatchObject(missing);
      await expect(store.readBytes(key, 10)).rejects.toMatchObject(missing);
      await expect(store.hash(key)).rejects.toMatchObject(missing);
      await expect(store.withLocalFile(key, scratch.path, async () => {})).rejects.toMatchObject(missing);
      expect(await store.stat(key)).toBeUndefined();
      await store.delete(key);
    });

    it('says that a folder of objects is not an object', async () => {
      await putPackage();
      await expect(store.open('packages/sha256')).rejects.toMatchObject({ code: 'object-not-found' });
      expect(await store.stat('packages/sha256')).toBeUndefined();
      await store.delete('packages/sha256');
      expect(await store.stat(key)).toBeDefined();
    });

    it('refuses keys that are not valid, in every method', async () => {
      const source = await writeSource(scratch.path, 'source', Buffer.from('x'));
      for (const bad of [
        '',
        '../up',
        'a/../b',
        '/absolute',
        'a//b',
        '.tmp/x',
        'a/.hidden',
        'a\\b',
        'a\0b',
        'é',
        'a/',
      ]) {
        const invalid = { code: 'object-key-invalid', retryable: false };
        await expect(store.putFile(bad, source.path, { sha256: source.sha256 })).rejects.toMatchObject(invalid);
        await expect(store.putBytes(bad, Buffer.from('x'))).rejects.toMatchObject(invalid);
        await expect(store.open(bad)).rejects.toMatchObject(invalid);
        await expect(store.readBytes(bad, 1)).rejects.toMatchObject(invalid);
        await expect(store.stat(bad)).rejects.toMatchObject(invalid);
        await expect(store.delete(bad)).rejects.toMatchObject(invalid);
        await expect(store.hash(bad)).rejects.toMatchObject(invalid);
        await expect(store.withLocalFile(bad, scratch.path, async () => {})).rejects.toMatchObject(invalid);
      }
      await expect(collect(store.list('../'))).rejects.toMatchObject({ code: 'object-key-invalid' });
    });

    it('reads small objects whole and refuses larger ones', async () => {
      await store.putBytes('note', Buffer.from('12345'));
      expect((await store.readBytes('note', 5)).toString()).toBe('12345');
      await expect(store.readBytes('note', 4)).rejects.toMatchObject({ code: 'object-too-large' });
    });

    it('lists by prefix, in order of the keys, with sizes', async () => {
      for (const name of ['b/2', 'a/1', 'a/10', 'a/2/x', 'a-b', 'ab', 'a/2.z']) {
        await store.putBytes(name, Buffer.from(name));
      }
      const keys = async (prefix: string) => (await collect(store.list(prefix))).map((object) => object.key);
      expect((await keys('')).sort()).toEqual(['a-b', 'a/1', 'a/10', 'a/2.z', 'a/2/x', 'ab', 'b/2']);
      expect(await keys('a/')).toEqual(['a/1', 'a/10', 'a/2.z', 'a/2/x']);
      expect(await keys('a/1')).toEqual(['a/1', 'a/10']);
      expect(await keys('a/2/')).toEqual(['a/2/x']);
      expect(await keys('none/')).toEqual([]);
      const [first] = await collect(store.list('b/'));
      expect(first).toMatchObject({ key: 'b/2', sizeBytes: 3 });
      expect(Math.abs(Date.now() - (first?.modifiedAt.getTime() ?? 0))).toBeLessThan(60_000);
    });

    it('deletes, and again without complaint', async () => {
      await putPackage();
      await store.delete(key);
      await store.delete(key);
      expect(await store.stat(key)).toBeUndefined();
      expect(await collect(store.list(''))).toEqual([]);
    });

    it('hands out a local file and cleans up after it, also when the work fails', async () => {
      await putPackage();
      const copies = join(scratch.path, 'copies');
      const seen = await store.withLocalFile(key, copies, async (path) => sha256Of(await readFile(path)));
      expect(seen).toBe(sha256);
      const failing = store.withLocalFile(key, copies, async () => Promise.reject(new TypeError('the work failed')));
      await expect(failing).rejects.toThrow(new TypeError('the work failed'));
      expect(await readdir(copies).catch(() => [])).toEqual([]);
      expect((await store.hash(key)).sha256).toBe(sha256);
    });

    it('passes its own check and leaves nothing behind', async () => {
      await store.check();
      expect(await collect(store.list(''))).toEqual([]);
    });

    it('keeps a file that changes while nobody looks out of reach of its object', async () => {
      const put = await putPackage();
      await writeFile(put.path, 'something else');
      expect((await store.hash(key)).sha256).toBe(sha256);
    });
  });
}
