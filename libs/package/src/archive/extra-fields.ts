import { PackageError, quotePath } from '../package-error.js';

/** Id of the extra field that holds 64-bit sizes and offsets. */
export const EXTRA_ZIP64 = 0x0001;

/** Timestamps and owner ids: harmless, and written by most tools. */
const KNOWN_HARMLESS = new Set([0x000a, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe]);

/** Fields that change what an entry is called, what it is, or how its bytes are read, but only for some readers. */
const FORBIDDEN = new Map([
  [0x0008, 'an alternative name encoding'],
  [0x000d, 'PKWARE Unix data, which can carry link targets'],
  [0x000e, 'file streams and forks'],
  [0x000f, 'a patch descriptor'],
  [0x0014, 'a certificate store'],
  [0x0015, 'a certificate'],
  [0x0016, 'a certificate'],
  [0x0017, 'strong encryption'],
  [0x0018, 'record management controls'],
  [0x0019, 'an encryption recipient list'],
  [0x0065, 'host attributes'],
  [0x0066, 'compressed host attributes'],
  [0x6375, 'a Unicode comment'],
  [0x7075, 'a Unicode path'],
  [0x756e, 'ASi Unix data, which can carry link targets'],
  [0x9901, 'AES encryption'],
]);

/** The extra fields of one header. */
export interface ExtraFields {
  zip64?: Buffer;
  unknownIds: number[];
}

/** Parses extra fields; refuses lengths that do not tile, repeated ids, and fields that some readers act on. */
export function parseExtraFields(bytes: Buffer, path: string): ExtraFields {
  const result: ExtraFields = { unknownIds: [] };
  const seen = new Set<number>();
  let offset = 0;
  while (offset < bytes.length) {
    const id = offset + 4 <= bytes.length ? bytes.readUInt16LE(offset) : 0;
    const dataEnd = offset + 4 <= bytes.length ? offset + 4 + bytes.readUInt16LE(offset + 2) : Infinity;
    if (dataEnd > bytes.length) {
      throw new PackageError(
        'extra-field-malformed',
        `The extra fields of ${quotePath(path)} do not fit their length.`,
        {
          path,
        },
      );
    }
    if (seen.has(id)) {
      throw new PackageError('extra-field-duplicate', `${quotePath(path)} carries extra field ${hex(id)} twice.`, {
        path,
      });
    }
    seen.add(id);
    const forbidden = FORBIDDEN.get(id);
    if (forbidden !== undefined) {
      throw new PackageError('extra-field-forbidden', `${quotePath(path)} carries ${forbidden} (${hex(id)}).`, {
        path,
      });
    }
    if (id === EXTRA_ZIP64) result.zip64 = Buffer.from(bytes.subarray(offset + 4, dataEnd));
    else if (!KNOWN_HARMLESS.has(id)) result.unknownIds.push(id);
    offset = dataEnd;
  }
  return result;
}

function hex(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`;
}
