import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ContentDigest } from '../digest.js';
import { ObjectStoreError } from '../errors.js';

const CHUNK_BYTES = 256 * 1024;

/** Bytes to upload, readable again for each attempt. */
export interface UploadSource extends ContentDigest {
  read(): AsyncIterable<Buffer>;
}

export function fileSource(path: string, digest: ContentDigest): UploadSource {
  return { ...digest, read: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }) };
}

export function bytesSource(bytes: Buffer, digest: ContentDigest): UploadSource {
  return { ...digest, read: () => Readable.from(bytes.length === 0 ? [] : [bytes]) };
}

/**
 * The source as a stream that hands out its last chunk only when all the bytes proved to have the digest. A file that is
 * not what the caller said, or changes while it is read, thus never becomes a whole upload, whatever the server checks.
 */
export function createVerifiedStream(key: string, source: UploadSource, onProgress: () => void): Readable {
  return Readable.from(verify(key, source, onProgress), { objectMode: false, highWaterMark: CHUNK_BYTES });
}

async function* verify(key: string, source: UploadSource, onProgress: () => void): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let held: Buffer | undefined;
  for await (const chunk of source.read()) {
    onProgress();
    hash.update(chunk);
    sizeBytes += chunk.length;
    // Never more than was announced: the surplus would be read as the next request of the connection.
    if (sizeBytes > source.sizeBytes) throw mismatch(key, source, 'more bytes');
    if (held !== undefined) yield held;
    held = chunk;
  }
  const sha256 = hash.digest('hex');
  if (sizeBytes < source.sizeBytes) throw mismatch(key, source, 'fewer bytes');
  if (sha256 !== source.sha256) throw mismatch(key, source, `SHA-256 ${sha256}`);
  onProgress();
  if (held !== undefined) yield held;
}

function mismatch(key: string, source: UploadSource, found: string): ObjectStoreError {
  return new ObjectStoreError(
    'object-digest-mismatch',
    `The bytes for "${key}" are not the ${source.sizeBytes} with SHA-256 ${source.sha256}: there are ${found}.`,
  );
}
