/** Record signatures and fixed lengths of the ZIP format (PKWARE APPNOTE 6.3.10, sections 4.3.7 to 4.3.16). */
export const LOCAL_SIGNATURE = 0x04034b50;
export const LOCAL_BYTES = 30;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const CENTRAL_BYTES = 46;
export const END_SIGNATURE = 0x06054b50;
export const END_BYTES = 22;
export const ZIP64_END_SIGNATURE = 0x06064b50;
export const ZIP64_END_BYTES = 56;
export const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
export const ZIP64_LOCATOR_BYTES = 20;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;

/** A 16 or 32-bit field that holds this value defers to its ZIP64 counterpart. */
export const SATURATED_16 = 0xffff;
export const SATURATED_32 = 0xffffffff;

export const FLAG_ENCRYPTED = 1 << 0;
export const FLAG_DESCRIPTOR = 1 << 3;
export const FLAG_PATCH = 1 << 5;
export const FLAG_STRONG_ENCRYPTION = 1 << 6;
export const FLAG_UTF8 = 1 << 11;
export const FLAG_MASKED_HEADERS = 1 << 13;
/** Bits 1 and 2 only tell how hard the compressor tried. */
export const FLAGS_ALLOWED = (1 << 1) | (1 << 2) | FLAG_DESCRIPTOR | FLAG_UTF8;

export const METHOD_STORED = 0;
export const METHOD_DEFLATED = 8;

/** One record as the central directory describes it. */
export interface ArchiveEntry {
  /** Canonical relative path; a directory's ends with `/`. */
  path: string;
  isDirectory: boolean;
  flags: number;
  method: number;
  time: number;
  date: number;
  crc32: number;
  packedBytes: number;
  sizeBytes: number;
  recordOffset: number;
  /** The central directory gives the sizes in a ZIP64 extra field. */
  usesZip64Sizes: boolean;
  /** Ids of extra fields this library knows nothing about. */
  unknownExtraIds: number[];
}

/** An entry whose local record was found where it must be and agrees with the central directory. */
export interface LocatedEntry extends ArchiveEntry {
  dataOffset: number;
  /** Where the next record, or the central directory, begins. */
  recordEnd: number;
}

/** Reads an unsigned 64-bit field; undefined when it is beyond what a file offset can be. */
export function readUint64(bytes: Buffer, offset: number): number | undefined {
  const value = bytes.readBigUInt64LE(offset);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value);
}
