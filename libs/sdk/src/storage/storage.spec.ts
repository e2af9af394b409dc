import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeOrigin } from '../../test/support/fake-indexed-db.js';
import { openFileStorage } from './file-storage.js';
import { openIndexedDbStorage } from './indexed-db-storage.js';
import type { TelemetryStorage } from './storage.js';

let directory: string;
let origin: FakeOrigin;
const before = { ...Object.getOwnPropertyDescriptors(globalThis) };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'telemetry-storage-'));
  origin = new FakeOrigin();
  for (const name of ['indexedDB', 'IDBKeyRange', 'navigator'] as const) {
    Object.defineProperty(globalThis, name, { value: origin[name], configurable: true });
  }
});

afterEach(async () => {
  await rm(directory, { recursive: true });
  for (const name of ['indexedDB', 'IDBKeyRange', 'navigator']) {
    const given = (before as Record<string, PropertyDescriptor | undefined>)[name];
    if (given) Object.defineProperty(globalThis, name, given);
    else Reflect.deleteProperty(globalThis, name);
  }
});

describe.each([
  ['file', () => openFileStorage(directory)],
  ['IndexedDB', () => openIndexedDbStorage()],
] as [string, () => Promise<TelemetryStorage>][])('the %s storage', (_, open) => {
  it('is empty at first', async () => {
    expect(await (await open()).read()).toEqual(['', '']);
  });

  it('has after a restart what was added, in its order, synced or not', async () => {
    const storage = await open();
    for (let i = 0; i < 12; i++) await storage.append(`${i},`, i % 2 === 0);
    await storage.close?.();
    expect(await (await open()).read()).toEqual(['', '0,1,2,3,4,5,6,7,8,9,10,11,']);
  });

  it('replaces the journal whole, and goes on adding to it', async () => {
    const storage = await open();
    for (const text of ['a', 'b', 'c']) await storage.append(text);
    await storage.replace('new');
    await storage.append('er');
    await storage.close?.();
    expect((await (await open()).read())[1]).toBe('newer');
  });

  it('erases the journal and keeps the given device record', async () => {
    const storage = await open();
    await storage.erase('first');
    await storage.append('journal');
    await storage.erase('second');
    expect(await storage.read()).toEqual(['second', '']);
  });
});

describe('the file storage', () => {
  it('leaves no other files, and replaces what a crash left in the middle of a write', async () => {
    await writeFile(join(directory, 'new'), 'half of a jour');
    const storage = await openFileStorage(directory);
    await storage.erase('device');
    await storage.replace('journal');
    expect((await readdir(directory)).sort()).toEqual(['device', 'journal']);
    expect(await storage.read()).toEqual(['device', 'journal']);
  });

  it('tells of what it cannot read, rather than to begin anew', async () => {
    const storage = await openFileStorage(directory);
    await rm(directory, { recursive: true });
    await writeFile(directory, 'no directory');
    await expect(storage.read()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('the IndexedDB storage', () => {
  it('gives every open tab a journal of its own, and what a closed tab left to the next', async () => {
    const first = await openIndexedDbStorage();
    const second = await openIndexedDbStorage();
    await first.erase('device');
    await first.append('of the first');
    await second.append('of the second');
    await first.close!();
    const third = await openIndexedDbStorage();
    expect(await third.read()).toEqual(['device', 'of the first']);
    expect(await second.read()).toEqual(['device', 'of the second']);
  });

  it('erases the journals of all tabs', async () => {
    const first = await openIndexedDbStorage();
    const second = await openIndexedDbStorage();
    await second.append('private');
    await first.erase('opted-out');
    expect(origin.rows.map(({ text }) => text)).toEqual(['opted-out']);
  });

  it('rejects when a transaction is aborted', async () => {
    const storage = await openIndexedDbStorage();
    await storage.append('a');
    origin.failNext = true;
    await expect(storage.append('b')).rejects.toThrow('quota');
    await storage.replace('c');
    expect((await storage.read())[1]).toBe('c');
  });
});
