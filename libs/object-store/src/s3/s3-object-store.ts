import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isNativeError } from 'node:util/types';
import { hashBytes, hashStream, type ContentDigest } from '../digest.js';
import { ObjectNotFoundError, ObjectStoreError } from '../errors.js';
import { assertDigestFitsKey, assertObjectKey, assertObjectPrefix, findNamedDigest, isObjectKey } from '../keys.js';
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
import { withRetries } from './retry.js';
import { connect, type S3Connection } from './s3-connection.js';
import { readS3Failure, toObjectStoreError, unavailable } from './s3-errors.js';
import { assertS3Settings, DEFAULT_S3_PATIENCE, type S3Patience, type S3Settings } from './s3-settings.js';
import { uploadOnce } from './upload.js';
import { bytesSource, fileSource, type UploadSource } from './verified-upload.js';
import { WatchedBody } from './watched-body.js';

/** S3's limit for one PUT; packages and archives stay far below. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** Other writers can come between two requests; nothing legitimate does so this often in a row. */
const MAX_ATTEMPTS = 10;

export interface S3ObjectStoreOptions extends Partial<S3Patience> {
  bucket: string;
  prefix: string;
  settings: S3Settings;
  /** Objects per listing request; S3 gives at most 1,000. */
  listPageSize?: number;
}

/** Objects in a bucket of Amazon S3 or of a server that speaks its protocol. */
export class S3ObjectStore implements ObjectStore {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #settings: S3Settings;
  readonly #patience: S3Patience;
  readonly #listPageSize: number;
  #connection: Promise<S3Connection> | undefined;
  #conditionalWrites = true;

  constructor(options: S3ObjectStoreOptions) {
    assertS3Settings(options.settings);
    this.#bucket = options.bucket;
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}/`;
    this.#settings = options.settings;
    this.#patience = {
      connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_S3_PATIENCE.connectTimeoutMs,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_S3_PATIENCE.idleTimeoutMs,
      attempts: options.attempts ?? DEFAULT_S3_PATIENCE.attempts,
      retryDelayMs: options.retryDelayMs ?? DEFAULT_S3_PATIENCE.retryDelayMs,
    };
    this.#listPageSize = options.listPageSize ?? 1000;
  }

  async putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult> {
    assertObjectKey(key);
    assertDigestFitsKey(key, options.sha256);
    const file = await stat(filePath);
    // A pipe or a device could hand out bytes for ever.
    if (!file.isFile()) throw new ObjectStoreError('object-store-denied', `${filePath} is not a regular file.`);
    const source = fileSource(filePath, { sha256: options.sha256, sizeBytes: file.size });
    const result = await this.#put(key, source, options);
    if (options.consume === true) await unlink(filePath);
    return result;
  }

  async putBytes(key: string, bytes: Buffer, options: PutBytesOptions = {}): Promise<void> {
    assertObjectKey(key);
    const sha256 = hashBytes(bytes);
    assertDigestFitsKey(key, sha256);
    await this.#put(key, bytesSource(bytes, { sha256, sizeBytes: bytes.length }), options);
  }

  async open(key: string, range?: ByteRange): Promise<OpenedObject> {
    assertObjectKey(key);
    if (range !== undefined) assertByteRange(range);
    return this.#retry(async () => this.#openOnce(key, range));
  }

  async readBytes(key: string, maxBytes: number): Promise<Buffer> {
    assertObjectKey(key);
    return this.#retry(async () => {
      const { stream, sizeBytes } = await this.#openOnce(key);
      if (sizeBytes > maxBytes) {
        stream.destroy();
        throw new ObjectStoreError('object-too-large', `"${key}" has ${sizeBytes} bytes, more than ${maxBytes}.`);
      }
      const chunks: Buffer[] = [];
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    assertObjectKey(key);
    const head = await this.#head(key);
    return head === undefined ? undefined : { key, sizeBytes: head.sizeBytes, modifiedAt: head.modifiedAt };
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    assertObjectPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#request(undefined, async ({ client, sdk }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            MaxKeys: this.#listPageSize,
            ContinuationToken: token,
          }),
        ),
      );
      for (const object of page.Contents ?? []) {
        const key = object.Key?.slice(this.#prefix.length) ?? '';
        // A bucket can hold names that are none of ours, such as the empty "folders" that browsers of buckets create.
        if (!isObjectKey(key)) continue;
        yield { key, sizeBytes: object.Size ?? 0, modifiedAt: new Date(object.LastModified ?? 0) };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    try {
      await this.#request(key, async ({ client, sdk }) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key })),
      );
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error;
    }
  }

  async hash(key: string): Promise<ContentDigest> {
    assertObjectKey(key);
    return this.#retry(async () => hashStream((await this.#openOnce(key)).stream));
  }

  async withLocalFile<T>(key: string, scratchDir: string, fn: (path: string) => Promise<T>): Promise<T> {
    assertObjectKey(key);
    await mkdir(scratchDir, { recursive: true, mode: 0o750 });
    const path = join(scratchDir, `object-${randomUUID()}`);
    try {
      await this.#retry(async () => {
        const { stream } = await this.#openOnce(key);
        await pipeline(stream, createWriteStream(path, { mode: 0o600 }));
      });
      return await fn(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  async check(): Promise<void> {
    await probeObjectStore(this);
  }

  describe(): string {
    const { endpoint, region } = this.#settings;
    const where = endpoint === undefined ? `region ${region ?? 'us-east-1'}` : new URL(endpoint).origin;
    return `s3://${this.#bucket}/${this.#prefix} at ${where}`;
  }

  async close(): Promise<void> {
    const connection = await this.#connection;
    connection?.client.destroy();
  }

  async #put(
    key: string,
    source: UploadSource,
    options: { replace?: boolean; contentType?: string },
  ): Promise<PutFileResult> {
    if (source.sizeBytes > MAX_PUT_BYTES) {
      throw new ObjectStoreError('object-too-large', `"${key}" has ${source.sizeBytes} bytes; S3 takes 5 GiB at once.`);
    }
    const namesContent = findNamedDigest(key) !== undefined;
    const replace = options.replace === true;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const found = await this.#compare(key, source);
      if (found === 'same') return { created: false, healed: false };
      if (found === 'different' && !namesContent && !replace) {
        throw new ObjectStoreError(
          'object-exists',
          `"${key}" already holds other bytes, which this call may not replace.`,
        );
      }
      // Servers that do not know the condition ignore it: the comparison before is what they are left with.
      const onlyIfAbsent = found === 'absent' && !replace && this.#conditionalWrites;
      const outcome = await this.#upload(key, source, options.contentType, onlyIfAbsent);
      if (outcome === 'stored') return { created: true, healed: found === 'different' && namesContent };
    }
    throw unavailable(this.describe(), `"${key}" keeps changing under this write`, undefined, true);
  }

  /** Compares by reading: neither a name nor a size nor an ETag proves which bytes are there. */
  async #compare(key: string, source: ContentDigest): Promise<'absent' | 'same' | 'different'> {
    const head = await this.#head(key);
    if (head === undefined) return 'absent';
    if (head.sizeBytes !== source.sizeBytes) return 'different';
    try {
      return (await this.hash(key)).sha256 === source.sha256 ? 'same' : 'different';
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return 'absent';
      throw error;
    }
  }

  async #upload(
    key: string,
    source: UploadSource,
    contentType: string | undefined,
    onlyIfAbsent: boolean,
  ): Promise<'stored' | 'taken'> {
    const outcome = await this.#request(undefined, async (connection) =>
      uploadOnce(connection, {
        bucket: this.#bucket,
        objectName: this.#prefix + key,
        key,
        source,
        contentType,
        onlyIfAbsent,
        idleTimeoutMs: this.#patience.idleTimeoutMs,
      }),
    );
    if (outcome.kind === 'condition-unknown') {
      this.#conditionalWrites = false;
      return 'taken';
    }
    if (outcome.kind === 'stored') await this.#verifyStored(key, source, outcome.etag);
    return outcome.kind;
  }

  /** Looks at what was just acknowledged; another ETag is another writer's object, which is theirs to verify. */
  async #verifyStored(key: string, source: ContentDigest, etag: string | undefined): Promise<void> {
    const head = await this.#head(key);
    if (head !== undefined && (head.sizeBytes === source.sizeBytes || head.etag !== etag)) return;
    const found = head === undefined ? 'no object' : `${head.sizeBytes} bytes`;
    throw unavailable(
      this.describe(),
      `it acknowledged ${source.sizeBytes} bytes for "${key}" and then has ${found}`,
      undefined,
      true,
    );
  }

  async #head(key: string): Promise<{ sizeBytes: number; modifiedAt: Date; etag: string | undefined } | undefined> {
    try {
      const head = await this.#request(key, async ({ client, sdk }) =>
        client.send(new sdk.HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key })),
      );
      return {
        sizeBytes: head.ContentLength ?? 0,
        modifiedAt: new Date(head.LastModified ?? 0),
        etag: head.ETag,
      };
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    }
  }

  async #openOnce(key: string, range?: ByteRange): Promise<OpenedObject> {
    const { client, sdk } = await this.#connect();
    const mapError = (error: unknown): ObjectStoreError => toObjectStoreError(error, this.describe(), key);
    try {
      const answer = await client.send(
        new sdk.GetObjectCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
        }),
      );
      const lengthBytes = answer.ContentLength ?? 0;
      const body = answer.Body instanceof Readable ? answer.Body : Readable.from([]);
      const stream = new WatchedBody(body, {
        sizeBytes: lengthBytes,
        idleTimeoutMs: this.#patience.idleTimeoutMs,
        mapError,
      });
      return { stream, sizeBytes: readTotalSize(answer.ContentRange) ?? lengthBytes };
    } catch (error) {
      const { name, status } = readS3Failure(error);
      if (range !== undefined && (name === 'InvalidRange' || status === 416)) throw rangePastEnd(key, range);
      throw mapError(error);
    }
  }

  async #request<T>(key: string | undefined, send: (connection: S3Connection) => Promise<T>): Promise<T> {
    return this.#retry(async () => {
      const connection = await this.#connect();
      try {
        return await send(connection);
      } catch (error) {
        throw isLocalFileError(error) ? error : toObjectStoreError(error, this.describe(), key);
      }
    });
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    return withRetries(this.#patience, work);
  }

  async #connect(): Promise<S3Connection> {
    this.#connection ??= connect(this.#settings, this.#patience);
    return this.#connection;
  }
}

/** A failed read of the caller's own file says best itself what is wrong; errors of the network carry no path. */
function isLocalFileError(error: unknown): boolean {
  return isNativeError(error) && 'syscall' in error && 'path' in error;
}

/** The part after the slash of `bytes 0-9/1234`. */
function readTotalSize(contentRange: string | undefined): number | undefined {
  const total = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}
