type Key = (string | number)[];

/** As IndexedDB orders keys: numbers before strings before arrays, arrays member by member. */
function compare(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compare(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  const rank = (value: unknown) => ['number', 'string', 'object'].indexOf(typeof value);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}

/** An origin: the part of IndexedDB and of Web Locks that the SDK uses, to be put into the global object. */
export class FakeOrigin {
  readonly rows: { key: Key; text: string }[] = [];
  failNext = false;
  private created = false;
  private readonly held = new Set<string>();

  readonly IDBKeyRange = { bound: (low: Key, high: Key) => ({ low, high }) };

  readonly indexedDB = {
    open: () => {
      const request = { result: this.database, onsuccess: () => undefined, onupgradeneeded: () => undefined };
      setImmediate(() => {
        if (!this.created) request.onupgradeneeded();
        this.created = true;
        request.onsuccess();
      });
      return request;
    },
  };

  readonly navigator = {
    locks: {
      request: async (name: string, _: object, hold: (lock: unknown) => unknown) => {
        if (this.held.has(name)) return void hold(null);
        this.held.add(name);
        await hold({ name });
        this.held.delete(name);
      },
    },
  };

  private readonly database = {
    createObjectStore: () => undefined,
    close: () => undefined,
    transaction: () => this.begin(),
  };

  /** Requests run in their order when the caller has made them all; a failed transaction changes nothing. */
  private begin() {
    const requests: (() => void)[] = [];
    const within = (range: Key | { low: Key; high: Key }) => {
      const { low, high } = Array.isArray(range) ? { low: range, high: range } : range;
      return (row: { key: Key }) => compare(row.key, low) >= 0 && compare(row.key, high) <= 0;
    };
    const keep = (wanted: (row: { key: Key }) => boolean) => {
      this.rows.splice(0, this.rows.length, ...this.rows.filter(wanted));
    };
    const store = {
      put: (text: string, key: Key) =>
        requests.push(() => {
          keep((row) => compare(row.key, key) !== 0);
          this.rows.push({ key: [...key], text });
          this.rows.sort((a, b) => compare(a.key, b.key));
        }),
      delete: (range: { low: Key; high: Key }) => requests.push(() => keep((row) => !within(range)(row))),
      clear: () => requests.push(() => keep(() => false)),
      getAll: (range: Key | { low: Key; high: Key }) => {
        const request = { result: [] as string[] };
        requests.push(() => (request.result = this.rows.filter(within(range)).map(({ text }) => text)));
        return request;
      },
    };
    const transaction = {
      objectStore: () => store,
      error: new Error('quota exceeded'),
      oncomplete: () => undefined,
      onabort: () => undefined,
    };
    setImmediate(() => {
      const failed = this.failNext;
      this.failNext = false;
      if (failed) return transaction.onabort();
      requests.forEach((run) => run());
      transaction.oncomplete();
    });
    return transaction;
  }
}
