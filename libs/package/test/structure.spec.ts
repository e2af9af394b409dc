import { forgePackage, honestFiles, refusalOf, signatureEntries, listOf, verifyBytes } from './package-fixture.js';
import { type ForgedEnd, forgeZip, u16, u32 } from './zip-forge.js';

const SATURATED = 0xffffffff;
const saturatedEnd = { entries: 0xffff, diskEntries: 0xffff, size: SATURATED, offset: SATURATED };
const endRecord = (comment: number) => Buffer.concat([u32(0x06054b50), u16(0, 0, 0, 0), u32(0, 0), u16(comment)]);
const bytes = Buffer.from('some bytes nobody announced');

describe('the end of the file', () => {
  const refused: [string, string, ForgedEnd][] = [
    ['archive-comment', 'an archive comment', { comment: bytes }],
    ['archive-comment', 'an announced comment that is not there', { end: { comment: 5 } }],
    ['trailing-data', 'bytes behind the end record', { suffix: bytes }],
    ['multi-disk', 'a disk number', { end: { disk: 1 } }],
    ['multi-disk', 'a directory on another disk', { end: { directoryDisk: 1 } }],
    ['multi-disk', 'fewer entries on this disk', { end: { diskEntries: 3 } }],
    ['central-directory-count', 'a count that is too high', { end: { entries: 5, diskEntries: 5 } }],
    ['central-directory-count', 'a count that is too low', { end: { entries: 3, diskEntries: 3 } }],
    ['data-after-central-directory', 'bytes behind the directory', { afterDirectory: bytes }],
    ['end-record-duplicate', 'an end record inside the bytes of a directory', { end: {}, ...twoEndsInDirectory() }],
    ['data-after-central-directory', 'two end records in a row', { afterDirectory: endRecord(0) }],
    ['central-directory-size', 'a directory that reaches too far', { end: { size: 100_000 } }],
    ['data-before-first-record', 'a prefix that the offsets do not count', { prefix: bytes, adjustOffsets: false }],
    ['data-before-first-record', 'a prefix that the offsets count', { prefix: bytes }],
    ['data-after-last-record', 'bytes before the directory', { beforeDirectory: bytes }],
    ['zip64-invalid', 'a count that defers to ZIP64 records that are missing', { end: { entries: 0xffff } }],
    ['zip64-invalid', 'an offset that defers to ZIP64 records that are missing', { end: { offset: SATURATED } }],
    ['zip64-invalid', 'a ZIP64 record with another count', { zip64: { entries: 3 } }],
    ['zip64-invalid', 'a ZIP64 record with another directory', { zip64: { offset: 1 } }],
    ['zip64-invalid', 'a ZIP64 record of a wrong length', { zip64: { recordSize: 45 }, end: saturatedEnd }],
    ['zip64-invalid', 'a ZIP64 record without its mark', { zip64: { signature: 1 }, end: saturatedEnd }],
    ['zip64-invalid', 'a ZIP64 locator that points elsewhere', { zip64: { locatorOffset: 0 }, end: saturatedEnd }],
    ['zip64-invalid', 'a ZIP64 count beyond 2^53', { zip64: { entries: 2 ** 60 }, end: saturatedEnd }],
    ['multi-disk', 'a ZIP64 locator for two disks', { zip64: { disks: 2 }, end: saturatedEnd }],
    ['multi-disk', 'a ZIP64 record of another disk', { zip64: { disk: 1 }, end: { ...saturatedEnd, disk: 0xffff } }],
    ['zip64-invalid', 'a ZIP64 record of a disk the end record denies', { zip64: { disk: 1 }, end: saturatedEnd }],
    ['central-directory-size', 'a ZIP64 directory beyond the file', { zip64: { offset: 2 ** 40 }, end: saturatedEnd }],
    [
      'too-many-entries',
      'a ZIP64 count over the limit',
      { zip64: { entries: 70000, diskEntries: 70000 }, end: saturatedEnd },
    ],
  ];

  function twoEndsInDirectory(): ForgedEnd {
    // An honest size that covers the second record makes it part of the directory.
    const honest = forgePackage();
    return { afterDirectory: endRecord(0), end: { size: honest.readUInt32LE(honest.length - 10) + 22 } };
  }

  it.each(refused)('refuses with %s: %s', async (code, _title, end) => {
    expect((await refusalOf(forgePackage(honestFiles(), end))).code).toBe(code);
  });

  it('accepts the honest package that all of these are made from', async () => {
    expect((await verifyBytes(forgePackage())).entries.map(({ path }) => path)).toEqual([
      'assets/main.rml',
      'manifest.json',
    ]);
  });

  it('accepts ZIP64 end records that are right, whether or not the end record defers to them', async () => {
    await expect(verifyBytes(forgePackage(honestFiles(), { zip64: {} }))).resolves.toBeDefined();
    await expect(verifyBytes(forgePackage(honestFiles(), { zip64: {}, end: saturatedEnd }))).resolves.toBeDefined();
  });

  it('refuses what is no archive', async () => {
    expect((await refusalOf(Buffer.alloc(0))).code).toBe('archive-too-short');
    expect((await refusalOf(Buffer.from('PK'))).code).toBe('archive-too-short');
    expect((await refusalOf(Buffer.alloc(1000, 'not a zip '))).code).toBe('end-record-missing');
  });

  it('refuses an archive without entries', async () => {
    expect((await refusalOf(forgeZip([]))).code).toBe('manifest-mf-missing');
  });

  it('refuses stored data in which a backward search could find another end of this file', async () => {
    const files = honestFiles();
    const shell = forgePackage([...files, { name: 'a.bin', data: endRecord(0) }]);
    const at = shell.indexOf(Buffer.from('PK\x05\x06'));
    const reaching = endRecord(shell.length - at - 22);
    expect((await refusalOf(forgePackage([...files, { name: 'a.bin', data: reaching }]))).code).toBe(
      'end-record-duplicate',
    );
  });

  it('accepts a stored archive inside the package and tells the reviewer', async () => {
    const inner = forgeZip([{ name: 'inner.txt', data: bytes }]);
    const verified = await verifyBytes(forgePackage([...honestFiles(), { name: 'inner.zip', data: inner }]));
    expect(verified.notes).toEqual([{ code: 'nested-archive', detail: expect.stringContaining('inner.zip') }]);
  });
});

describe('the records', () => {
  const files = honestFiles();
  const [json, main] = files as [(typeof files)[0], (typeof files)[0]];

  it('refuses bytes between two records', async () => {
    expect((await refusalOf(forgePackage([json, { ...main, before: bytes }]))).code).toBe('data-between-records');
  });

  it('refuses a local record that the directory does not list', async () => {
    const hidden = { name: 'hidden.txt', data: bytes, omitCentral: true };
    const signed = signatureEntries(listOf(files));
    expect((await refusalOf(forgeZip([json, hidden, main, ...signed]))).code).toBe('data-between-records');
    expect((await refusalOf(forgeZip([...files, ...signed, hidden]))).code).toBe('data-after-last-record');
    expect((await refusalOf(forgeZip([hidden, ...files, ...signed]))).code).toBe('data-before-first-record');
  });

  it('refuses two directory records that share one local record', async () => {
    const twin = { name: 'twin.txt', data: json.data, omitLocal: true, offset: 0 };
    expect((await refusalOf(forgePackage([json, twin, main]))).code).toBe('records-overlap');
  });

  it('refuses a record that reaches over the next one', async () => {
    const long = { ...json, size: json.data!.length + 10, packedSize: json.data!.length + 10 };
    expect((await refusalOf(forgePackage([long, main]))).code).toBe('records-overlap');
  });

  it('refuses a record that reaches into the directory', async () => {
    const tail = { name: 'tail.txt', data: bytes, size: 5000, packedSize: 5000 };
    expect((await refusalOf(forgeZip([...files, ...signatureEntries(listOf(files)), tail]))).code).toBe(
      'records-overlap',
    );
  });

  it('refuses a directory record without a local header', async () => {
    expect((await refusalOf(forgeZip([{ name: 'a', omitLocal: true }]))).code).toBe('local-header-missing');
    expect((await refusalOf(forgeZip([{ name: 'a', omitLocal: true, after: Buffer.alloc(40) }]))).code).toBe(
      'local-header-missing',
    );
  });

  it('refuses a directory that holds something else', async () => {
    const package_ = forgePackage();
    const at = package_.indexOf(Buffer.from('PK\x01\x02'));
    package_.write('PK\x05\x05', at, 'latin1');
    expect((await refusalOf(package_)).code).toBe('central-directory-malformed');
  });

  it('refuses a directory record whose name is longer than the directory', async () => {
    const package_ = forgePackage();
    const at = package_.lastIndexOf(Buffer.from('PK\x01\x02'));
    package_.writeUInt16LE(200, at + 28);
    expect((await refusalOf(package_)).code).toBe('central-directory-malformed');
  });

  it('accepts records in another order than the directory', async () => {
    const package_ = forgePackage();
    const directoryAt = package_.indexOf(Buffer.from('PK\x01\x02'));
    const secondAt = package_.indexOf(Buffer.from('PK\x01\x02'), directoryAt + 4);
    const thirdAt = package_.indexOf(Buffer.from('PK\x01\x02'), secondAt + 4);
    const swapped = Buffer.concat([
      package_.subarray(0, directoryAt),
      package_.subarray(secondAt, thirdAt),
      package_.subarray(directoryAt, secondAt),
      package_.subarray(thirdAt),
    ]);
    expect((await verifyBytes(swapped)).entries).toHaveLength(2);
  });
});
