import { crc32, deflateRawSync } from 'node:zlib';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  FLAG_UTF8,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  METHOD_DEFLATED,
  METHOD_STORED,
  SATURATED_16,
  SATURATED_32,
} from '../archive/records.js';
import { PackageError } from '../package-error.js';

/** 1 January 1980, the first day the format knows: the same content gives the same bytes whenever it is built. */
const DOS_DATE = (1 << 5) | 1;
const VERSION = 20;
/** Regular file, readable by all, as made on Unix: so that no build machine shows through. */
const MADE_BY_UNIX = (3 << 8) | VERSION;
const EXTERNAL_ATTRIBUTES = 0o100644 * 0x10000;

/** Writes records one after another into a sink; every one is complete before its data, so no descriptors are needed. */
export class ZipWriter {
  private readonly sink: (bytes: Buffer) => Promise<void>;
  private readonly central: Buffer[] = [];
  private offset = 0;

  constructor(sink: (bytes: Buffer) => Promise<void>) {
    this.sink = sink;
  }

  async add(path: string, data: Buffer): Promise<void> {
    const name = Buffer.from(path);
    const deflated = deflateRawSync(data, { level: 9 });
    const isSmaller = deflated.length < data.length;
    const packed = isSmaller ? deflated : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(FLAG_UTF8, 2);
    common.writeUInt16LE(isSmaller ? METHOD_DEFLATED : METHOD_STORED, 4);
    common.writeUInt16LE(DOS_DATE, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);

    const local = Buffer.alloc(LOCAL_BYTES);
    local.writeUInt32LE(LOCAL_SIGNATURE, 0);
    common.copy(local, 4);
    const central = Buffer.alloc(CENTRAL_BYTES);
    central.writeUInt32LE(CENTRAL_SIGNATURE, 0);
    central.writeUInt16LE(MADE_BY_UNIX, 4);
    common.copy(central, 6);
    central.writeUInt32LE(EXTERNAL_ATTRIBUTES, 38);
    central.writeUInt32LE(this.offset, 42);
    this.central.push(central, name);

    await this.write(Buffer.concat([local, name]));
    await this.write(packed);
  }

  async finish(): Promise<void> {
    const entryCount = this.central.length / 2;
    const directoryOffset = this.offset;
    const directory = Buffer.concat(this.central);
    if (entryCount >= SATURATED_16 || directoryOffset + directory.length >= SATURATED_32) {
      throw new PackageError('package-too-large', 'The package is larger than any limit allows.');
    }
    const end = Buffer.alloc(END_BYTES);
    end.writeUInt32LE(END_SIGNATURE, 0);
    end.writeUInt16LE(entryCount, 8);
    end.writeUInt16LE(entryCount, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(directoryOffset, 16);
    await this.write(directory);
    await this.write(end);
  }

  private async write(bytes: Buffer): Promise<void> {
    await this.sink(bytes);
    this.offset += bytes.length;
  }
}
