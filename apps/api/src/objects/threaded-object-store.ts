import {
  ForwardingObjectStore,
  createObjectStore,
  type ObjectStoreSettings,
  type ObjectStore,
  type PutBytesOptions,
  type PutFileOptions,
  type PutFileResult,
} from '@mosis/object-store';
import { ObjectWriterThread } from './object-writer-thread.js';

/** The store behind a URL; what is put into a directory is put there by a thread of its own. */
export function createThreadedObjectStore(settings: ObjectStoreSettings): ObjectStore {
  const store = createObjectStore(settings);
  return settings.url.startsWith('file:')
    ? new ThreadedObjectStore(store, new ObjectWriterThread({ url: settings.url }))
    : store;
}

/** A directory of objects that a thread writes and everybody reads. */
export class ThreadedObjectStore extends ForwardingObjectStore {
  /** Files of puts that are under way are known to the thread alone, and what is left is swept the next time. */
  override readonly sweep = async (olderThanMs: number) =>
    this.thread.isWriting ? 0 : ((await this.store.sweep?.(olderThanMs)) ?? 0);

  constructor(
    store: ObjectStore,
    private readonly thread: ObjectWriterThread,
  ) {
    super(store);
  }

  override async putFile(key: string, file: string, options: PutFileOptions): Promise<PutFileResult> {
    return (await this.thread.put({ key, file, options })) as PutFileResult;
  }

  override async putBytes(key: string, bytes: Buffer, options: PutBytesOptions = {}): Promise<void> {
    await this.thread.put({ key, bytes, options });
  }

  override async close(): Promise<void> {
    await this.thread.close();
    await super.close();
  }
}
