import {
  ForwardingObjectStore,
  createObjectStore,
  type ObjectStoreSettings,
  type ObjectStore,
  type PutBytesOptions,
  type PutFileOptions,
  type PutFileResult,
} from '@mosis/object-store';
import type { ObjectWriterThread } from './object-writer-thread.js';

/** The store behind a URL; what is put into a directory is put there by the thread. */
export function createThreadedObjectStore(settings: ObjectStoreSettings, thread: ObjectWriterThread): ObjectStore {
  const store = createObjectStore(settings);
  return settings.url.startsWith('file:') ? new ThreadedObjectStore(store, settings.url, thread) : store;
}

/** A directory of objects that a thread writes and everybody reads. */
class ThreadedObjectStore extends ForwardingObjectStore {
  /** Files of puts that are under way are known to the thread alone, and what is left is swept the next time. */
  override readonly sweep = async (olderThanMs: number) =>
    this.thread.isWriting ? 0 : ((await this.store.sweep?.(olderThanMs)) ?? 0);

  constructor(
    store: ObjectStore,
    private readonly url: string,
    private readonly thread: ObjectWriterThread,
  ) {
    super(store);
  }

  override async putFile(key: string, file: string, options: PutFileOptions): Promise<PutFileResult> {
    return (await this.thread.put({ url: this.url, key, file, options })) as PutFileResult;
  }

  override async putBytes(key: string, bytes: Buffer, options: PutBytesOptions = {}): Promise<void> {
    await this.thread.put({ url: this.url, key, bytes, options });
  }

  override async close(): Promise<void> {
    await this.thread.close();
    await super.close();
  }
}
