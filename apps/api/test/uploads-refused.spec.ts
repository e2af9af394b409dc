import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import {
  forgePackage,
  honestFiles,
  jsonFile,
  listOf,
  manifest,
  png,
  privateKey,
  signatureEntries,
} from '../../../libs/package/test/package-fixture.js';
import { forgeZip, type ForgedEntry } from '../../../libs/package/test/zip-forge.js';
import { addSigningKey, buildTestPackage, createPublisher, expectStatus, type Publisher } from './support/actors.js';
import { countAudit, inventory } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp } from './support/steps.js';

const more = (...files: ForgedEntry[]) => forgePackage([...honestFiles(), ...files]);
const named = (name: string | Buffer) => more({ name, data: Buffer.from('x') });
const manifestOf = (change: Record<string, unknown>) =>
  forgePackage([jsonFile({ ...manifest, ...change }), ...honestFiles().slice(1)]);
const files = honestFiles();
const signed = (list: string, key = privateKey, rest: ForgedEntry[] = []) =>
  forgeZip([...files, ...signatureEntries(list, key), ...rest]);
const stranger = generateKeyPairSync('ed25519').privateKey;
const secondManifest = { ...jsonFile({ ...manifest, version_code: 99 }), name: 'manifest.json' };

/** One package of each class that must not come in, and the code that says why. */
const REFUSED: [code: string, what: string, bytes: () => Buffer][] = [
  ['archive-too-short', 'not an archive, in two bytes', () => Buffer.from('PK')],
  ['end-record-missing', 'not an archive, in a page of text', () => Buffer.alloc(4096, 'text ')],
  ['trailing-data', 'bytes behind the end', () => forgePackage(files, { suffix: Buffer.from('tail') })],
  [
    'data-before-first-record',
    'bytes before the start',
    () => forgePackage(files, { prefix: Buffer.from('#!/bin/sh\n') }),
  ],
  ['archive-comment', 'a comment', () => forgePackage(files, { comment: Buffer.from('hello') })],
  ['multi-disk', 'more than one disk', () => forgePackage(files, { end: { disk: 1 } })],
  ['zip64-invalid', 'ZIP64 records that are not there', () => forgePackage(files, { end: { entries: 0xffff } })],
  ['duplicate-entry', 'a name twice', () => more(secondManifest)],
  ['colliding-entry', 'names that differ in case only', () => more({ name: 'MANIFEST.json', data: Buffer.from('{}') })],
  [
    'local-header-mismatch',
    'two names for one file',
    () => more({ name: 'a.txt', local: { name: Buffer.from('b.txt') } }),
  ],
  [
    'data-between-records',
    'a record that the directory does not list',
    () => more({ name: 'a.txt', omitCentral: true }),
  ],
  ['entry-encrypted', 'encryption', () => more({ name: 'a.txt', data: Buffer.from('x'), flags: 1 })],
  [
    'compression-unsupported',
    'an unknown compression',
    () => more({ name: 'a.txt', method: 12, data: Buffer.from('x') }),
  ],
  [
    'entry-symlink',
    'a symbolic link',
    () => more({ name: 'a', data: Buffer.from('/etc/passwd'), madeBy: 0x0314, externalAttributes: 0xa1ff0000 }),
  ],
  ['entry-special-file', 'a device', () => more({ name: 'a', madeBy: 0x0314, externalAttributes: 0x21ff0000 })],
  ['path-traversal', '../', () => named('../a.txt')],
  ['path-absolute', 'an absolute path', () => named('/etc/passwd')],
  ['path-drive-letter', 'a drive letter', () => named('C:/a.txt')],
  ['path-colon', 'an alternate stream', () => named('a.txt:stream')],
  ['path-backslash', 'a backslash', () => named('..\\a.txt')],
  ['path-reserved-name', 'a reserved name', () => named('con.txt')],
  ['path-not-utf8', 'a name that is no text', () => named(Buffer.from([0xff, 0xfe]))],
  ['path-not-nfc', 'a decomposed name', () => named('e\u0301.txt')],
  ['path-too-long', 'a long name', () => named('x'.repeat(256))],
  ['path-control-character', 'a control character', () => named('a\u0007.txt')],
  ['crc-mismatch', 'a wrong checksum', () => more({ name: 'a.txt', data: Buffer.from('x'), crc: 1 })],
  [
    'size-mismatch',
    'a file that is smaller than it says',
    () => more({ name: 'a.txt', data: Buffer.from('xyz'), method: 8, size: 100 }),
  ],
  [
    'deflate-corrupt',
    'data that do not inflate',
    () => more({ name: 'a.txt', method: 8, packed: Buffer.alloc(20, 0xff), size: 20 }),
  ],
  [
    'deflate-trailing-data',
    'bytes behind the compressed data',
    () =>
      more({
        name: 'a.txt',
        data: Buffer.from('x'),
        method: 8,
        packed: Buffer.concat([deflateRawSync(Buffer.from('x')), Buffer.from('tail')]),
      }),
  ],
  ['compression-ratio', 'a bomb', () => more({ name: 'zeros', data: Buffer.alloc(3 * 1024 * 1024), method: 8 })],
  [
    'meta-inf-unknown-file',
    'a decoy in META-INF',
    () => signed(listOf(files), privateKey, [{ name: 'META-INF/OTHER.SIG', data: Buffer.alloc(64) }]),
  ],
  [
    'signature-missing',
    'no signature',
    () => forgeZip([...files, { name: 'META-INF/MANIFEST.MF', data: Buffer.from(listOf(files)) }]),
  ],
  ['manifest-mf-missing', 'no list at all', () => forgeZip(files)],
  ['signature-unknown-key', 'a stranger’s signature', () => signed(listOf(files), stranger)],
  [
    'signature-length',
    'a signature of 63 bytes',
    () =>
      forgeZip([
        ...files,
        ...signatureEntries(listOf(files)).map((entry) =>
          entry.name === 'META-INF/CERT.SIG' ? { ...entry, data: entry.data?.subarray(1) ?? Buffer.alloc(0) } : entry,
        ),
      ]),
  ],
  [
    'entry-unlisted',
    'a file that nobody signed',
    () => forgeZip([...files, { name: 'extra.txt', data: Buffer.from('x') }, ...signatureEntries(listOf(files))]),
  ],
  ['entry-not-in-archive', 'a signed file that is not there', () => signed(listOf([...files, { name: 'gone.txt' }]))],
  [
    'digest-mismatch',
    'a file that was changed after signing',
    () =>
      forgeZip([
        ...files.slice(0, 1),
        { name: 'assets/main.rml', data: Buffer.from('evil') },
        ...signatureEntries(listOf(files)),
      ]),
  ],
  ['manifest-missing', 'no manifest.json', () => forgePackage(files.slice(1))],
  [
    'manifest-syntax',
    'a manifest that is no JSON',
    () => forgePackage([{ name: 'manifest.json', data: Buffer.from('{') }, ...files.slice(1)]),
  ],
  [
    'manifest-duplicate-key',
    'a manifest that says two things',
    () =>
      forgePackage([
        {
          name: 'manifest.json',
          data: Buffer.from(JSON.stringify(manifest).replace('{', '{"id":"com.example.other",')),
        },
        ...files.slice(1),
      ]),
  ],
  ['manifest-invalid', 'a version that is not semver', () => manifestOf({ version: '1.4' })],
  ['manifest-invalid', 'a version code of zero', () => manifestOf({ version_code: 0 })],
  ['manifest-invalid', 'a name of 51 characters', () => manifestOf({ name: 'x'.repeat(51) })],
  ['manifest-entry-missing', 'an entry that is not there', () => manifestOf({ entry: 'nowhere.rml' })],
  ['manifest-icon-missing', 'an icon that is not there', () => manifestOf({ icons: { '64': 'nowhere.png' } })],
  [
    'image-not-png',
    'an icon that is an SVG',
    () =>
      forgePackage([
        jsonFile({ ...manifest, icons: { '64': 'i.png' } }),
        files[1] as ForgedEntry,
        { name: 'i.png', data: Buffer.from('<svg/>') },
      ]),
  ],
  [
    'image-dimensions',
    'an icon that is too large',
    () =>
      forgePackage([
        jsonFile({ ...manifest, icons: { '64': 'i.png' } }),
        files[1] as ForgedEntry,
        { name: 'i.png', data: png(1100, 4) },
      ]),
  ],
  [
    'secret-found',
    'a private key',
    () =>
      more({
        name: 'key.pem',
        data: Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
      }),
  ],
  ['manifest-id-mismatch', 'another app’s package', () => manifestOf({ id: 'com.example.clockwork' })],
  ['manifest-id-mismatch', 'this app’s id in other case', () => manifestOf({ id: 'com.example.Clock' })],
];

describe('an upload', () => {
  let platform: TestPlatform;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start({ PACKAGE_MAX_BYTES: '200000', PACKAGE_MAX_ENTRIES: '50' });
    publisher = { ...(await createPublisher(platform)), packageId: manifest.id };
    const public_key = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
    expectStatus(await publisher.client.post('/v1/signing-keys', { name: 'fixture', public_key }), 201);
    expectStatus(await publisher.client.post('/v1/apps', { package_id: manifest.id, name: 'Clock' }), 201);
  });
  afterAll(() => platform.stop());

  const send = (bytes: Buffer, to = publisher) => to.client.post(`/v1/apps/${to.packageId}/versions`, bytes);

  async function expectRefusal(status: number, code: string, request: () => ReturnType<typeof send>): Promise<void> {
    const [before, audited] = [inventory(platform), countAudit(platform)];
    const answer = await request();
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body.detail.length).toBeGreaterThan(10);
    expect(inventory(platform)).toEqual(before);
    expect(countAudit(platform)).toBe(audited);
  }

  it.each(REFUSED)('is refused with %s for %s, and leaves nothing', async (code, _what, bytes) => {
    await expectRefusal(422, code, () => send(bytes()));
  });

  it('with too many entries is refused, and leaves nothing', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ name: `f${index}.txt`, data: Buffer.from('x') }));
    await expectRefusal(422, 'too-many-entries', () => send(more(...many)));
  });

  it('of nothing is refused', async () => {
    await expectRefusal(422, 'package-empty', () => send(Buffer.alloc(0)));
  });

  it('that is no octet-stream is refused', async () => {
    const url = `/v1/apps/${publisher.packageId}/versions`;
    for (const type of ['application/zip', 'multipart/form-data; boundary=x', 'text/plain'])
      await expectRefusal(415, 'media-type-unsupported', () =>
        publisher.client.post(url, forgePackage(), { 'content-type': type }),
      );
    await expectRefusal(415, 'media-type-unsupported', () => publisher.client.post(url, { not: 'a package' }));
  });

  it('signed with a key that was deactivated, or that is another developer’s, is refused', async () => {
    const key = await addSigningKey(publisher);
    const other = await createPublisher(platform);
    const mine = await newApp(publisher);
    const build = (signer: { privateKeyPem: string }) => buildTestPackage(signer, { packageId: mine.packageId });
    await expectRefusal(422, 'signature-unknown-key', async () => send(await build(other.key), mine));
    expectStatus(await publisher.client.delete(`/v1/signing-keys/${key.id}`), 204);
    await expectRefusal(422, 'signature-unknown-key', async () => send(await build(key), mine));
  });

  it('into another developer’s app is refused as if there were no such app', async () => {
    const other = await createPublisher(platform);
    await expectRefusal(404, 'not-found', () => send(forgePackage(), { ...other, packageId: publisher.packageId }));
    await expectRefusal(404, 'not-found', () => send(forgePackage(), { ...other, packageId: 'com.example.none' }));
  });

  it('that is honest comes in, at last', async () => {
    const answer = await send(forgePackage());
    expect([answer.status, answer.body.version_code]).toEqual([201, manifest.version_code]);
  });
});
