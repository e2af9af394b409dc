import type { PackageLimits } from '../limits.js';
import { PackageError } from '../package-error.js';
import type { ByteSource } from './byte-source.js';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  SATURATED_16,
  SATURATED_32,
  ZIP64_END_BYTES,
  ZIP64_END_SIGNATURE,
  ZIP64_LOCATOR_BYTES,
  ZIP64_LOCATOR_SIGNATURE,
  readUint64,
} from './records.js';

/** Where the central directory is, as the end record at the very end of the file tells. */
export interface DirectoryExtent {
  entryCount: number;
  offset: number;
  /** Exclusive; the end records begin here. */
  end: number;
}

/** An end record may be this far from the end of the file (its comment is at most 65,535 bytes): where readers search. */
const SEARCH_BYTES = END_BYTES + SATURATED_16;
const END_MARK = Buffer.from('PK\x05\x06', 'latin1');

/**
 * Finds the one end record and the extent of the central directory. Refuses everything that lets two readers settle on
 * different directories: comments, trailing bytes, a second end record, ZIP64 records that do not agree.
 */
export async function readDirectoryExtent(source: ByteSource, limits: PackageLimits): Promise<DirectoryExtent> {
  const { sizeBytes } = source;
  if (sizeBytes < END_BYTES) {
    throw new PackageError('archive-too-short', `${sizeBytes} bytes cannot hold a ZIP archive.`);
  }
  const tailStart = Math.max(0, sizeBytes - SEARCH_BYTES);
  const tail = Buffer.from(await source.read(tailStart, sizeBytes - tailStart));
  const endOffset = sizeBytes - END_BYTES;
  const end = tail.subarray(tail.length - END_BYTES);
  if (end.readUInt32LE(0) !== END_SIGNATURE) throw explainMissingEnd(tail);
  if (end.readUInt16LE(20) !== 0) {
    throw new PackageError('archive-comment', 'The end record announces a comment; comments are not allowed.');
  }

  const fields = {
    disk: end.readUInt16LE(4),
    directoryDisk: end.readUInt16LE(6),
    diskEntries: end.readUInt16LE(8),
    entries: end.readUInt16LE(10),
    sizeBytes: end.readUInt32LE(12),
    offset: end.readUInt32LE(16),
  };
  const zip64 = await readZip64End(source, endOffset);
  const settled = zip64 ? settleZip64(fields, zip64) : fields;
  if (!zip64 && (fields.entries === SATURATED_16 || [fields.sizeBytes, fields.offset].includes(SATURATED_32))) {
    throw new PackageError('zip64-invalid', 'The end record defers to ZIP64 records that are not there.');
  }
  if (settled.disk !== 0 || settled.directoryDisk !== 0 || settled.diskEntries !== settled.entries) {
    throw new PackageError('multi-disk', 'The archive claims to be a part of several.');
  }
  if (settled.entries > limits.entries) {
    throw new PackageError('too-many-entries', `${settled.entries} entries; at most ${limits.entries} are allowed.`);
  }

  const directoryEnd = zip64 ? zip64.recordOffset : endOffset;
  await checkDirectoryPlace(source, settled.offset, settled.sizeBytes, directoryEnd);
  refuseSecondEnd(tail, tailStart, settled.offset, sizeBytes);
  return { entryCount: settled.entries, offset: settled.offset, end: directoryEnd };
}

type EndFields = Record<'disk' | 'directoryDisk' | 'diskEntries' | 'entries' | 'sizeBytes' | 'offset', number>;

async function readZip64End(
  source: ByteSource,
  endOffset: number,
): Promise<(EndFields & { recordOffset: number }) | undefined> {
  const locatorOffset = endOffset - ZIP64_LOCATOR_BYTES;
  if (locatorOffset < 0) return undefined;
  const locator = Buffer.from(await source.read(locatorOffset, ZIP64_LOCATOR_BYTES));
  // Some readers follow a locator whether or not the end record defers to it, so one that is there has to be right.
  if (locator.readUInt32LE(0) !== ZIP64_LOCATOR_SIGNATURE) return undefined;
  const recordOffset = locatorOffset - ZIP64_END_BYTES;
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) !== 1) {
    throw new PackageError('multi-disk', 'The ZIP64 locator names more than one disk.');
  }
  if (recordOffset < 0 || readUint64(locator, 8) !== recordOffset) {
    throw new PackageError('zip64-invalid', 'The ZIP64 locator does not point at the record directly before it.');
  }
  const record = await source.read(recordOffset, ZIP64_END_BYTES);
  const entries = readUint64(record, 32);
  const diskEntries = readUint64(record, 24);
  const sizeBytes = readUint64(record, 40);
  const offset = readUint64(record, 48);
  if (
    record.readUInt32LE(0) !== ZIP64_END_SIGNATURE ||
    readUint64(record, 4) !== ZIP64_END_BYTES - 12 ||
    entries === undefined ||
    diskEntries === undefined ||
    sizeBytes === undefined ||
    offset === undefined
  ) {
    throw new PackageError('zip64-invalid', 'The ZIP64 end record is malformed.');
  }
  return {
    disk: record.readUInt32LE(16),
    directoryDisk: record.readUInt32LE(20),
    diskEntries,
    entries,
    sizeBytes,
    offset,
    recordOffset,
  };
}

/** A field of the classic record either defers to ZIP64 or says the same. */
function settleZip64(fields: EndFields, zip64: EndFields): EndFields {
  for (const name of Object.keys(fields) as (keyof EndFields)[]) {
    const saturated = name === 'sizeBytes' || name === 'offset' ? SATURATED_32 : SATURATED_16;
    if (fields[name] !== saturated && fields[name] !== zip64[name]) {
      throw new PackageError('zip64-invalid', `The end record and its ZIP64 form disagree on ${name}.`);
    }
  }
  return zip64;
}

async function checkDirectoryPlace(source: ByteSource, offset: number, sizeBytes: number, end: number): Promise<void> {
  if (offset + sizeBytes === end) return;
  if (offset + sizeBytes > end) {
    throw new PackageError('central-directory-size', 'The central directory reaches into the records behind it.');
  }
  // Bytes glued before an archive leave its offsets too small; readers that adapt see it, strict ones do not.
  const shifted = end - sizeBytes;
  const mark = sizeBytes >= CENTRAL_BYTES ? (await source.read(shifted, 4)).readUInt32LE(0) : 0;
  if (mark === CENTRAL_SIGNATURE) {
    throw new PackageError('data-before-first-record', `${shifted - offset} bytes stand before the archive.`);
  }
  throw new PackageError('data-after-central-directory', 'Unaccounted bytes follow the central directory.');
}

function refuseSecondEnd(tail: Buffer, tailStart: number, directoryOffset: number, sizeBytes: number): void {
  for (let at = tail.indexOf(END_MARK); at !== -1; at = tail.indexOf(END_MARK, at + 1)) {
    const position = tailStart + at;
    if (position === sizeBytes - END_BYTES) return;
    // Inside the data of an entry the mark is legitimate (a stored archive) unless a reader that searches backwards
    // could take it for the end of this file: then its comment reaches exactly to the end.
    const inData = position < directoryOffset;
    const reachesEnd = at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length;
    if (!inData || reachesEnd) {
      throw new PackageError('end-record-duplicate', `A second end record stands at byte ${position}.`);
    }
  }
}

function explainMissingEnd(tail: Buffer): PackageError {
  const at = tail.lastIndexOf(END_MARK);
  if (at === -1 || at + END_BYTES > tail.length) {
    return new PackageError('end-record-missing', 'The file does not end with a ZIP end record.');
  }
  const excess = tail.length - at - END_BYTES;
  if (tail.readUInt16LE(at + 20) === excess) {
    return new PackageError('archive-comment', `The archive carries a comment of ${excess} bytes.`);
  }
  return new PackageError('trailing-data', `${excess} bytes follow the end record.`);
}
