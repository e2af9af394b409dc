import { deflateRawSync } from 'node:zlib';
import { forgePackage, honestFiles, jsonFile, manifest, verifyBytes } from './package-fixture.js';
import { type ForgedEntry, extraField, u32, u64 } from './zip-forge.js';

const files = honestFiles();
const main = files[1]!.data!;
const SATURATED = 0xffffffff;

/** What each writer makes of one file; the folder entry is what it makes of a folder. */
const writers: [string, (file: ForgedEntry) => ForgedEntry, ForgedEntry][] = [
  [
    "Go's archive/zip, streaming",
    (file) => ({ ...file, method: 8, descriptor: 'signed', extra: timestamp(5), madeBy: 0x0314 }),
    { name: 'assets/', madeBy: 0x0314, externalAttributes: 0o040755 * 65536 },
  ],
  [
    "Go's archive/zip, storing",
    (file) => ({ ...file, method: 0, descriptor: 'signed', versionNeeded: 20 }),
    { name: 'assets/' },
  ],
  [
    "Python's zipfile to a seekable file",
    (file) => ({ ...file, method: 8, madeBy: 0x0314, externalAttributes: 0o100600 * 65536 }),
    { name: 'assets/', madeBy: 0x0314, externalAttributes: 0o040755 * 65536 + 0x10 },
  ],
  ["Python's zipfile to a pipe", (file) => ({ ...file, method: 8, descriptor: 'signed' }), { name: 'assets/' }],
  [
    "Python's zipfile with force_zip64",
    (file) => ({
      ...file,
      method: 8,
      versionNeeded: 45,
      local: {
        size: SATURATED,
        packedSize: SATURATED,
        extra: extraField(1, u64(file.data!.length, deflateRawSync(file.data!).length)),
      },
    }),
    { name: 'assets/' },
  ],
  [
    "Python's zipfile with force_zip64 to a pipe",
    (file) => ({
      ...file,
      method: 8,
      versionNeeded: 45,
      descriptor: 'zip64-signed',
      local: { crc: 0, size: SATURATED, packedSize: SATURATED, extra: extraField(1, u64(0, 0)) },
    }),
    { name: 'assets/' },
  ],
  [
    "Java's ZipOutputStream",
    (file) => ({ ...file, method: 8, flags: 0x808, descriptor: 'signed', madeBy: 20 }),
    { name: 'assets/', method: 8, flags: 0x808, descriptor: 'signed' },
  ],
  [
    "Java's jar",
    (file) => ({
      ...file,
      method: 8,
      flags: 0x808,
      descriptor: 'signed',
      local: { extra: extraField(0xcafe, Buffer.alloc(0)) },
      central: { extra: extraField(0xcafe, Buffer.alloc(0)) },
    }),
    { name: 'assets/', flags: 0x800, versionNeeded: 10 },
  ],
  [
    'Info-ZIP',
    (file) => ({
      ...file,
      method: 8,
      madeBy: 0x031e,
      externalAttributes: (0o100644 * 65536 + 1) >>> 0,
      local: { extra: Buffer.concat([timestamp(9), owner()]) },
      central: { extra: Buffer.concat([timestamp(5), owner()]) },
    }),
    { name: 'assets/', madeBy: 0x031e, versionNeeded: 10, externalAttributes: 0o040755 * 65536 + 0x10 },
  ],
  [
    'Info-ZIP to a pipe',
    (file) => ({ ...file, method: 8, descriptor: 'signed', local: { size: file.data!.length } }),
    { name: 'assets/' },
  ],
];

function timestamp(length: number): Buffer {
  return extraField(0x5455, Buffer.alloc(length, 3));
}
function owner(): Buffer {
  return extraField(0x7875, Buffer.concat([Buffer.of(1, 4), u32(1000), Buffer.of(4), u32(1000)]));
}

describe('a package that was packed by another writer', () => {
  it.each(writers)('is accepted from %s', async (_title, write, folder) => {
    const empty = { name: 'empty.txt', data: Buffer.alloc(0) };
    const bytes = forgePackage([folder, ...[jsonFile(manifest), files[1]!, empty].map(write)]);
    const { entries, manifest: read, notes } = await verifyBytes(bytes);
    expect(read).toEqual(manifest);
    expect(entries.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ['assets/main.rml', main.length],
      ['empty.txt', 0],
      ['manifest.json', expect.any(Number)],
    ]);
    expect(notes).toEqual([]);
  });
});
