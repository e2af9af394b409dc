import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Budget } from '../budget.js';
import { PackageError, quotePath } from '../package-error.js';
import { type ByteSource, CHUNK_BYTES, readRange } from './byte-source.js';
import { ambiguousDescriptor } from './local-records.js';
import { FLAG_DESCRIPTOR, type LocatedEntry, METHOD_STORED } from './records.js';

/** Entries up to these sizes are inflated in one call: a stream object each would cost more than the work. */
const ONE_CALL_PACKED_BYTES = CHUNK_BYTES;
const ONE_CALL_BYTES = 4 * CHUNK_BYTES;

const DESCRIPTOR_MARK = Buffer.from('PK\x07\x08', 'latin1');

/**
 * Yields the content of an entry and throws unless it is exactly what the records promise: a deflate stream that ends
 * with its last packed byte, the announced size, the announced CRC-32. A chunk is only valid until the next is asked for.
 *
 * @param onPacked sees every packed byte once, in order
 */
export async function* readEntryData(
  source: ByteSource,
  entry: LocatedEntry,
  budget: Budget,
  onPacked: (chunk: Buffer) => void = () => {},
): AsyncGenerator<Buffer> {
  const packed = readPacked(source, entry, budget, onPacked);
  let sizeBytes = 0;
  let checksum = 0;
  for await (const chunk of entry.method === METHOD_STORED
    ? refuseInnerDescriptor(packed, entry)
    : inflate(packed, entry)) {
    sizeBytes += chunk.length;
    if (sizeBytes > entry.sizeBytes) throw sizeMismatch(entry);
    checksum = crc32(chunk, checksum);
    yield chunk;
    await budget.spend();
  }
  if (sizeBytes !== entry.sizeBytes) throw sizeMismatch(entry);
  if (checksum !== entry.crc32) {
    throw new PackageError('crc-mismatch', `The content of ${quotePath(entry.path)} does not match its CRC-32.`, {
      path: entry.path,
    });
  }
}

/** The whole content of an entry whose size the caller has bounded. */
export async function readWholeEntry(source: ByteSource, entry: LocatedEntry, budget: Budget): Promise<Buffer> {
  const content = Buffer.allocUnsafeSlow(entry.sizeBytes);
  let filled = 0;
  for await (const chunk of readEntryData(source, entry, budget)) filled += chunk.copy(content, filled);
  return content;
}

async function* readPacked(
  source: ByteSource,
  entry: LocatedEntry,
  budget: Budget,
  onPacked: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of readRange(source, entry.dataOffset, entry.dataOffset + entry.packedBytes)) {
    await budget.spend();
    onPacked(chunk);
    yield chunk;
  }
}

/** A reader that walks stored data of unknown length stops at the first descriptor mark, so none may be inside. */
async function* refuseInnerDescriptor(packed: AsyncIterable<Buffer>, entry: LocatedEntry): AsyncGenerator<Buffer> {
  if (!(entry.flags & FLAG_DESCRIPTOR)) {
    yield* packed;
    return;
  }
  let carry = Buffer.alloc(0);
  for await (const chunk of packed) {
    const joined = Buffer.concat([carry, chunk]);
    if (joined.includes(DESCRIPTOR_MARK)) throw ambiguousDescriptor(entry);
    carry = Buffer.from(joined.subarray(-(DESCRIPTOR_MARK.length - 1)));
    yield chunk;
  }
}

async function* inflate(packed: AsyncIterable<Buffer>, entry: LocatedEntry): AsyncGenerator<Buffer> {
  if (entry.packedBytes <= ONE_CALL_PACKED_BYTES && entry.sizeBytes <= ONE_CALL_BYTES) {
    // At most one chunk, by the bound on its packed size; none for an entry without data.
    let only: Buffer = Buffer.alloc(0);
    for await (const chunk of packed) only = chunk;
    yield inflateInOneCall(only, entry);
    return;
  }
  const inflater = createInflateRaw({ chunkSize: CHUNK_BYTES });
  // Errors of the packed side (a timeout, a short file) have to surface where the content is read.
  feed(packed, inflater).catch((error: Error) => inflater.destroy(error));
  try {
    for await (const chunk of inflater as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw explain(error, entry);
  } finally {
    inflater.destroy();
  }
  checkConsumed(inflater.bytesWritten, entry);
}

/**
 * Writes chunk by chunk, each only after the one before is inflated, so that the reader's window can be reused. When the
 * stream ends before its data does, the last write is never answered; the reading side has ended by then and notices.
 */
async function feed(packed: AsyncIterable<Buffer>, inflater: ReturnType<typeof createInflateRaw>): Promise<void> {
  for await (const chunk of packed) {
    await new Promise<void>((resolve, reject) => {
      inflater.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }
  inflater.end();
}

function inflateInOneCall(packed: Buffer, entry: LocatedEntry): Buffer {
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // With `info` the call answers the engine too; the type declarations do not know that form.
    result = inflateRawSync(packed, {
      info: true,
      maxOutputLength: entry.sizeBytes + 1,
      chunkSize: Math.max(64, entry.sizeBytes + 1),
    }) as unknown as typeof result;
  } catch (error) {
    throw explain(error, entry);
  }
  checkConsumed(result.engine.bytesWritten, entry);
  return result.buffer;
}

function checkConsumed(consumedBytes: number, entry: LocatedEntry): void {
  if (consumedBytes === entry.packedBytes) return;
  throw new PackageError(
    'deflate-trailing-data',
    `The deflate stream of ${quotePath(entry.path)} ends ${entry.packedBytes - consumedBytes} bytes early.`,
    { path: entry.path },
  );
}

function explain(error: unknown, entry: LocatedEntry): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const facts = { path: entry.path, cause: error };
  if (code === 'ERR_BUFFER_TOO_LARGE') return sizeMismatch(entry);
  if (code === 'Z_BUF_ERROR') {
    return new PackageError('deflate-truncated', `The deflate stream of ${quotePath(entry.path)} does not end.`, facts);
  }
  if (code === 'Z_DATA_ERROR' || code === 'Z_NEED_DICT' || code === 'Z_STREAM_ERROR') {
    return new PackageError('deflate-corrupt', `The deflate stream of ${quotePath(entry.path)} is corrupt.`, facts);
  }
  return error;
}

function sizeMismatch(entry: LocatedEntry): PackageError {
  return new PackageError(
    'size-mismatch',
    `${quotePath(entry.path)} does not unpack to the ${entry.sizeBytes} bytes it announces.`,
    { path: entry.path },
  );
}
