import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ObjectStoreError, createObjectStore, packageKey, type ObjectStore } from '@mosis/object-store';
import { ObjectWriterThread } from './object-writer-thread.js';
import { ThreadedObjectStore, createThreadedObjectStore } from './threaded-object-store.js';

const digestOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a directory of objects that a thread writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-thread-'));
  const url = pathToFileURL(join(folder, 'objects')).href;
  let thread: ObjectWriterThread;
  let store: ObjectStore;
  let count = 0;

  beforeEach(() => {
    thread = new ObjectWriterThread({ url });
    store = new ThreadedObjectStore(createObjectStore({ url }), thread);
  });
  afterEach(() => store.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  const writeSource = (bytes: string) => {
    const file = join(folder, `source-${(count += 1)}`);
    writeFileSync(file, bytes);
    return file;
  };

  it('stores files and bytes, which everybody reads', async () => {
    const given = writeSource('a package');
    const sha256 = digestOf('a package');
    const key = packageKey(sha256);
    expect(await store.putFile(key, given, { sha256, consume: true })).toEqual({ created: true, healed: false });
    expect(existsSync(given)).toBe(false);
    const again = await store.putFile(key, writeSource('a package'), { sha256 });
    expect(again).toEqual({ created: false, healed: false });
    await store.putBytes('icons/one', Buffer.from('xxan iconxx').subarray(2, 9));
    expect((await store.readBytes('icons/one', 100)).toString()).toBe('an icon');
    expect(await store.hash(key)).toEqual({ sha256, sizeBytes: 9 });
    expect(readFileSync(store.localPath?.(key) ?? '', 'utf8')).toBe('a package');
  });

  it('refuses what a directory refuses, with the same words to switch on', async () => {
    const source = writeSource('other bytes');
    const put = (key: string, options = { sha256: digestOf('other bytes') }) => store.putFile(key, source, options);
    const refusal = (error: unknown) => {
      expect(error).toBeInstanceOf(ObjectStoreError);
      return [(error as ObjectStoreError).code, (error as ObjectStoreError).retryable];
    };
    const refused = async (work: Promise<unknown>) => work.then(() => 'accepted', refusal);
    expect(await refused(put('../outside'))).toEqual(['object-key-invalid', false]);
    expect(await refused(put('notes/a', { sha256: digestOf('these bytes') }))).toEqual([
      'object-digest-mismatch',
      false,
    ]);
    await store.putBytes('notes/b', Buffer.from('first'));
    expect(await refused(store.putBytes('notes/b', Buffer.from('second')))).toEqual(['object-exists', false]);
    await store.putBytes('notes/b', Buffer.from('second'), { replace: true });
    expect((await store.readBytes('notes/b', 100)).toString()).toBe('second');
    // A file of the caller's own passes as it is.
    await expect(store.putFile('notes/c', join(folder, 'missing'), { sha256: digestOf('x') })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('missing') as string,
    });
    expect(existsSync(source)).toBe(true);
  });

  it('says what is behind a refusal, as the log needs it', async () => {
    // A file stands where a folder must be, which even root is refused.
    await store.putBytes('plain', Buffer.from('x'));
    const temporary = join(folder, 'objects/.tmp');
    rmSync(temporary, { recursive: true });
    writeFileSync(temporary, 'in the way');
    const refused = await store.putBytes('plain-2', Buffer.from('y')).catch((error: unknown) => error);
    rmSync(temporary);
    expect(refused).toBeInstanceOf(ObjectStoreError);
    const { stack, cause } = refused as ObjectStoreError;
    expect(stack).toContain('directory-object-store');
    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({ code: 'EEXIST', syscall: 'mkdir', path: temporary });
  });

  it('is swept although copies of it are being put elsewhere', async () => {
    const copies = createThreadedObjectStore({ url: `${url}-copies` });
    await store.putBytes('notes/swept', Buffer.from('x'));
    writeFileSync(join(folder, 'objects/.tmp/left'), 'half');
    const copying = copies.putBytes('large', Buffer.alloc(20_000_000));
    expect(await store.sweep?.(-1000)).toBe(1);
    await copying;
    await copies.close();
  });

  it('does many puts at once, and those that are under way before it closes', async () => {
    const puts = Array.from({ length: 30 }, async (_, index) => {
      const bytes = `bytes of ${index}`;
      return store.putFile(`many/${index}`, writeSource(bytes), { sha256: digestOf(bytes), consume: true });
    });
    const closed = store.close();
    // This one begins while the others are waited for.
    const late = store.putBytes('late/one', Buffer.from('late'));
    await closed;
    await late;
    expect((await Promise.all(puts)).every(({ created }) => created)).toBe(true);
    expect(readdirSync(join(folder, 'objects/many'))).toHaveLength(30);
    // What comes after all gets a new thread.
    await store.putBytes('many/last', Buffer.from('x'));
  });

  it('keeps a process alive for what it was asked for, and no longer', () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const program = `
      import { createThreadedObjectStore } from ${module('../../dist/objects/threaded-object-store.js')};
      const store = createThreadedObjectStore({ url: ${JSON.stringify(url)} });
      await store.putBytes('alone/one', Buffer.from('x'));
      process.stdout.write('stored');`;
    const file = join(folder, 'program.mjs');
    writeFileSync(file, program);
    const output = execFileSync(process.execPath, [file], { timeout: 20_000 });
    expect(output.toString()).toBe('stored');
  });

  it('says that nothing is known when the thread ends under a put', async () => {
    const file = writeSource('x'.repeat(50_000_000));
    const put = store.putFile('large/one', file, { sha256: digestOf(readFileSync(file)) });
    await thread['release']();
    await expect(put).rejects.toMatchObject({ code: 'object-store-unavailable', retryable: true });
    expect(await store.stat('large/one')).toBeUndefined();
  });

  it('leaves half-written files alone while it writes, and sweeps them afterwards', async () => {
    await store.putBytes('notes/d', Buffer.from('d'));
    const left = join(folder, 'objects/.tmp/left');
    writeFileSync(left, 'half');
    utimesSync(left, 0, 0);
    const put = store.putBytes('notes/e', Buffer.alloc(20_000_000));
    expect(await store.sweep?.(-1000)).toBe(0);
    await put;
    expect(await store.sweep?.(-1000)).toBeGreaterThan(0);
    expect(existsSync(left)).toBe(false);
  });
});
