import type { Budget } from '../budget.js';
import type { PackageLimits } from '../limits.js';
import { PackageError, quotePath } from '../package-error.js';
import type { ByteSource } from './byte-source.js';
import type { DirectoryExtent } from './end-record.js';
import { checkPath, decodePath } from './entry-path.js';
import { type ExtraFields, parseExtraFields } from './extra-fields.js';
import {
  type ArchiveEntry,
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  FLAG_ENCRYPTED,
  FLAG_MASKED_HEADERS,
  FLAG_PATCH,
  FLAG_STRONG_ENCRYPTION,
  FLAG_UTF8,
  FLAGS_ALLOWED,
  METHOD_DEFLATED,
  METHOD_STORED,
  SATURATED_16,
  SATURATED_32,
  readUint64,
} from './records.js';

/** Version 4.5 of the format brought ZIP64; everything later is about encryption and other compressors. */
const HIGHEST_VERSION = 45;
const DOS_DIRECTORY = 0x10;

/** Reads every record of the central directory and refuses what no package needs or what readers take differently. */
export async function readCentralDirectory(
  source: ByteSource,
  extent: DirectoryExtent,
  limits: PackageLimits,
  budget: Budget,
): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  let position = extent.offset;
  let unpackedBytes = 0;
  while (position < extent.end) {
    await budget.spend();
    if (entries.length === extent.entryCount) {
      throw new PackageError('central-directory-count', 'The central directory holds more than the end record counts.');
    }
    const { entry, end } = await readRecord(source, position, extent.end, limits);
    unpackedBytes += entry.sizeBytes;
    if (unpackedBytes > limits.unpackedBytes) {
      throw new PackageError('unpacked-too-large', `The entries unpack to more than ${limits.unpackedBytes} bytes.`);
    }
    checkRatio(entry, limits);
    entries.push(entry);
    position = end;
  }
  if (entries.length !== extent.entryCount) {
    throw new PackageError('central-directory-count', 'The central directory holds fewer than the end record counts.');
  }
  return entries;
}

async function readRecord(
  source: ByteSource,
  position: number,
  limit: number,
  limits: PackageLimits,
): Promise<{ entry: ArchiveEntry; end: number }> {
  const malformed = () =>
    new PackageError('central-directory-malformed', `No central directory record stands at byte ${position}.`);
  if (position + CENTRAL_BYTES > limit) throw malformed();
  const header = Buffer.from(await source.read(position, CENTRAL_BYTES));
  if (header.readUInt32LE(0) !== CENTRAL_SIGNATURE) throw malformed();
  const nameBytes = header.readUInt16LE(28);
  const extraBytes = header.readUInt16LE(30);
  const commentBytes = header.readUInt16LE(32);
  const end = position + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
  if (end > limit) throw malformed();
  if (nameBytes > limits.pathBytes) {
    throw new PackageError('path-too-long', `A path of ${nameBytes} bytes; at most ${limits.pathBytes} are allowed.`);
  }
  const variable = await source.read(position + CENTRAL_BYTES, nameBytes + extraBytes);
  const flags = header.readUInt16LE(8);
  const path = decodePath(variable.subarray(0, nameBytes), (flags & FLAG_UTF8) !== 0);
  checkPath(path);
  const extra = parseExtraFields(variable.subarray(nameBytes), path);
  checkFlags(flags, path);
  const method = header.readUInt16LE(10);
  if (method !== METHOD_STORED && method !== METHOD_DEFLATED) {
    throw new PackageError('compression-unsupported', `${quotePath(path)} uses compression method ${method}.`, {
      path,
    });
  }
  checkVersion(header.readUInt16LE(6), path);
  if (commentBytes !== 0) {
    throw new PackageError('entry-comment', `${quotePath(path)} carries a comment.`, { path });
  }
  const isDirectory = path.endsWith('/');
  checkType(header.readUInt32LE(38), isDirectory, path);
  const settled = settleSizes(header, extra, path);
  if (isDirectory && settled.sizeBytes !== 0) {
    throw new PackageError('directory-not-empty', `The directory entry ${quotePath(path)} has content.`, { path });
  }
  if (method === METHOD_STORED && settled.packedBytes !== settled.sizeBytes) {
    throw new PackageError('stored-size-mismatch', `${quotePath(path)} is stored, yet has two sizes.`, { path });
  }
  const entry: ArchiveEntry = {
    path,
    isDirectory,
    flags,
    method,
    time: header.readUInt16LE(12),
    date: header.readUInt16LE(14),
    crc32: header.readUInt32LE(16),
    ...settled,
    unknownExtraIds: extra.unknownIds,
  };
  return { entry, end };
}

function checkFlags(flags: number, path: string): void {
  const facts = { path };
  if (flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS)) {
    throw new PackageError('entry-encrypted', `${quotePath(path)} is encrypted.`, facts);
  }
  if (flags & FLAG_PATCH) throw new PackageError('entry-patch-data', `${quotePath(path)} is a patch.`, facts);
  if (flags & ~FLAGS_ALLOWED) {
    throw new PackageError('flags-unsupported', `${quotePath(path)} sets reserved flags (${flags}).`, facts);
  }
}

/** Refuses a record that asks for more than the format's version 4.5; the upper byte only names a host system. */
export function checkVersion(versionNeeded: number, path: string): void {
  const version = versionNeeded & 0xff;
  if (version > HIGHEST_VERSION) {
    throw new PackageError('version-unsupported', `${quotePath(path)} needs ZIP version ${version / 10}.`, { path });
  }
}

/**
 * The upper half of the external attributes is a Unix mode when the archive was made on Unix or macOS. Readers differ in
 * whether they look at the host first, so a mode that says link or device is refused from any host.
 */
function checkType(externalAttributes: number, isDirectory: boolean, path: string): void {
  const type = (externalAttributes >>> 16) & 0o170000;
  if (type === 0o120000) throw new PackageError('entry-symlink', `${quotePath(path)} is a symbolic link.`, { path });
  if (type !== 0 && type !== 0o100000 && type !== 0o040000) {
    throw new PackageError('entry-special-file', `${quotePath(path)} is a device, pipe or socket.`, { path });
  }
  const saysDirectory = type === 0o040000 || (type === 0 && (externalAttributes & DOS_DIRECTORY) !== 0);
  const saysFile = type === 0o100000;
  if ((saysDirectory && !isDirectory) || (saysFile && isDirectory)) {
    throw new PackageError('entry-type-mismatch', `${quotePath(path)} is a folder by one sign and a file by another.`, {
      path,
    });
  }
}

type Settled = Pick<ArchiveEntry, 'packedBytes' | 'sizeBytes' | 'recordOffset' | 'usesZip64Sizes'>;

/** Takes each size from its 32-bit field, or from ZIP64 exactly when that field defers to it. */
function settleSizes(header: Buffer, extra: ExtraFields, path: string): Settled {
  const invalid = (why: string) => new PackageError('zip64-invalid', `${quotePath(path)}: ${why}`, { path });
  if (header.readUInt16LE(34) !== 0) {
    if (header.readUInt16LE(34) === SATURATED_16) throw invalid('the disk number defers to ZIP64.');
    throw new PackageError('multi-disk', `${quotePath(path)} begins on another disk.`, { path });
  }
  let cursor = 0;
  const settle = (field: number): number => {
    if (field !== SATURATED_32) return field;
    if (extra.zip64 === undefined || cursor + 8 > extra.zip64.length) throw invalid('a 64-bit field is missing.');
    const value = readUint64(extra.zip64, cursor);
    cursor += 8;
    if (value === undefined) throw invalid('a 64-bit field is out of range.');
    return value;
  };
  const sizeBytes = settle(header.readUInt32LE(24));
  const packedBytes = settle(header.readUInt32LE(20));
  const usesZip64Sizes = cursor > 0;
  const recordOffset = settle(header.readUInt32LE(42));
  if (extra.zip64 !== undefined && (cursor === 0 || cursor !== extra.zip64.length)) {
    throw invalid('the ZIP64 field is not exactly as long as the fields that defer to it.');
  }
  return { packedBytes, sizeBytes, recordOffset, usesZip64Sizes };
}

function checkRatio(entry: ArchiveEntry, limits: PackageLimits): void {
  if (entry.sizeBytes > limits.ratioFloorBytes && entry.sizeBytes > limits.ratio * entry.packedBytes) {
    throw new PackageError(
      'compression-ratio',
      `${quotePath(entry.path)} unpacks to more than ${limits.ratio} times its packed size.`,
      { path: entry.path },
    );
  }
}
