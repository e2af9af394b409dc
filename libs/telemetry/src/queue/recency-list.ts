/** What a member of a list carries itself, so that a list of many costs no further objects. */
export interface Linked<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * Entries in the order they were last put at the end. Every operation takes constant time, which a `Map` used this way
 * does not: finding its first key walks over all that was deleted before it. An entry is in one list at most.
 */
export class RecencyList<T extends Linked<T>> {
  oldest: T | undefined;
  newest: T | undefined;

  /** Puts an entry that is in no list at the end. */
  add(entry: T): void {
    entry.older = this.newest;
    entry.newer = undefined;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
  }

  /** Takes out an entry of this list. */
  remove(entry: T): void {
    if (entry.older === undefined) this.oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
  }

  /** Lets go of all entries, which then must not be used with this list again. */
  clear(): void {
    this.oldest = undefined;
    this.newest = undefined;
  }

  /** Moves an entry of this list to the end. */
  renew(entry: T): void {
    if (this.newest === entry) return;
    this.remove(entry);
    this.add(entry);
  }
}
