import {
  ForwardingObjectStore,
  type ObjectStore,
  type PutBytesOptions,
  type PutFileOptions,
  type PutFileResult,
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
export class ObservedObjectStore extends ForwardingObjectStore {
  constructor(
    store: ObjectStore,
    private readonly observer: ObjectStoreObserver,
  ) {
    super(store);
  }

  override async putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    const result = await super.putFile(key, filePath, options);
    this.changed(key);
    return result;
  }

  override async putBytes(key: string, bytes: Buffer, options?: PutBytesOptions): Promise<void> {
    await super.putBytes(key, bytes, options);
    this.changed(key);
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    this.changed(key);
  }

  override async close(): Promise<void> {
    await this.observer.closing();
    await super.close();
  }

  private changed(key: string): void {
    if (!key.startsWith(PROBES)) this.observer.changed(key);
  }
}
