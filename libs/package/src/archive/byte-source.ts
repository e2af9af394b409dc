import type { FileHandle } from 'node:fs/promises';
import { PackageError } from '../package-error.js';

/** Chunk of sequential reading; also what is read ahead for small records. */
export const CHUNK_BYTES = 64 * 1024;

/** Random access to the bytes of one package. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Reads exactly `length` bytes; the result is a view that is only valid until the next call. */
  read(position: number, length: number): Promise<Buffer>;
}

/** A package in a file. One window is reused for all reads, so that memory does not grow with the package. */
export class FileSource implements ByteSource {
  readonly sizeBytes: number;
  private readonly handle: FileHandle;
  private readonly window = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private windowStart = 0;
  private windowEnd = 0;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (length > this.window.length) {
      const buffer = Buffer.allocUnsafeSlow(length);
      await this.fill(buffer, position, length);
      return buffer;
    }
    if (position < this.windowStart || position + length > this.windowEnd) {
      const available = Math.min(this.window.length, this.sizeBytes - position);
      this.windowEnd = this.windowStart = 0;
      await this.fill(this.window, position, Math.max(available, length));
      this.windowStart = position;
      this.windowEnd = position + available;
    }
    return this.window.subarray(position - this.windowStart, position - this.windowStart + length);
  }

  private async fill(target: Buffer, position: number, length: number): Promise<void> {
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(target, filled, length - filled, position + filled);
      if (bytesRead === 0) throw endsEarly();
      filled += bytesRead;
    }
  }
}

/** A package in memory, as the builder holds it. */
export class BufferSource implements ByteSource {
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.bytes.length) throw endsEarly();
    return this.bytes.subarray(position, position + length);
  }
}

/** Reads a range in chunks; each chunk is only valid until the next one is asked for. */
export async function* readRange(source: ByteSource, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end; position += CHUNK_BYTES) {
    yield await source.read(position, Math.min(CHUNK_BYTES, end - position));
  }
}

function endsEarly(): PackageError {
  return new PackageError('archive-truncated', 'The file ends earlier than its own records say.');
}
