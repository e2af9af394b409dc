import { link, realpath, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { hashBytes, hashFile, type ContentDigest } from '../digest.js';
import { ObjectStoreError } from '../errors.js';
import { assertDigestFitsKey, assertObjectKey, assertObjectPrefix } from '../keys.js';
import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  OpenedObject,
  PutBytesOptions,
  PutFileOptions,
  PutFileResult,
} from '../object-store.js';
import { probeObjectStore } from '../probe.js';
import { assertByteRange, rangePastEnd } from '../ranges.js';
import { DurableDirectories, syncDirectory } from './durable-directories.js';
import { isMissing, toObjectStoreError } from './file-errors.js';
import { listObjects } from './list-objects.js';
import { lstatIfPresent } from './lstat.js';
import { compareAndSync, openObjectFile, withObjectFile } from './object-files.js';
import { ObjectPaths } from './object-paths.js';
import { Publisher } from './publish.js';
import { TemporaryFiles, type LinkFile, type TemporaryFile } from './temporary-files.js';

/** How many bytes a reader's stream asks the disk for at a time. */
const READ_AHEAD_BYTES = 256 * 1024;

export interface DirectoryObjectStoreOptions {
  /** Stands in for `link(2)` where a test needs a file system that cannot do it. */
  link?: LinkFile;
  now?: () => Date;
}

/**
 * Objects as files of one directory, each under its key. The whole directory must be one file system. One process writes;
 * others may read, and may write too where the file system has hard links.
 */
export class DirectoryObjectStore implements ObjectStore {
  readonly #paths: ObjectPaths;
  readonly #temporary: TemporaryFiles;
  readonly #publisher: Publisher;
  readonly #now: () => Date;

  constructor(root: string, options: DirectoryObjectStoreOptions = {}) {
    const directories = new DurableDirectories(root);
    const linkFile = options.link ?? link;
    this.#paths = new ObjectPaths(root);
    this.#temporary = new TemporaryFiles(root, directories, linkFile);
    this.#publisher = new Publisher(this.#paths, directories, linkFile);
    this.#now = options.now ?? (() => new Date());
  }

  async putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    assertObjectKey(key);
    assertDigestFitsKey(key, options.sha256);
    const { size: sizeBytes } = await stat(filePath);
    return this.#run(async () => {
      const result = (await this.#isStored(key, { sha256: options.sha256, sizeBytes }))
        ? { created: false, healed: false }
        : await this.#storeFile(key, filePath, options);
      if (options.consume === true) await this.#removeConsumed(key, filePath);
      return result;
    });
  }

  async putBytes(key: string, bytes: Buffer, options: PutBytesOptions = {}): Promise<void> {
    assertObjectKey(key);
    const sha256 = hashBytes(bytes);
    assertDigestFitsKey(key, sha256);
    await this.#run(async () =>
      this.#temporary.withBytes(bytes, sha256, async (file) =>
        this.#publisher.publish(key, file, options.replace === true),
      ),
    );
  }

  async open(key: string, range?: ByteRange): Promise<OpenedObject> {
    if (range !== undefined) assertByteRange(range);
    return this.#run(async () => {
      const { file, stats } = await openObjectFile(key, await this.#paths.resolve(key));
      if (range !== undefined && range.start >= stats.size) {
        await file.close();
        throw rangePastEnd(key, range);
      }
      const stream: Readable = file.createReadStream({ ...range, highWaterMark: READ_AHEAD_BYTES });
      return { stream, sizeBytes: stats.size };
    });
  }

  async readBytes(key: string, maxBytes: number): Promise<Buffer> {
    return this.#run(async () =>
      withObjectFile(key, await this.#paths.resolve(key), async (file, { size }) => {
        if (size > maxBytes) {
          throw new ObjectStoreError('object-too-large', `"${key}" has ${size} bytes, more than ${maxBytes}.`);
        }
        return file.readFile();
      }),
    );
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    return this.#run(async () => {
      const stats = await lstatIfPresent(await this.#paths.resolve(key));
      return stats?.isFile() === true ? { key, sizeBytes: stats.size, modifiedAt: stats.mtime } : undefined;
    });
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    assertObjectPrefix(prefix);
    try {
      yield* listObjects(this.#paths.root, prefix);
    } catch (error) {
      throw toObjectStoreError(error, this.#paths.root);
    }
  }

  async delete(key: string): Promise<void> {
    await this.#run(async () => {
      const path = await this.#paths.resolve(key);
      const found = await lstatIfPresent(path);
      if (found === undefined || found.isDirectory()) return;
      try {
        await unlink(path);
        await syncDirectory(dirname(path));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    });
  }

  async hash(key: string): Promise<ContentDigest> {
    return this.#run(async () => withObjectFile(key, await this.#paths.resolve(key), async (file) => hashFile(file)));
  }

  localPath(key: string): string {
    return this.#paths.resolveSync(key);
  }

  async withLocalFile<T>(key: string, _scratchDir: string, fn: (path: string) => Promise<T>): Promise<T> {
    const path = await this.#run(async () => {
      const resolved = await this.#paths.resolve(key);
      await withObjectFile(key, resolved, async () => {});
      return resolved;
    });
    return fn(path);
  }

  async check(): Promise<void> {
    await probeObjectStore(this);
  }

  async sweep(olderThanMs: number): Promise<number> {
    return this.#run(async () => this.#temporary.sweep(olderThanMs, this.#now()));
  }

  describe(): string {
    return `directory ${this.#paths.root}`;
  }

  async close(): Promise<void> {}

  async #isStored(key: string, expected: ContentDigest): Promise<boolean> {
    const path = await this.#paths.resolve(key);
    if ((await compareAndSync(key, path, expected)) !== 'same') return false;
    await this.#publisher.syncName(key);
    return true;
  }

  async #storeFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    const publish = async (file: TemporaryFile): Promise<PutFileResult> => {
      if (file.sha256 !== options.sha256) {
        throw new ObjectStoreError(
          'object-digest-mismatch',
          `The file for "${key}" has SHA-256 ${file.sha256}, not ${options.sha256}.`,
        );
      }
      return this.#publisher.publish(key, file, options.replace === true);
    };
    return options.consume === true
      ? this.#temporary.withLink(filePath, publish)
      : this.#temporary.withCopy(filePath, publish);
  }

  async #removeConsumed(key: string, filePath: string): Promise<void> {
    // An object that is given to itself is already where it belongs; removing "the file" would remove the object.
    const [given, stored] = await Promise.all([realpath(filePath), realpath(await this.#paths.resolve(key))]);
    if (given !== stored) await unlink(filePath);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toObjectStoreError(error, this.#paths.root);
    }
  }
}
