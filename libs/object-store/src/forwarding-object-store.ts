import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  OpenedObject,
  PutBytesOptions,
  PutFileOptions,
  PutFileResult,
} from './object-store.js';

/** A store in front of another one: every call goes there, until a subclass does something of its own with it. */
export class ForwardingObjectStore implements ObjectStore {
  protected readonly store: ObjectStore;
  readonly localPath?: (key: string) => string;
  readonly sweep?: (olderThanMs: number) => Promise<number>;

  constructor(store: ObjectStore) {
    this.store = store;
    // What an adapter cannot do must stay visible as absent.
    if (store.localPath) this.localPath = store.localPath.bind(store);
    if (store.sweep) this.sweep = store.sweep.bind(store);
  }

  async putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    return this.store.putFile(key, filePath, options);
  }

  async putBytes(key: string, bytes: Buffer, options?: PutBytesOptions): Promise<void> {
    await this.store.putBytes(key, bytes, options);
  }

  async delete(key: string): Promise<void> {
    await this.store.delete(key);
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
    await this.store.close();
  }
}
