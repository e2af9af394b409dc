import { findFirstBlock, readLz4Length } from './lz4-length.js';

const [PRIME1, PRIME2, PRIME3, PRIME4, PRIME5] = [2654435761, 2246822519, 3266489917, 668265263, 374761393];
const STORED_BIT = 0x80000000;

/**
 * Whether an LZ4 frame can be unpacked and holds what its checksum says. Slower than the length alone, so for finding out
 * which of many is damaged (format: lz4_Frame_format.md, lz4_Block_format.md).
 */
export function isWholeLz4(frame: Buffer): boolean {
  try {
    const content = unpack(frame);
    const hasChecksum = ((frame[4] as number) & 0x04) !== 0;
    return !hasChecksum || xxh32(content.bytes) === frame.readUInt32LE(content.endAt);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** A block holds at most this much, unpacked. */
const MAX_BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * The first bytes that an LZ4 frame holds, from its beginning alone.
 *
 * @throws RangeError when it is no frame, or holds less
 */
export function unpackLz4Start(frame: Buffer, length: number): Buffer {
  const at = findFirstBlock(frame);
  const size = frame.readUInt32LE(at);
  const block = frame.subarray(at + 4, at + 4 + (size & ~STORED_BIT));
  if ((size & STORED_BIT) !== 0) return cut(block, length);
  const bytes = Buffer.alloc(MAX_BLOCK_BYTES);
  return cut(bytes.subarray(0, unpackBlock(block, bytes, 0, length)), length);
}

function cut(bytes: Buffer, length: number): Buffer {
  if (bytes.length < length) throw new RangeError('The LZ4 frame is cut short.');
  return bytes.subarray(0, length);
}

function unpack(frame: Buffer): { bytes: Buffer; endAt: number } {
  const bytes = Buffer.alloc(readLz4Length(frame));
  const blockChecksums = ((frame[4] as number) & 0x10) !== 0;
  let at = findFirstBlock(frame);
  let length = 0;
  for (;;) {
    const size = frame.readUInt32LE(at);
    at += 4;
    if (size === 0) return { bytes, endAt: at };
    const end = at + (size & ~STORED_BIT);
    if ((size & STORED_BIT) !== 0) length += frame.copy(bytes, length, at, end);
    else length = unpackBlock(frame.subarray(at, end), bytes, length);
    at = end + (blockChecksums ? 4 : 0);
  }
}

/** Unpacks a block to `start` of `bytes`, or as much of it as is `enough`; answers where that ends. */
function unpackBlock(block: Buffer, bytes: Buffer, start: number, enough = Number.POSITIVE_INFINITY): number {
  let at = 0;
  let length = start;
  const extend = (value: number): number => {
    if (value !== 15) return value;
    for (;;) {
      const byte = block.readUInt8(at++);
      value += byte;
      if (byte !== 255) return value;
    }
  };
  while (at < block.length && length - start < enough) {
    const token = block.readUInt8(at++);
    const literals = extend(token >> 4);
    length += block.copy(bytes, length, at, at + literals);
    at += literals;
    if (at >= block.length) return length;
    const from = length - block.readUInt16LE(at);
    if (from < 0) throw new RangeError('A match begins before the first byte.');
    at += 2;
    const matched = extend(token & 15) + 4;
    if (length + matched > bytes.length) throw new RangeError('A match ends after the last byte.');
    // Byte by byte: a match may overlap what it writes.
    for (let index = 0; index < matched; index += 1) bytes[length + index] = bytes[from + index] as number;
    length += matched;
  }
  return length;
}

/** XXH32 with seed 0 (xxhash_spec.md). */
function xxh32(bytes: Buffer): number {
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const round = (lane: number, input: number) => Math.imul(rotate((lane + Math.imul(input, PRIME2)) | 0, 13), PRIME1);
  let at = 0;
  let hash: number;
  if (bytes.length >= 16) {
    const lanes = [(PRIME1 + PRIME2) | 0, PRIME2 | 0, 0, -PRIME1 | 0] as [number, number, number, number];
    for (; at + 16 <= bytes.length; at += 16) {
      lanes[0] = round(lanes[0], bytes.readInt32LE(at));
      lanes[1] = round(lanes[1], bytes.readInt32LE(at + 4));
      lanes[2] = round(lanes[2], bytes.readInt32LE(at + 8));
      lanes[3] = round(lanes[3], bytes.readInt32LE(at + 12));
    }
    hash = (rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18)) | 0;
  } else hash = PRIME5 | 0;
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(bytes.readInt32LE(at), PRIME3)) | 0, 17), PRIME4);
  for (; at < bytes.length; at += 1)
    hash = Math.imul(rotate((hash + Math.imul(bytes[at] as number, PRIME5)) | 0, 11), PRIME1);
  hash = Math.imul(hash ^ (hash >>> 15), PRIME2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
