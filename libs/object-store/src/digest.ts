import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Large enough that the disk sets the pace, small enough that hashing a chunk never holds up the event loop. */
const CHUNK_BYTES = 256 * 1024;

export interface ContentDigest {
  sha256: string;
  sizeBytes: number;
}

/** SHA-256 of bytes in memory, in hex. */
export function hashBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads a stream to its end. */
export async function hashStream(stream: Readable): Promise<ContentDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Reads an open file from its first byte to its last. */
export async function hashFile(file: FileHandle): Promise<ContentDigest> {
  return readThrough(file, async () => {});
}

/** Copies an open file into another and answers what was copied, so that the digest is of the bytes written. */
export async function copyAndHash(source: FileHandle, target: FileHandle): Promise<ContentDigest> {
  return readThrough(source, async (chunk, position) => {
    let written = 0;
    while (written < chunk.length) {
      const { bytesWritten } = await target.write(chunk, written, chunk.length - written, position + written);
      written += bytesWritten;
    }
  });
}

async function readThrough(
  file: FileHandle,
  onChunk: (chunk: Buffer, position: number) => Promise<void>,
): Promise<ContentDigest> {
  const hash: Hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let sizeBytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await onChunk(chunk, sizeBytes);
    sizeBytes += bytesRead;
  }
}
