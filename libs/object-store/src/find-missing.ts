import type { ObjectStore } from './object-store.js';

/**
 * Goes through keys that all start with `prefix`, and yields those that the store does not have. It lists the store beside
 * them, a thousand objects in a request, where asking for each by itself would take half a million requests.
 *
 * @param keys in ascending order, each once
 * @throws RangeError when they are not; ObjectStoreError when the store cannot be listed
 */
export async function* findMissing(store: ObjectStore, prefix: string, keys: Iterable<string>): AsyncGenerator<string> {
  const listed = store.list(prefix)[Symbol.asyncIterator]();
  try {
    let stored = await listed.next();
    let before: string | undefined;
    for (const key of keys) {
      if (!key.startsWith(prefix) || (before !== undefined && key <= before))
        throw new RangeError(`${key} is not in its place among the keys under ${prefix}.`);
      before = key;
      while (stored.done !== true && stored.value.key < key) stored = await listed.next();
      if (stored.done === true || stored.value.key !== key) yield key;
    }
  } finally {
    await listed.return?.();
  }
}
