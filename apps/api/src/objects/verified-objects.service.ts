import { Inject, Injectable, Logger } from '@nestjs/common';
import { Readable, pipeline } from 'node:stream';
import { ObjectNotFoundError, iconKey, packageKey, type ByteRange, type ObjectStore } from '@mosis/object-store';
import { Mutex } from '@mosis/sqlite';
import { AppError } from '../common/app-error.js';
import { sha256Hex } from '../common/secrets.js';
import { OBJECT_STORE } from './object-store.token.js';
import { ObjectsService } from './objects.service.js';
import { VerifiedStream, type ExpectedObject } from './verified-stream.js';

/** Packages whose bytes are known to be right, as of a moment; more than these are hashed again before a part of one is sent. */
const MAX_KNOWN = 10_000;

/**
 * Packages and icons as they are answered with: what is sent is what its digest says, or nothing. A file may be changed or cut by
 * whatever else has its disk, long after it was reviewed; caches would keep that for a year.
 */
@Injectable()
export class VerifiedObjectsService {
  private readonly logger = new Logger('objects');
  private readonly hashing = new Mutex();
  /** By key: when an object was last written to, of those whose bytes were hashed since. */
  private readonly knownSince = new Map<string, number>();
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly objects: ObjectsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /** Calls back when an object was met whose bytes are not those of its digest. */
  onDamage(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Opens a package, or a range of it, to answer a request with. All of it is hashed on its way; of a range nothing tells, so the
   * package is hashed before, once as long as nobody writes to it. HEAD is answered without the bytes.
   *
   * @throws AppError `object-damaged`; ObjectNotFoundError for HEAD as well; ObjectStoreError
   */
  async openPackage(method: string, expected: ExpectedObject, range?: ByteRange): Promise<Readable> {
    const key = packageKey(expected.sha256);
    if (method === 'HEAD') {
      const info = await this.store.stat(key);
      if (!info) throw new ObjectNotFoundError(key);
      if (info.sizeBytes !== expected.sizeBytes) throw this.damaged(key);
      return Readable.from([]);
    }
    if (range) await this.makeSure(key, expected);
    const { stream, sizeBytes } = await this.store.open(key, range);
    if (sizeBytes !== expected.sizeBytes) {
      stream.destroy();
      throw this.damaged(key);
    }
    if (range) return stream;
    // What goes wrong on one side ends the other, and is heard by whoever reads.
    return pipeline(stream, new VerifiedStream(expected, () => this.damaged(key)), () => undefined);
  }

  /** Reads an icon. @throws AppError `object-damaged`; ObjectStoreError */
  async readIcon(sha256: string, maxBytes: number): Promise<Buffer> {
    const bytes = await this.store.readBytes(iconKey(sha256), maxBytes);
    if (sha256Hex(bytes) !== sha256) throw this.damaged(iconKey(sha256));
    return bytes;
  }

  private async makeSure(key: string, expected: ExpectedObject): Promise<void> {
    if (await this.isKnown(key, expected)) return;
    // One package at a time: the first part of each has all of it read, and strangers may ask for parts of all there are.
    await this.hashing.lock();
    try {
      if (await this.isKnown(key, expected)) return;
      const before = await this.store.stat(key);
      if (await this.objects.findPackageProblem(expected.sha256, expected.sizeBytes)) throw this.damaged(key);
      if (this.knownSince.size >= MAX_KNOWN) this.knownSince.delete(this.knownSince.keys().next().value ?? '');
      this.knownSince.set(key, before?.modifiedAt.getTime() ?? Number.NaN);
    } finally {
      this.hashing.unlock();
    }
  }

  /** Whether an object was hashed since it was last written to. @throws ObjectNotFoundError */
  private async isKnown(key: string, { sizeBytes }: ExpectedObject): Promise<boolean> {
    const info = await this.store.stat(key);
    if (!info) throw new ObjectNotFoundError(key);
    return info.sizeBytes === sizeBytes && this.knownSince.get(key) === info.modifiedAt.getTime();
  }

  private damaged(key: string): AppError {
    this.logger.error({ msg: 'an object is not what was approved, and is not sent', 'object.key': key });
    for (const listener of this.listeners) listener();
    return new AppError(
      'object-damaged',
      'What is stored is not what was approved, so it is not sent. Whoever runs the server has to restore it from a backup.',
      { routine: true },
    );
  }
}
