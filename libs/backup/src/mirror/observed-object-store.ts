import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  OpenedObject,
  PutBytesOptions,
  PutFileOptions,
  PutFileResult,
} from '@mosis/object-store';

export interface ObjectStoreObserver {
  /** Called after an object was stored or removed, before whoever did it goes on. */
  changed(key: string): void;
  /** Called before the store closes. */
  closing(): Promise<void>;
}

/** Objects that come and go within a probe. */
const PROBES = 'probes/';

/** An object store that tells somebody about every change that is made through it. */
export class ObservedObjectStore implements ObjectStore {
  readonly localPath?: (key: string) => string;
  readonly sweep?: (olderThanMs: number) => Promise<number>;

  constructor(
    private readonly store: ObjectStore,
    private readonly observer: ObjectStoreObserver,
  ) {
    // What an adapter cannot do must stay visible as absent.
    if (store.localPath) this.localPath = store.localPath.bind(store);
    if (store.sweep) this.sweep = store.sweep.bind(store);
  }

  async putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    const result = await this.store.putFile(key, filePath, options);
    this.changed(key);
    return result;
  }

  async putBytes(key: string, bytes: Buffer, options?: PutBytesOptions): Promise<void> {
    await this.store.putBytes(key, bytes, options);
    this.changed(key);
  }

  async delete(key: string): Promise<void> {
    await this.store.delete(key);
    this.changed(key);
  }

  async open(key: string, range?: ByteRange): Promise<OpenedObject> {
    return this.store.open(key, range);
  }

  async readBytes(key: string, maxBytes: number): Promise<Buffer> {
    return this.store.readBytes(key, maxBytes);
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    return this.store.stat(key);
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.store.list(prefix);
  }

  async hash(key: string): Promise<{ sha256: string; sizeBytes: number }> {
    return this.store.hash(key);
  }

  async withLocalFile<T>(key: string, scratchDir: string, fn: (path: string) => Promise<T>): Promise<T> {
    return this.store.withLocalFile(key, scratchDir, fn);
  }

  async check(): Promise<void> {
    await this.store.check();
  }

  describe(): string {
    return this.store.describe();
  }

  async close(): Promise<void> {
    await this.observer.closing();
    await this.store.close();
  }

  private changed(key: string): void {
    if (!key.startsWith(PROBES)) this.observer.changed(key);
  }
}
