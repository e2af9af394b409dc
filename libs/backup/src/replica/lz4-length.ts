const FRAME_MAGIC = 0x184d2204;
const END_MARK = 0;
const STORED_BIT = 0x80000000;

/**
 * How many bytes an LZ4 frame holds when it is unpacked, found by walking its sequences without unpacking them. Litestream
 * writes no content size, and where a segment ends is what tells whether the next one follows it.
 *
 * @throws RangeError when it is cut short or is no frame (format: lz4_Frame_format.md, lz4_Block_format.md)
 */
export function readLz4Length(frame: Buffer): number {
  let at = findFirstBlock(frame);
  const blockChecksums = ((frame[4] as number) & 0x10) !== 0;
  let length = 0;
  for (;;) {
    const size = frame.readUInt32LE(at);
    at += 4;
    if (size === END_MARK) return length;
    const bytes = size & ~STORED_BIT;
    if (at + bytes > frame.length) throw new RangeError('The LZ4 frame is cut short.');
    length += (size & STORED_BIT) !== 0 ? bytes : blockLength(frame, at, at + bytes);
    at += bytes + (blockChecksums ? 4 : 0);
  }
}

/** The byte at which the first block of an LZ4 frame begins. @throws RangeError when it is no frame */
export function findFirstBlock(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== FRAME_MAGIC) throw new RangeError('This is no LZ4 frame.');
  const flags = frame[4] as number;
  return 4 + 2 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1;
}

function blockLength(frame: Buffer, from: number, to: number): number {
  let at = from;
  let length = 0;
  const extend = (start: number): number => {
    let value = start;
    if (start !== 15) return value;
    let byte: number;
    do {
      byte = frame[at++] as number;
      value += byte;
    } while (byte === 255);
    return value;
  };
  while (at < to) {
    const token = frame[at++] as number;
    const literals = extend(token >> 4);
    at += literals;
    length += literals;
    // The last sequence of a block has literals only.
    if (at >= to) break;
    at += 2;
    length += extend(token & 15) + 4;
  }
  return length;
}
