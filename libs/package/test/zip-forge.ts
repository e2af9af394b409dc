import { crc32, deflateRawSync } from 'node:zlib';

/** Fields of a header as they are written, right or wrong. */
export interface HeaderFields {
  name: Buffer;
  flags: number;
  method: number;
  time: number;
  date: number;
  crc: number;
  packedSize: number;
  size: number;
  extra: Buffer;
  versionNeeded: number;
}

export type DescriptorForm = 'plain' | 'signed' | 'zip64' | 'zip64-signed';

/** One record to be written; everything that is not given is what an honest writer would put there. */
export interface ForgedEntry {
  name: string | Buffer;
  data?: Buffer;
  method?: number;
  flags?: number;
  /** Bytes written as packed data, instead of the honest ones. */
  packed?: Buffer;
  /** In both headers, like the rest of this group. */
  crc?: number;
  size?: number;
  packedSize?: number;
  extra?: Buffer;
  versionNeeded?: number;
  local?: Partial<HeaderFields>;
  central?: Partial<HeaderFields>;
  /** Behind the data: one of the four forms with right values, or any bytes. Sets flag bit 3 and zeroes the local sizes. */
  descriptor?: DescriptorForm | Buffer;
  /** Bytes before and after this record that no header accounts for. */
  before?: Buffer;
  after?: Buffer;
  madeBy?: number;
  externalAttributes?: number;
  comment?: Buffer;
  disk?: number;
  offset?: number;
  /** Leaves the record out of one of the two lists. */
  omitLocal?: boolean;
  omitCentral?: boolean;
}

export interface ForgedEnd {
  prefix?: Buffer;
  /** Whether offsets count the prefix, as a careful forger would make them. */
  adjustOffsets?: boolean;
  beforeDirectory?: Buffer;
  afterDirectory?: Buffer;
  suffix?: Buffer;
  comment?: Buffer;
  end?: Partial<Record<'disk' | 'directoryDisk' | 'diskEntries' | 'entries' | 'size' | 'offset' | 'comment', number>>;
  /** Writes the ZIP64 end record and locator, with these fields forged. */
  zip64?: Partial<
    Record<
      | 'recordSize'
      | 'diskEntries'
      | 'entries'
      | 'size'
      | 'offset'
      | 'disk'
      | 'locatorOffset'
      | 'locatorDisk'
      | 'disks'
      | 'signature',
      number
    >
  >;
}

export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16LE(value, index * 2));
  return bytes;
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4));
  return bytes;
}

export function u64(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8));
  return bytes;
}

/** An extra field with its id and length. */
export function extraField(id: number, data: Buffer): Buffer {
  return Buffer.concat([u16(id, data.length), data]);
}

/** Writes a ZIP archive in which every field can be a lie. */
export function forgeZip(entries: ForgedEntry[], forged: ForgedEnd = {}): Buffer {
  const prefix = forged.prefix ?? Buffer.alloc(0);
  const chunks: Buffer[] = [prefix];
  let position = forged.adjustOffsets === false ? 0 : prefix.length;
  const put = (bytes: Buffer) => {
    chunks.push(bytes);
    position += bytes.length;
  };
  const directory: Buffer[] = [];
  for (const entry of entries) {
    put(entry.before ?? Buffer.alloc(0));
    const offset = entry.offset ?? position;
    const { local, central, packed, descriptor } = settleEntry(entry);
    if (!entry.omitLocal) {
      put(writeLocal(local));
      put(packed);
      put(descriptor);
    }
    put(entry.after ?? Buffer.alloc(0));
    if (!entry.omitCentral) directory.push(writeCentral(central, entry, offset));
  }
  put(forged.beforeDirectory ?? Buffer.alloc(0));
  const directoryOffset = position;
  const directoryBytes = Buffer.concat(directory);
  put(directoryBytes);
  put(forged.afterDirectory ?? Buffer.alloc(0));
  const truth = { entries: directory.length, size: directoryBytes.length, offset: directoryOffset };
  if (forged.zip64) put(writeZip64End(forged.zip64, truth, position));
  const comment = forged.comment ?? Buffer.alloc(0);
  const end = {
    disk: 0,
    directoryDisk: 0,
    diskEntries: truth.entries,
    comment: comment.length,
    ...truth,
    ...forged.end,
  };
  put(u32(0x06054b50));
  put(u16(end.disk, end.directoryDisk, end.diskEntries, end.entries));
  put(u32(end.size, end.offset));
  put(u16(end.comment));
  put(comment);
  put(forged.suffix ?? Buffer.alloc(0));
  return Buffer.concat(chunks);
}

function settleEntry(entry: ForgedEntry) {
  const data = entry.data ?? Buffer.alloc(0);
  const method = entry.method ?? 0;
  const packed = entry.packed ?? (method === 8 ? deflateRawSync(data) : data);
  const name = Buffer.isBuffer(entry.name) ? entry.name : Buffer.from(entry.name);
  const isAscii = name.every((byte) => byte < 0x80);
  const flags = (entry.flags ?? (isAscii ? 0 : 0x800)) | (entry.descriptor === undefined ? 0 : 8);
  const common: HeaderFields = {
    name,
    flags,
    method,
    time: 0,
    date: 0x21,
    crc: entry.crc ?? crc32(data),
    packedSize: entry.packedSize ?? packed.length,
    size: entry.size ?? data.length,
    extra: entry.extra ?? Buffer.alloc(0),
    versionNeeded: entry.versionNeeded ?? 20,
  };
  const zeroed = entry.descriptor === undefined ? {} : { crc: 0, packedSize: 0, size: 0 };
  const truth = { crc: common.crc, packedSize: packed.length, size: data.length };
  return {
    local: { ...common, ...zeroed, ...entry.local },
    central: { ...common, ...entry.central },
    packed,
    descriptor: writeDescriptor(entry.descriptor, truth),
  };
}

function writeDescriptor(
  form: DescriptorForm | Buffer | undefined,
  { crc, packedSize, size }: { crc: number; packedSize: number; size: number },
): Buffer {
  if (form === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(form)) return form;
  const sizes = form.startsWith('zip64') ? u64(packedSize, size) : u32(packedSize, size);
  const signature = form.endsWith('signed') ? u32(0x08074b50) : Buffer.alloc(0);
  return Buffer.concat([signature, u32(crc), sizes]);
}

function writeLocal(fields: HeaderFields): Buffer {
  return Buffer.concat([u32(0x04034b50), writeCommon(fields), fields.name, fields.extra]);
}

function writeCentral(fields: HeaderFields, entry: ForgedEntry, offset: number): Buffer {
  const comment = entry.comment ?? Buffer.alloc(0);
  return Buffer.concat([
    u32(0x02014b50),
    u16(entry.madeBy ?? 20),
    writeCommon(fields),
    u16(comment.length, entry.disk ?? 0, 0),
    u32(entry.externalAttributes ?? 0, offset),
    fields.name,
    fields.extra,
    comment,
  ]);
}

function writeCommon(fields: HeaderFields): Buffer {
  return Buffer.concat([
    u16(fields.versionNeeded, fields.flags, fields.method, fields.time, fields.date),
    u32(fields.crc, fields.packedSize, fields.size),
    u16(fields.name.length, fields.extra.length),
  ]);
}

function writeZip64End(
  forged: NonNullable<ForgedEnd['zip64']>,
  truth: { entries: number; size: number; offset: number },
  position: number,
): Buffer {
  const fields = {
    signature: 0x06064b50,
    recordSize: 44,
    disk: 0,
    diskEntries: truth.entries,
    locatorOffset: position,
    locatorDisk: 0,
    disks: 1,
    ...truth,
    ...forged,
  };
  return Buffer.concat([
    u32(fields.signature),
    u64(fields.recordSize),
    u16(45, 45),
    u32(fields.disk, 0),
    u64(fields.diskEntries, fields.entries, fields.size, fields.offset),
    u32(0x07064b50, fields.locatorDisk),
    u64(fields.locatorOffset),
    u32(fields.disks),
  ]);
}
