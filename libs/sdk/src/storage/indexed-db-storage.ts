import type { TelemetryStorage } from './storage.js';

// The part of IndexedDB that is used here; the workspace compiles without the types of browsers.
interface Request<T> {
  result: T;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface ObjectStore {
  put(value: unknown, key: unknown): Request<unknown>;
  delete(range: unknown): Request<unknown>;
  count(range: unknown): Request<number>;
  getAll(range: unknown): Request<Uint8Array<ArrayBuffer>[]>;
  getAllKeys(): Request<[string, number][]>;
}
interface Transaction {
  objectStore(name: string): ObjectStore;
  error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}
interface Database {
  createObjectStore(name: string): void;
  transaction(name: string, mode: string): Transaction;
  close(): void;
}
interface Browser {
  indexedDB: { open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null } };
  IDBKeyRange: { bound(low: unknown, high: unknown): unknown };
  navigator: {
    locks?: {
      request(name: string, options: { ifAvailable: boolean }, hold: (lock: unknown) => unknown): Promise<unknown>;
    };
  };
}

const browser = globalThis as unknown as Browser;
const STORE = 'parts';
const MAX_TABS = 20;
/** What all tabs of an origin share; the queue of each is its own. */
const SHARED_KEYS = ['device', 'optout'];

/** Opens the origin's telemetry database. Throws where there is none, in some private windows for example. */
export async function openIndexedDbStorage(name = 'mosis-telemetry'): Promise<TelemetryStorage> {
  const opening = browser.indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await resultOf(opening);
  const { slot, release } = await takeSlot(name);
  return new IndexedDbStorage(database, `${slot}/`, release);
}

/** Every tab takes the first queue that no other tab holds, so what a closed tab left is sent by a later one. */
async function takeSlot(name: string): Promise<{ slot: number; release: () => void }> {
  const { locks } = browser.navigator;
  if (!locks) return { slot: 0, release: () => undefined };
  for (let slot = 0; slot < MAX_TABS; slot++) {
    const release = await new Promise<(() => void) | undefined>((taken, failed) => {
      const hold = (lock: unknown) => (lock ? new Promise<void>((free) => taken(free)) : taken(undefined));
      locks.request(`${name}/${slot}`, { ifAvailable: true }, hold).catch(failed);
    });
    if (release) return { slot, release };
  }
  throw new Error('too many tabs share this telemetry database');
}

/** Each key is a run of parts `[key, 0], [key, 1], …`, so that appending never reads what is there. */
class IndexedDbStorage implements TelemetryStorage {
  constructor(
    private readonly database: Database,
    private readonly prefix: string,
    private readonly release: () => void,
  ) {}

  async read(key: string): Promise<Uint8Array | undefined> {
    const parts = await resultOf(this.store('readonly').store.getAll(this.range(key)));
    return parts.length > 0 ? new Uint8Array(await new Blob(parts).arrayBuffer()) : undefined;
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { store, done } = this.store('readwrite');
    store.delete(this.range(key));
    store.put(bytes, [this.name(key), 0]);
    await done;
  }

  async append(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { store, done } = this.store('readwrite');
    const count = store.count(this.range(key));
    count.onsuccess = () => store.put(bytes, [this.name(key), count.result]);
    await done;
  }

  async remove(key: string): Promise<void> {
    const { store, done } = this.store('readwrite');
    store.delete(this.range(key));
    await done;
  }

  async keys(): Promise<string[]> {
    const names = (await resultOf(this.store('readonly').store.getAllKeys())).map(([name]) => name);
    const own = names.filter((name) => name.startsWith(this.prefix)).map((name) => name.slice(this.prefix.length));
    return [...new Set([...own, ...names.filter((name) => SHARED_KEYS.includes(name))])];
  }

  async clear(kept: string): Promise<void> {
    const { store, done } = this.store('readwrite');
    const all = store.getAllKeys();
    all.onsuccess = () => all.result.forEach((key) => key[0] !== this.name(kept) && store.delete(key));
    await done;
  }

  async close(): Promise<void> {
    this.database.close();
    this.release();
  }

  private name(key: string): string {
    return SHARED_KEYS.includes(key) ? key : this.prefix + key;
  }

  private range(key: string): unknown {
    return browser.IDBKeyRange.bound([this.name(key), 0], [this.name(key), Infinity]);
  }

  private store(mode: string): { store: ObjectStore; done: Promise<void> } {
    const transaction = this.database.transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(new Error(`telemetry database: ${String(transaction.error)}`));
    });
    // Readers wait for their request instead.
    done.catch(() => undefined);
    return { store: transaction.objectStore(STORE), done };
  }
}

function resultOf<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(`telemetry database: ${String(request.error)}`));
  });
}
