import type { Budget } from '../budget.js';
import { PackageError, quotePath } from '../package-error.js';
import type { ByteSource } from './byte-source.js';
import { checkVersion } from './central-directory.js';
import { parseExtraFields } from './extra-fields.js';
import {
  type ArchiveEntry,
  DESCRIPTOR_SIGNATURE,
  FLAG_DESCRIPTOR,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  type LocatedEntry,
  METHOD_STORED,
  SATURATED_32,
  readUint64,
} from './records.js';

/**
 * Checks that the local records agree with the central directory and tile the file from its first byte to the directory:
 * a reader that walks the records and one that follows the directory then see the same. Answers in file order.
 */
export async function locateRecords(
  source: ByteSource,
  entries: readonly ArchiveEntry[],
  directoryOffset: number,
  budget: Budget,
): Promise<LocatedEntry[]> {
  const ordered = [...entries].sort((a, b) => a.recordOffset - b.recordOffset);
  const located: LocatedEntry[] = [];
  let position = 0;
  for (const [index, entry] of ordered.entries()) {
    await budget.spend();
    if (entry.recordOffset !== position) throw misplaced(entry, position, index === 0);
    const next = ordered[index + 1]?.recordOffset ?? directoryOffset;
    const record = await readLocalRecord(source, entry, directoryOffset);
    position = await findRecordEnd(source, entry, record, Math.min(next, directoryOffset));
    located.push({ ...entry, dataOffset: record.dataOffset, recordEnd: position });
  }
  if (position !== directoryOffset) {
    throw new PackageError('data-after-last-record', 'Unaccounted bytes stand before the central directory.');
  }
  return located;
}

function misplaced(entry: ArchiveEntry, position: number, isFirst: boolean): PackageError {
  const facts = { path: entry.path };
  if (isFirst) {
    return new PackageError('data-before-first-record', `${entry.recordOffset} bytes stand before the first record.`);
  }
  if (entry.recordOffset < position) {
    return new PackageError('records-overlap', `${quotePath(entry.path)} shares bytes with another record.`, facts);
  }
  return new PackageError('data-between-records', `Unaccounted bytes stand before ${quotePath(entry.path)}.`, facts);
}

interface LocalRecord {
  dataOffset: number;
  hasZip64: boolean;
}

async function readLocalRecord(source: ByteSource, entry: ArchiveEntry, directoryOffset: number): Promise<LocalRecord> {
  const { path } = entry;
  const missing = () =>
    new PackageError('local-header-missing', `No local header of ${quotePath(path)} stands where it should.`, { path });
  if (entry.recordOffset + LOCAL_BYTES > directoryOffset) throw missing();
  const header = Buffer.from(await source.read(entry.recordOffset, LOCAL_BYTES));
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw missing();
  const nameBytes = header.readUInt16LE(26);
  const extraBytes = header.readUInt16LE(28);
  const dataOffset = entry.recordOffset + LOCAL_BYTES + nameBytes + extraBytes;
  if (dataOffset + entry.packedBytes > directoryOffset) {
    throw new PackageError('records-overlap', `${quotePath(path)} reaches into the central directory.`, { path });
  }
  const variable = await source.read(entry.recordOffset + LOCAL_BYTES, nameBytes + extraBytes);
  if (!variable.subarray(0, nameBytes).equals(Buffer.from(path))) throw mismatch(entry, 'name');
  const { zip64 } = parseExtraFields(variable.subarray(nameBytes), path);
  checkVersion(header.readUInt16LE(4), path);
  if (header.readUInt16LE(6) !== entry.flags) throw mismatch(entry, 'flags');
  if (header.readUInt16LE(8) !== entry.method) throw mismatch(entry, 'compression method');
  if (header.readUInt16LE(10) !== entry.time) throw mismatch(entry, 'time');
  if (header.readUInt16LE(12) !== entry.date) throw mismatch(entry, 'date');
  checkLocalSizes(header, zip64, entry);
  return { dataOffset, hasZip64: zip64 !== undefined };
}

function checkLocalSizes(header: Buffer, zip64: Buffer | undefined, entry: ArchiveEntry): void {
  const packed32 = header.readUInt32LE(18);
  const size32 = header.readUInt32LE(22);
  let packedBytes: number | undefined = packed32;
  let sizeBytes: number | undefined = size32;
  if (zip64 !== undefined || packed32 === SATURATED_32 || size32 === SATURATED_32) {
    // In a local header the field holds both sizes, and both 32-bit fields defer to it (APPNOTE 4.5.3).
    if (zip64?.length !== 16 || packed32 !== SATURATED_32 || size32 !== SATURATED_32) {
      throw new PackageError('zip64-invalid', `The local ZIP64 field of ${quotePath(entry.path)} is malformed.`, {
        path: entry.path,
      });
    }
    sizeBytes = readUint64(zip64, 0);
    packedBytes = readUint64(zip64, 8);
  }
  // A streaming writer learns these only after the data and leaves zero where it does not know; Info-ZIP knows the
  // unpacked size of a file beforehand, so each is on its own.
  const mayBeZero = (entry.flags & FLAG_DESCRIPTOR) !== 0;
  const agrees = (local: number | undefined, central: number) => local === central || (mayBeZero && local === 0);
  if (!agrees(header.readUInt32LE(14), entry.crc32)) throw mismatch(entry, 'CRC-32');
  if (!agrees(packedBytes, entry.packedBytes)) throw mismatch(entry, 'packed size');
  if (!agrees(sizeBytes, entry.sizeBytes)) throw mismatch(entry, 'unpacked size');
}

/**
 * Finds where the record of an entry ends. Behind the data a streaming writer leaves a descriptor in one of four forms;
 * which one it must be follows from the headers and from where the next record begins, never from a guess at the bytes.
 */
async function findRecordEnd(
  source: ByteSource,
  entry: ArchiveEntry,
  record: LocalRecord,
  next: number,
): Promise<number> {
  const dataEnd = record.dataOffset + entry.packedBytes;
  if (!(entry.flags & FLAG_DESCRIPTOR)) return dataEnd;
  const { path } = entry;
  const wide = record.hasZip64 || entry.usesZip64Sizes;
  const plainBytes = wide ? 20 : 12;
  const gap = next - dataEnd;
  if (gap !== plainBytes && gap !== plainBytes + 4) {
    throw new PackageError(
      'data-descriptor-missing',
      `The data of ${quotePath(path)} must be followed by its descriptor and then the next record.`,
      { path },
    );
  }
  const hasSignature = gap === plainBytes + 4;
  const bytes = await source.read(dataEnd, gap);
  if (hasSignature && bytes.readUInt32LE(0) !== DESCRIPTOR_SIGNATURE) throw descriptorMismatch(entry);
  const fields = hasSignature ? bytes.subarray(4) : bytes;
  const packedBytes = wide ? readUint64(fields, 4) : fields.readUInt32LE(4);
  const sizeBytes = wide ? readUint64(fields, 12) : fields.readUInt32LE(8);
  const agrees =
    fields.readUInt32LE(0) === entry.crc32 && packedBytes === entry.packedBytes && sizeBytes === entry.sizeBytes;
  if (!agrees) throw descriptorMismatch(entry);
  // Without a signature, a CRC that equals it reads as one; and a reader that walks stored data finds its end by it.
  if (!hasSignature && (entry.crc32 === DESCRIPTOR_SIGNATURE || entry.method === METHOD_STORED)) {
    throw ambiguousDescriptor(entry);
  }
  return next;
}

/** The refusal of a descriptor that a walking reader could look for in another place. */
export function ambiguousDescriptor(entry: ArchiveEntry): PackageError {
  return new PackageError(
    'data-descriptor-ambiguous',
    `Where the data of ${quotePath(entry.path)} ends depends on the reader.`,
    { path: entry.path },
  );
}

function descriptorMismatch(entry: ArchiveEntry): PackageError {
  return new PackageError(
    'data-descriptor-mismatch',
    `The data descriptor of ${quotePath(entry.path)} disagrees with the central directory.`,
    { path: entry.path },
  );
}

function mismatch(entry: ArchiveEntry, field: string): PackageError {
  return new PackageError(
    'local-header-mismatch',
    `The local header of ${quotePath(entry.path)} has another ${field} than the central directory.`,
    { path: entry.path, evidence: [{ path: entry.path, kind: field }] },
  );
}
