import type { TelemetryStorage } from './storage.js';

// The part of IndexedDB that is used here; the workspace compiles without the types of browsers.
interface Request<T> {
  result: T;
  onsuccess: () => void;
  onerror: (event: unknown) => void;
  onupgradeneeded: () => void;
}
interface Store {
  put(text: string, key: unknown): unknown;
  delete(range: unknown): unknown;
  clear(): unknown;
  getAll(range: unknown): Request<string[]>;
}
interface Transaction {
  objectStore(name: string): Store;
  error: unknown;
  oncomplete: () => void;
  onabort: () => void;
}
interface Database {
  createObjectStore(name: string): void;
  transaction(name: string, mode: string, options: { durability: string }): Transaction;
  close(): void;
}
interface Locks {
  request(name: string, options: { ifAvailable: boolean }, hold: (lock: unknown) => unknown): Promise<unknown>;
}
interface Browser {
  indexedDB: { open(name: string): Request<Database> };
  IDBKeyRange: { bound(low: unknown, high: unknown): unknown };
  navigator: { locks: Locks };
}

const STORE = 'parts';

/**
 * Opens the origin's telemetry database. Every tab has a journal of its own there; the device record is shared. Throws
 * where there is no database, in some private windows for example, and on pages without https: they have no locks.
 */
export async function openIndexedDbStorage(name = 'mosis-telemetry'): Promise<TelemetryStorage> {
  const { indexedDB, IDBKeyRange, navigator } = globalThis as unknown as Browser;
  const database = await new Promise<Database>((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = reject;
  });
  const [slot, release] = await takeSlot(name, navigator.locks);
  // The journal lies in parts, `[slot, 0], [slot, 1], …`, so that appending never reads what is there.
  let parts = 0;
  const whole = IDBKeyRange.bound([slot], [slot, []]);

  /** Resolves with what `act` returned when its transaction is complete. */
  const transact = <T>(act: (store: Store) => T, durability = 'strict'): Promise<T> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite', { durability });
      const result = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(new Error(`telemetry database: ${String(transaction.error)}`));
    });

  return {
    async read() {
      const found = await transact((store) => [store.getAll(['device']), store.getAll(whole)]);
      return found.map(({ result }) => result.join('')) as [string, string];
    },
    async append(text, sync) {
      await transact((store) => store.put(text, [slot, parts++]), sync ? 'strict' : 'default');
    },
    async replace(text) {
      await transact((store) => {
        store.delete(whole);
        store.put(text, [slot, (parts = 0)]);
      });
      parts = 1;
    },
    async erase(text) {
      await transact((store) => {
        store.clear();
        store.put(text, ['device']);
      });
    },
    async close() {
      database.close();
      release();
    },
  };
}

/** Every tab takes the first journal that no other tab holds, so what a closed tab left is sent by a later one. */
async function takeSlot(name: string, locks: Locks): Promise<[slot: number, release: () => void]> {
  for (let slot = 0; ; slot++) {
    const release = await new Promise<(() => void) | undefined>((taken, failed) => {
      const hold = (lock: unknown) => (lock ? new Promise<void>((free) => taken(free)) : taken(undefined));
      locks.request(`${name}/${slot}`, { ifAvailable: true }, hold).catch(failed);
    });
    if (release) return [slot, release];
  }
}
