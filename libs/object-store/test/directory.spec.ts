import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { link, mkdir, open, readdir, readFile, rm, stat, symlink, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DirectoryObjectStore, type DirectoryObjectStoreOptions } from '../src/directory/directory-object-store.js';
import { packageKey } from '../src/index.js';
import { collect, createScratch, patternBytes, readAll, sha256Of, writeSource } from './support/files.js';

const BYTES = patternBytes(700_000);
const SHA256 = sha256Of(BYTES);
const KEY = packageKey(SHA256);

describe('the directory store', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let root: string;

  beforeEach(async () => {
    scratch = await createScratch();
    root = join(scratch.path, 'data', 'objects');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await scratch.remove();
  });

  function openStore(options: DirectoryObjectStoreOptions = {}): DirectoryObjectStore {
    return new DirectoryObjectStore(root, options);
  }

  async function put(store: DirectoryObjectStore, consume = false): Promise<string> {
    const source = await writeSource(scratch.path, 'source', BYTES);
    await store.putFile(KEY, source.path, { sha256: SHA256, consume });
    return source.path;
  }

  const inodeOf = async (path: string): Promise<number> => (await stat(path)).ino;
  const temporaryNames = async (): Promise<string[]> => readdir(join(root, '.tmp')).catch(() => []);

  describe('files that are given away', () => {
    it('become the object without being copied', async () => {
      const store = openStore();
      const source = await writeSource(scratch.path, 'source', BYTES);
      const inode = await inodeOf(source.path);
      await store.putFile(KEY, source.path, { sha256: SHA256, consume: true });
      const stored = await stat(store.localPath(KEY));
      expect(stored.ino).toBe(inode);
      expect(stored.nlink).toBe(1);
      expect(await temporaryNames()).toEqual([]);
    });

    it.each(['EXDEV', 'EPERM', 'EMLINK'])('are copied when linking them answers %s', async (code) => {
      const store = openStore({
        link: async (existing, created) => {
          if (!existing.startsWith(root)) throw Object.assign(new Error(code), { code });
          await link(existing, created);
        },
      });
      const path = await put(store, true);
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
      expect((await store.hash(KEY)).sha256).toBe(SHA256);
      expect(await temporaryNames()).toEqual([]);
    });

    it('stay when they are the object itself', async () => {
      const store = openStore();
      await put(store);
      await store.putFile(KEY, store.localPath(KEY), { sha256: SHA256, consume: true });
      expect((await store.hash(KEY)).sha256).toBe(SHA256);
    });

    it('are not shared with the object when they are only lent', async () => {
      const store = openStore();
      const path = await put(store);
      expect(await inodeOf(path)).not.toBe(await inodeOf(store.localPath(KEY)));
    });
  });

  it('keeps files and folders from other users of the machine', async () => {
    const store = openStore();
    await put(store, true);
    await store.putBytes('note', Buffer.from('x'));
    for (const key of [KEY, 'note']) expect((await stat(store.localPath(key))).mode & 0o777).toBe(0o640);
    for (let folder = dirname(store.localPath(KEY)); folder !== dirname(root); folder = dirname(folder)) {
      expect((await stat(folder)).mode & 0o027).toBe(0);
    }
  });

  describe('durability', () => {
    /** Inodes in the order in which they are synced from here on. */
    async function watchSyncs(): Promise<number[]> {
      const handle = await open(scratch.path, 'r');
      const prototype = Object.getPrototypeOf(handle) as FileHandle;
      await handle.close();
      const synced: number[] = [];
      const sync = prototype.sync;
      jest.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
        await sync.call(this);
        synced.push((await this.stat()).ino);
      });
      return synced;
    }

    it.each([false, true])('syncs the bytes, then names them, then syncs every new folder (%s)', async (consume) => {
      const synced = await watchSyncs();
      const syncedBeforeNaming: boolean[] = [];
      const store = openStore({
        link: async (existing, created) => {
          if (created.endsWith('.mosis')) syncedBeforeNaming.push(synced.includes(await inodeOf(existing)));
          await link(existing, created);
        },
      });
      await put(store, consume);
      expect(syncedBeforeNaming).toEqual([true]);
      const object = store.localPath(KEY);
      // The folder of the object last; those above, up to the one that existed before, because their entries are new.
      expect(synced.at(-1)).toBe(await inodeOf(dirname(object)));
      for (let folder = dirname(object); folder.startsWith(scratch.path); folder = dirname(folder)) {
        expect(synced).toContain(await inodeOf(folder));
      }
    });

    it('syncs what an earlier process may have left unsynced before it calls it stored', async () => {
      await put(openStore());
      const synced = await watchSyncs();
      const store = openStore();
      await put(store);
      expect(synced).toContain(await inodeOf(store.localPath(KEY)));
      expect(synced).toContain(await inodeOf(dirname(store.localPath(KEY))));
      expect(synced).toContain(await inodeOf(root));
    });

    it('syncs the folder of what it deletes', async () => {
      const store = openStore();
      await put(store);
      const synced = await watchSyncs();
      await store.delete(KEY);
      expect(synced).toEqual([await inodeOf(dirname(store.localPath(KEY)))]);
    });
  });

  it('does not trust the name of an object: a file of the right name and size, full of zeroes, is put right', async () => {
    const store = openStore();
    await mkdir(dirname(join(root, KEY)), { recursive: true });
    await writeFile(join(root, KEY), Buffer.alloc(BYTES.length));
    const source = await writeSource(scratch.path, 'source', BYTES);
    const result = await store.putFile(KEY, source.path, { sha256: SHA256 });
    expect(result).toEqual({ created: true, healed: true });
    expect((await store.hash(KEY)).sha256).toBe(SHA256);
  });

  it('gives a reader the object it opened, also after it is replaced or deleted', async () => {
    const store = openStore();
    await store.putBytes('manifest', BYTES);
    const first = await store.open('manifest');
    const second = await store.open('manifest');
    await store.putBytes('manifest', Buffer.from('new'), { replace: true });
    expect(sha256Of(await readAll(first.stream))).toBe(SHA256);
    await store.delete('manifest');
    expect(sha256Of(await readAll(second.stream))).toBe(SHA256);
  });

  it('creates its folders again when somebody removed them under a running server', async () => {
    const store = openStore();
    await put(store);
    await rm(root, { recursive: true });
    await put(store, true);
    expect((await store.hash(KEY)).sha256).toBe(SHA256);
  });

  it('says that a key is a folder, or lies behind an object', async () => {
    const store = openStore();
    await store.putBytes('a/b', Buffer.from('x'));
    const blocked = { code: 'object-key-invalid', message: expect.stringContaining('folder') };
    await expect(store.putBytes('a', Buffer.from('x'), { replace: true })).rejects.toMatchObject(blocked);
    await expect(store.putBytes('a/b/c', Buffer.from('x'))).rejects.toMatchObject(blocked);
    expect(await store.stat('a/b/c')).toBeUndefined();
    await expect(store.open('a/b/c')).rejects.toMatchObject({ code: 'object-not-found' });
  });

  it('says what to do when a file stands where its directory must be', async () => {
    await mkdir(dirname(root), { recursive: true });
    await writeFile(root, 'not a directory');
    await expect(openStore().check()).rejects.toMatchObject({
      code: 'object-store-unavailable',
      message: expect.stringContaining('a file stands where a folder must be'),
    });
  });

  it('refuses to copy what is not a regular file', async () => {
    for (const consume of [false, true]) {
      const put = openStore().putFile(KEY, '/dev/zero', { sha256: SHA256, consume });
      await expect(put).rejects.toMatchObject({ code: 'object-store-denied' });
    }
    expect(await temporaryNames()).toEqual([]);
  });

  describe('symbolic links inside it', () => {
    let outside: string;

    beforeEach(async () => {
      outside = join(scratch.path, 'outside');
      await mkdir(join(outside, 'folder'), { recursive: true });
      await writeFile(join(outside, 'secret'), 'secret');
      await writeFile(join(outside, 'folder', 'secret'), 'secret');
      await mkdir(root, { recursive: true });
      await symlink(join(outside, 'secret'), join(root, 'file'));
      await symlink(join(outside, 'folder'), join(root, 'folder'));
    });

    it.each(['file', 'folder/secret'])('are not followed for reading: %s', async (key) => {
      const store = openStore();
      const denied = { code: 'object-store-denied', retryable: false };
      await expect(store.open(key)).rejects.toMatchObject(denied);
      await expect(store.readBytes(key, 100)).rejects.toMatchObject(denied);
      await expect(store.hash(key)).rejects.toMatchObject(denied);
      await expect(store.withLocalFile(key, scratch.path, async () => {})).rejects.toMatchObject(denied);
      expect(() => store.localPath(key)).toThrow(expect.objectContaining(denied));
    });

    it('are not listed and not walked', async () => {
      expect(await collect(openStore().list(''))).toEqual([]);
      expect(await collect(openStore().list('folder/'))).toEqual([]);
    });

    it('are not written or deleted through', async () => {
      const store = openStore();
      const denied = { code: 'object-store-denied' };
      await expect(store.putBytes('folder/new', Buffer.from('x'))).rejects.toMatchObject(denied);
      await expect(store.putBytes('folder/deep/new', Buffer.from('x'))).rejects.toMatchObject(denied);
      await expect(store.delete('folder/secret')).rejects.toMatchObject(denied);
      await store.putBytes('file', Buffer.from('replaced'), { replace: true });
      expect((await store.readBytes('file', 100)).toString()).toBe('replaced');
      expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
      expect((await readdir(join(outside, 'folder'))).sort()).toEqual(['secret']);
    });

    it('are fine above it: the root itself may be one', async () => {
      const alias = join(scratch.path, 'alias');
      await symlink(outside, alias);
      const store = new DirectoryObjectStore(join(alias, 'store'));
      await store.putBytes('a/b', Buffer.from('x'));
      expect((await store.readBytes('a/b', 1)).toString()).toBe('x');
      expect(await readFile(store.localPath('a/b'), 'utf8')).toBe('x');
    });
  });

  describe('sweep', () => {
    it('removes what is older than asked, by the time it got there', async () => {
      const inTwoHours = new Date(Date.now() + 2 * 3_600_000);
      await mkdir(join(root, '.tmp'), { recursive: true });
      await writeFile(join(root, '.tmp', 'orphan'), 'half');
      expect(await openStore().sweep(3_600_000)).toBe(0);
      expect(await openStore({ now: () => inTwoHours }).sweep(3 * 3_600_000)).toBe(0);
      expect(await openStore({ now: () => inTwoHours }).sweep(3_600_000)).toBe(1);
      expect(await temporaryNames()).toEqual([]);
    });

    it('does not pull a running put from under this process', async () => {
      let swept: number | undefined;
      const store: DirectoryObjectStore = openStore({
        link: async (existing, created) => {
          swept = await store.sweep(-3_600_000);
          await link(existing, created);
        },
      });
      await put(store);
      expect(swept).toBe(0);
      expect((await store.hash(KEY)).sha256).toBe(SHA256);
    });

    it('has nothing to do in a store that does not exist yet', async () => {
      expect(await openStore().sweep(0)).toBe(0);
    });
  });

  it('lists like a sorted set of strings, for any keys and any prefix', async () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '_'), minLength: 1, maxLength: 3 });
    const segment = name.map((text) => `k${text}`);
    const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 8 }), key, fc.nat(), async (candidates, probe, cut) => {
        // A key that is another one's folder cannot be stored in a directory.
        const keys = candidates.filter((one) => !candidates.some((other) => other.startsWith(`${one}/`)));
        const store = new DirectoryObjectStore(join(root, String((round += 1))));
        for (const one of keys) await store.putBytes(one, Buffer.from(one));
        const prefix = probe.slice(0, cut % (probe.length + 1));
        const listed = (await collect(store.list(prefix))).map((object) => object.key);
        expect(listed).toEqual(keys.filter((one) => one.startsWith(prefix)).sort());
      }),
      { numRuns: 40 },
    );
  });
});
