import { crc32, deflateRawSync } from 'node:zlib';
import { forgePackage, honestFiles, refusalOf, verifyBytes } from './package-fixture.js';
import { type ForgedEntry, extraField, u16, u32, u64 } from './zip-forge.js';

const SATURATED = 0xffffffff;
const data = Buffer.from('content of the entry under attack, content of the entry under attack');
const packed = deflateRawSync(data);
/** The package with one more entry, made as asked. */
const withEntry = (forged: Partial<ForgedEntry>) =>
  forgePackage([...honestFiles(), { name: 'x.txt', data, method: 8, ...forged }]);
const zip64 = (...values: number[]) => extraField(1, u64(...values));

describe('headers', () => {
  const refused: [string, string, Partial<ForgedEntry>][] = [
    ['local-header-mismatch', 'another local name', { local: { name: Buffer.from('y.txt') } }],
    ['local-header-mismatch', 'a longer local name', { local: { name: Buffer.from('x.txt2') } }],
    ['local-header-mismatch', 'other local flags', { local: { flags: 0x800 } }],
    ['local-header-mismatch', 'another local method', { local: { method: 0 } }],
    ['local-header-mismatch', 'another local time', { local: { time: 5 } }],
    ['local-header-mismatch', 'another local date', { local: { date: 5 } }],
    ['local-header-mismatch', 'another local CRC', { local: { crc: 5 } }],
    ['local-header-mismatch', 'another local packed size', { local: { packedSize: 5 } }],
    ['local-header-mismatch', 'another local size', { local: { size: 5 } }],
    ['local-header-mismatch', 'zero sizes without a descriptor', { local: { crc: 0, size: 0, packedSize: 0 } }],
    ['entry-encrypted', 'encryption', { flags: 1 }],
    ['entry-encrypted', 'strong encryption', { flags: 1 | (1 << 6) }],
    ['entry-encrypted', 'masked headers', { flags: 1 << 13 }],
    ['entry-patch-data', 'patch data', { flags: 1 << 5 }],
    ['flags-unsupported', 'enhanced deflating', { flags: 1 << 4 }],
    ['flags-unsupported', 'a reserved flag', { flags: 1 << 15 }],
    ['compression-unsupported', 'Deflate64', { method: 9, packed }],
    ['compression-unsupported', 'Zstandard', { method: 93, packed }],
    ['compression-unsupported', 'AES as a method', { method: 99, packed }],
    ['version-unsupported', 'a version that knows encryption', { versionNeeded: 51 }],
    ['version-unsupported', 'such a version in the local header only', { local: { versionNeeded: 63 } }],
    ['entry-comment', 'an entry comment', { comment: Buffer.from('hello') }],
    ['multi-disk', 'another disk', { disk: 1 }],
    ['entry-symlink', 'a symbolic link made on Unix', { madeBy: 0x0314, externalAttributes: 0o120777 * 65536 }],
    ['entry-symlink', 'a symbolic link made on macOS', { madeBy: 0x1314, externalAttributes: 0o120777 * 65536 }],
    ['entry-symlink', 'a symbolic link that claims to be from DOS', { externalAttributes: 0o120777 * 65536 }],
    ['entry-special-file', 'a character device', { madeBy: 0x0314, externalAttributes: 0o020644 * 65536 }],
    ['entry-special-file', 'a block device', { madeBy: 0x0314, externalAttributes: 0o060644 * 65536 }],
    ['entry-special-file', 'a pipe', { madeBy: 0x0314, externalAttributes: 0o010644 * 65536 }],
    ['entry-special-file', 'a socket', { madeBy: 0x0314, externalAttributes: 0o140644 * 65536 }],
    ['entry-type-mismatch', 'a folder by mode, a file by name', { externalAttributes: 0o040755 * 65536 }],
    ['entry-type-mismatch', 'a folder by DOS attribute, a file by name', { externalAttributes: 0x10 }],
    ['entry-type-mismatch', 'a file by mode, a folder by name', emptyFolder({ externalAttributes: 0o100644 * 65536 })],
    ['directory-not-empty', 'a folder with content', { name: 'folder/' }],
    ['stored-size-mismatch', 'a stored entry of two sizes', { method: 0, size: 3 }],
    ['extra-field-malformed', 'an extra field beyond its block', { extra: Buffer.concat([u16(0x5455, 9), u32(1)]) }],
    ['extra-field-malformed', 'a rest after the extra fields', { extra: Buffer.alloc(3) }],
    ['extra-field-malformed', 'a malformed local extra field', { local: { extra: Buffer.alloc(2) } }],
    ['extra-field-duplicate', 'one extra field twice', { extra: Buffer.concat([unknown(), unknown()]) }],
    ['extra-field-forbidden', 'a Unicode path', { extra: extraField(0x7075, Buffer.from('\x01aaaay.txt')) }],
    ['extra-field-forbidden', 'a local Unicode path', { local: { extra: extraField(0x7075, Buffer.from('\x01a')) } }],
    ['extra-field-forbidden', 'a Unicode comment', { extra: extraField(0x6375, Buffer.from('\x01aaaahi')) }],
    ['extra-field-forbidden', 'AES encryption', { extra: extraField(0x9901, Buffer.alloc(7)) }],
    ['extra-field-forbidden', 'strong encryption', { extra: extraField(0x0017, Buffer.alloc(8)) }],
    ['extra-field-forbidden', 'a patch descriptor', { extra: extraField(0x000f, Buffer.alloc(8)) }],
    ['extra-field-forbidden', 'a Unix link target', { extra: extraField(0x000d, Buffer.alloc(20)) }],
    ['extra-field-forbidden', 'an ASi Unix link target', { extra: extraField(0x756e, Buffer.alloc(20)) }],
  ];

  function emptyFolder(forged: Partial<ForgedEntry>): Partial<ForgedEntry> {
    return { name: 'folder/', data: Buffer.alloc(0), method: 0, ...forged };
  }
  function unknown(): Buffer {
    return extraField(0x4242, Buffer.alloc(2));
  }

  it.each(refused)('are refused with %s: %s', async (code, _title, forged) => {
    const error = await refusalOf(withEntry(forged));
    expect([error.code, error.check]).toEqual([code, 'archive']);
  });

  const accepted: [string, Partial<ForgedEntry>][] = [
    ['timestamps of another length in each header', { local: { extra: extraField(0x5455, Buffer.alloc(9)) } }],
    ['an empty folder', emptyFolder({})],
    ['an empty folder with its mode', emptyFolder({ madeBy: 0x0314, externalAttributes: 0o040755 * 65536 + 0x10 })],
    ['an empty folder that is deflated', emptyFolder({ method: 8 })],
    ['a regular file with its mode', { madeBy: 0x0314, externalAttributes: 0o100755 * 65536 }],
    ['bits that tell how hard the compressor tried', { flags: 6 }],
    ['an ASCII name marked as UTF-8', { flags: 0x800 }],
    ['a name in UTF-8', { name: 'Überblick/日本.txt' }],
    ['an empty file', { data: Buffer.alloc(0), method: 0 }],
    ['an empty deflated file', { data: Buffer.alloc(0) }],
  ];

  it.each(accepted)('are accepted: %s', async (_title, forged) => {
    await expect(verifyBytes(withEntry(forged))).resolves.toBeDefined();
  });

  it('shows extra fields it does not know to the reviewer', async () => {
    const { notes } = await verifyBytes(withEntry({ central: { extra: unknown() } }));
    expect(notes).toEqual([{ code: 'unknown-extra-field', detail: expect.stringContaining('0x4242') }]);
  });
});

describe('ZIP64 sizes', () => {
  const sat = { size: SATURATED, packedSize: SATURATED };
  const right = { ...sat, extra: zip64(data.length, packed.length) };
  const refused: [string, Partial<ForgedEntry>][] = [
    ['a field that nothing defers to', { central: { extra: zip64(data.length, packed.length) } }],
    ['a size that defers to nothing', { central: { size: SATURATED } }],
    ['a field that is too short', { central: { ...sat, extra: zip64(data.length) }, local: right }],
    ['a field that is too long', { central: { ...sat, extra: zip64(data.length, packed.length, 0) }, local: right }],
    ['a size beyond 2^53', { central: { ...sat, extra: zip64(2 ** 60, packed.length) }, local: right }],
    ['a disk number that defers to it', { disk: 0xffff }],
    ['a local field that nothing defers to', { local: { extra: zip64(data.length, packed.length) } }],
    ['a local field for one size only', { local: { size: SATURATED, extra: zip64(data.length) } }],
    ['a local size that defers to nothing', { local: { packedSize: SATURATED } }],
    ['a local size beyond 2^53', { local: { ...sat, extra: zip64(data.length, packed.length, 1) } }],
  ];

  it.each(refused)('are refused with zip64-invalid: %s', async (_title, forged) => {
    expect((await refusalOf(withEntry(forged))).code).toBe('zip64-invalid');
  });

  it('are refused when the headers disagree through them', async () => {
    const forged = { central: right, local: { ...sat, extra: zip64(data.length + 1, packed.length) } };
    expect((await refusalOf(withEntry(forged))).code).toBe('local-header-mismatch');
  });

  it('are accepted when both headers carry them, or one of the two', async () => {
    await expect(verifyBytes(withEntry({ central: right, local: right }))).resolves.toBeDefined();
    await expect(verifyBytes(withEntry({ central: right }))).resolves.toBeDefined();
    await expect(verifyBytes(withEntry({ local: right }))).resolves.toBeDefined();
  });
});

describe('content', () => {
  const long = Buffer.from(Array.from({ length: 400_000 }, (_, index) => `${index * 7919}\n`).join(''));
  const longPacked = deflateRawSync(long);
  const cut = (bytes: Buffer) => ({ packed: bytes.subarray(0, -1) });
  const lengthen = (bytes: Buffer) => ({ packed: Buffer.concat([bytes, Buffer.from('tail')]) });
  const refused: [string, string, Partial<ForgedEntry>][] = [
    ['crc-mismatch', 'a wrong CRC', { crc: 1 }],
    ['crc-mismatch', 'a wrong CRC of stored data', { crc: 1, method: 0 }],
    ['deflate-corrupt', 'a stream that is no deflate stream', { packed: Buffer.alloc(20, 0xff) }],
    ['deflate-truncated', 'a stream that does not end', cut(packed)],
    ['deflate-truncated', 'no stream at all', { packed: Buffer.alloc(0) }],
    ['deflate-trailing-data', 'bytes behind the stream', lengthen(packed)],
    ['size-mismatch', 'less than announced', { size: data.length + 1 }],
    ['size-mismatch', 'more than announced', { size: data.length - 1 }],
    ['size-mismatch', 'far more than announced', { data: long, size: 10 }],
    ['size-mismatch', 'a folder that inflates to something', { name: 'folder/', size: 0 }],
    ['crc-mismatch', 'a wrong CRC of a long entry', { data: long, crc: 1 }],
    ['deflate-corrupt', 'a corrupt long stream', { data: long, packed: Buffer.alloc(200_000, 0xff) }],
    ['deflate-truncated', 'a long stream that does not end', { data: long, ...cut(longPacked) }],
    ['deflate-trailing-data', 'bytes behind a long stream', { data: long, ...lengthen(longPacked) }],
    ['deflate-trailing-data', 'two long streams', { data: long, packed: Buffer.concat([longPacked, longPacked]) }],
    ['size-mismatch', 'less than announced by a long stream', { data: long, size: long.length + 1 }],
    ['size-mismatch', 'more than announced by a long stream', { data: long, size: long.length - 1 }],
  ];

  it.each(refused)('is refused with %s: %s', async (code, _title, forged) => {
    const error = await refusalOf(withEntry(forged));
    expect([error.code, error.path]).toEqual([code, forged.name ?? 'x.txt']);
  });

  it('is accepted when long', async () => {
    expect((await verifyBytes(withEntry({ data: long }))).entries.at(-1)?.sizeBytes).toBe(long.length);
    expect((await verifyBytes(withEntry({ data: long, method: 0 }))).entries.at(-1)?.sizeBytes).toBe(long.length);
  });
});

describe('data descriptors', () => {
  const sat = { size: SATURATED, packedSize: SATURATED };
  const central64 = { ...sat, extra: zip64(data.length, packed.length) };
  const accepted: [string, Partial<ForgedEntry>][] = [
    ['32-bit with signature', { descriptor: 'signed' }],
    ['32-bit without signature', { descriptor: 'plain' }],
    ['64-bit with signature, announced by the directory', { descriptor: 'zip64-signed', central: central64 }],
    ['64-bit without signature, announced by the directory', { descriptor: 'zip64', central: central64 }],
    ['64-bit, announced by the local header', { descriptor: 'zip64-signed', local: { ...sat, extra: zip64(0, 0) } }],
    ['behind stored data, with signature', { descriptor: 'signed', method: 0 }],
    [
      'with sizes in the local header too',
      { descriptor: 'signed', local: { size: data.length, packedSize: packed.length, crc: crc32(data) } },
    ],
  ];

  it.each(accepted)('are accepted: %s', async (_title, forged) => {
    await expect(verifyBytes(withEntry(forged))).resolves.toBeDefined();
  });

  const refused: [string, string, Partial<ForgedEntry>][] = [
    ['data-descriptor-missing', 'none where one is announced', { descriptor: Buffer.alloc(0) }],
    ['data-descriptor-missing', 'one of a wrong length', { descriptor: Buffer.alloc(17) }],
    ['data-descriptor-missing', 'a 64-bit one that nothing announces', { descriptor: 'zip64-signed' }],
    [
      'data-descriptor-missing',
      'a 32-bit one where 64 bits are announced',
      { descriptor: 'signed', central: central64 },
    ],
    ['data-descriptor-missing', 'bytes behind it', { descriptor: 'signed', after: Buffer.alloc(6) }],
    ['data-between-records', 'one that no flag announces', { after: Buffer.concat([u32(0x08074b50), u32(1, 2, 3)]) }],
    ['data-descriptor-mismatch', 'wrong values', { descriptor: u32(0x08074b50, 1, 2, 3) }],
    ['data-descriptor-mismatch', 'wrong values without signature', { descriptor: u32(1, 2, 3) }],
    ['data-descriptor-mismatch', 'a wrong signature', { descriptor: u32(0x08074b51, 1, 2, 3) }],
    ['data-descriptor-mismatch', 'another size', { descriptor: 'signed', central: { size: data.length + 1 } }],
    ['local-header-mismatch', 'another size in the local header', { descriptor: 'signed', local: { size: 5 } }],
    ['data-descriptor-ambiguous', 'stored data without signature', { descriptor: 'plain', method: 0 }],
    [
      'data-descriptor-ambiguous',
      'stored data that holds a descriptor',
      { descriptor: 'signed', method: 0, data: Buffer.concat([data, u32(0x08074b50, 1, 2, 3), data]) },
    ],
    ['data-descriptor-ambiguous', 'a CRC that reads as a signature', { descriptor: 'plain', crc: 0x08074b50 }],
  ];

  it.each(refused)('are refused with %s: %s', async (code, _title, forged) => {
    expect((await refusalOf(withEntry(forged))).code).toBe(code);
  });

  it('are refused when a mark in stored data lies across two chunks of reading', async () => {
    const split = Buffer.alloc(200_000, 'a');
    const clean = withEntry({ descriptor: 'signed', method: 0, data: split });
    await expect(verifyBytes(clean)).resolves.toBeDefined();
    for (const at of [65533, 65534, 65535, 131_070]) {
      const marked = Buffer.from(split);
      marked.write('PK\x07\x08', at, 'latin1');
      expect((await refusalOf(withEntry({ descriptor: 'signed', method: 0, data: marked }))).code).toBe(
        'data-descriptor-ambiguous',
      );
    }
  });
});
