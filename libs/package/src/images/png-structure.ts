import { crc32 } from 'node:zlib';
import { PackageError } from '../package-error.js';

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The header of a PNG (W3C PNG, section 11.2.2), checked for the combinations the standard allows. */
export interface PngHeader {
  width: number;
  height: number;
  bitDepth: number;
  colorType: number;
  isInterlaced: boolean;
}

/** A PNG taken apart: what decoding needs, with everything else left behind. */
export interface PngStructure {
  header: PngHeader;
  /** IHDR, PLTE and tRNS as they stand in the file, to be put before the pixels again. */
  leading: Buffer[];
  /** The compressed pixels of all IDAT chunks. */
  packedPixels: Buffer;
  /** Bytes that follow the image; viewers ignore them, polyglot files hide in them. */
  trailingBytes: number;
}

const CHANNELS: Record<number, { count: number; depths: number[] }> = {
  0: { count: 1, depths: [1, 2, 4, 8, 16] },
  2: { count: 3, depths: [8, 16] },
  3: { count: 1, depths: [1, 2, 4, 8] },
  4: { count: 2, depths: [8, 16] },
  6: { count: 4, depths: [8, 16] },
};

/** First column, first row, and steps of the seven passes of Adam7; a plain image is one pass of every pixel. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const PLAIN = [[0, 0, 1, 1]] as const;

/** Reads the fixed first chunk; throws `image-not-png` when the file is something else. */
export function readPngHeader(bytes: Buffer): PngHeader {
  const isPng =
    bytes.length >= 33 &&
    bytes.subarray(0, 8).equals(PNG_SIGNATURE) &&
    bytes.readUInt32BE(8) === 13 &&
    bytes.toString('latin1', 12, 16) === 'IHDR';
  if (!isPng) throw new PackageError('image-not-png', 'The file is not a PNG image.');
  const [bitDepth, colorType, compression, filter, interlace] = bytes.subarray(24, 29) as unknown as number[];
  const isAllowed = CHANNELS[colorType!]?.depths.includes(bitDepth!) && compression === 0 && filter === 0;
  if (!isAllowed || interlace! > 1) throw corrupt('has a header that the standard does not allow');
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    bitDepth: bitDepth!,
    colorType: colorType!,
    isInterlaced: interlace === 1,
  };
}

/** Exact length of the pixels once inflated: per row of each pass one filter byte and the packed samples. */
export function pixelBytes(header: PngHeader): number {
  const bitsPerPixel = CHANNELS[header.colorType]!.count * header.bitDepth;
  let total = 0;
  for (const [left, top, stepX, stepY] of header.isInterlaced ? ADAM7 : PLAIN) {
    const columns = Math.ceil((header.width - left) / stepX);
    const rows = Math.ceil((header.height - top) / stepY);
    if (columns > 0 && rows > 0) total += rows * (1 + Math.ceil((columns * bitsPerPixel) / 8));
  }
  return total;
}

/** Walks the chunks, checks lengths, order and CRCs of those that matter; throws `image-corrupt`. */
export function readPngStructure(bytes: Buffer): PngStructure {
  const header = readPngHeader(bytes);
  const leading: Buffer[] = [];
  const pixels: Buffer[] = [];
  let previous = '';
  for (let offset = PNG_SIGNATURE.length; ;) {
    if (offset + 12 > bytes.length) throw corrupt('ends in the middle of a chunk');
    const length = bytes.readUInt32BE(offset);
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    const end = offset + 12 + length;
    if (end > bytes.length) throw corrupt('ends in the middle of a chunk');
    const data = bytes.subarray(offset + 8, end - 4);
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) {
      throw corrupt('has a chunk with a wrong checksum');
    }
    if (type === 'IDAT') {
      if (pixels.length > 0 && previous !== 'IDAT') throw corrupt('has its pixels in two places');
      pixels.push(data);
    } else if (type === 'IHDR' || type === 'PLTE' || type === 'tRNS') {
      if (pixels.length > 0 || (type === 'IHDR') !== (previous === '')) throw corrupt('has its chunks out of order');
      leading.push(bytes.subarray(offset, end));
    } else if (type === 'IEND') {
      return { header, leading, packedPixels: Buffer.concat(pixels), trailingBytes: bytes.length - end };
    } else if (/^[A-Z]/.test(type)) {
      throw corrupt('has a critical chunk that the standard does not know');
    }
    previous = type;
    offset = end;
  }
}

/** Assembles a PNG from chunks that were checked, with nothing else in it. */
export function assemblePng(leading: Buffer[], packedPixels: Buffer): Buffer {
  return Buffer.concat([PNG_SIGNATURE, ...leading, chunk('IDAT', packedPixels), chunk('IEND', Buffer.alloc(0))]);
}

/** The refusal of an image that is a PNG by its beginning only. */
export function corrupt(why: string, cause?: unknown): PackageError {
  return new PackageError('image-corrupt', `The image ${why}.`, { cause });
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
