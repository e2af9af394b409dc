import { manifestSchema } from '../src/index.js';
import { forgePackage, honestFiles, jsonFile, manifest, png, refusalOf, verifyBytes } from './package-fixture.js';

const rest = honestFiles().slice(1);
const withManifest = (value: unknown) => forgePackage([jsonFile(value), ...rest]);
const withText = (text: string | Buffer) => forgePackage([{ name: 'manifest.json', data: Buffer.from(text) }, ...rest]);

describe('manifest.json', () => {
  it('may leave out everything optional, or carry all of it', async () => {
    const full = {
      ...manifest,
      author: { name: 'Ann', email: 'ann@example.test', url: 'https://example.test/~ann' },
      icons: { '32': 'i/32.png', '64': 'i/64.png', '128': 'i/128.png' },
      description: 'Tells the time.\nIn two lines.',
      category: 'Tools',
      locales: ['en', 'de-CH'],
    };
    expect((await verifyBytes(withManifest(manifest))).manifest).toEqual(manifest);
    const icons = [32, 64, 128].map((size) => ({ name: `i/${size}.png`, data: png(size) }));
    const verified = await verifyBytes(forgePackage([jsonFile(full), ...rest, ...icons]));
    expect(verified.manifest).toEqual(full);
    expect(verified.notes).toEqual([]);
  });

  it('may name its locales as a default and what is supported', async () => {
    const locales = { default: 'en', supported: ['en', 'fr'] };
    expect((await verifyBytes(withManifest({ ...manifest, locales }))).manifest.locales).toEqual(locales);
  });

  it('may carry keys of a later version, which are left out and shown to the reviewer', async () => {
    const text = JSON.stringify({ ...manifest, screenshots: ['a.png'] }).replace('{', '{"__proto__":{"polluted":1},');
    const verified = await verifyBytes(withText(text));
    expect(verified.manifest).toEqual(manifest);
    expect(Object.getPrototypeOf(verified.manifest)).toBe(Object.prototype);
    expect(verified.notes.map(({ code }) => code)).toEqual(['manifest-unknown-key', 'manifest-unknown-key']);
  });

  it('is the document of the exported schema', () => {
    expect(manifestSchema.parse(manifest)).toEqual(manifest);
  });

  const invalid: [string, string, unknown][] = [
    ['/id', 'one segment', { ...manifest, id: 'clock' }],
    ['/id', 'a number', { ...manifest, id: 5 }],
    ['/id', 'missing', { ...manifest, id: undefined }],
    ['/name', 'missing', { ...manifest, name: undefined }],
    ['/name', 'empty', { ...manifest, name: '' }],
    ['/name', 'blank', { ...manifest, name: '   ' }],
    ['/name', '51 characters', { ...manifest, name: 'x'.repeat(51) }],
    ['/name', 'two lines', { ...manifest, name: 'a\nb' }],
    ['/name', 'reordered', { ...manifest, name: 'a\u202eb' }],
    ['/version', 'not semantic', { ...manifest, version: '1.2' }],
    ['/version', 'with a v', { ...manifest, version: 'v1.2.3' }],
    ['/version_code', 'zero', { ...manifest, version_code: 0 }],
    ['/version_code', 'negative', { ...manifest, version_code: -1 }],
    ['/version_code', 'a fraction', { ...manifest, version_code: 1.5 }],
    ['/version_code', 'a string', { ...manifest, version_code: '7' }],
    ['/version_code', 'too large', { ...manifest, version_code: 2147483648 }],
    ['/entry', 'empty', { ...manifest, entry: '' }],
    ['/permissions', 'missing', { ...manifest, permissions: undefined }],
    ['/permissions', 'null', { ...manifest, permissions: null }],
    ['/permissions', 'repeated', { ...manifest, permissions: ['a', 'a'] }],
    ['/permissions/1', 'a number', { ...manifest, permissions: ['a', 1] }],
    ['/permissions/0', 'blank', { ...manifest, permissions: [''] }],
    ['/min_mosis_version', 'missing', { ...manifest, min_mosis_version: undefined }],
    ['/min_mosis_version', 'a range', { ...manifest, min_mosis_version: '>=1.0.0' }],
    ['/author', 'a string', { ...manifest, author: 'Ann' }],
    ['/author/email', 'no address', { ...manifest, author: { email: 'nobody' } }],
    ['/author/url', 'a script', { ...manifest, author: { url: 'javascript:alert(1)' } }],
    ['/icons', 'a list', { ...manifest, icons: [] }],
    ['/icons/32', 'a number', { ...manifest, icons: { 32: 1 } }],
    ['/description', 'a number', { ...manifest, description: 1 }],
    ['/category', 'blank', { ...manifest, category: '' }],
    ['/locales', 'a string', { ...manifest, locales: 'en' }],
    ['/', 'a list', [manifest]],
    ['/', 'null', null],
    ['/', 'a string', 'manifest'],
  ];

  it.each(invalid)('is refused with manifest-invalid when %s is %s', async (pointer, _title, value) => {
    const error = await refusalOf(withManifest(value));
    expect([error.code, error.check]).toEqual(['manifest-invalid', 'manifest']);
    expect(error.evidence?.[0]?.pointer || '/').toBe(pointer);
    expect(error.detail).toContain(pointer);
  });

  it('counts characters of a name as people do, not code units', async () => {
    await expect(verifyBytes(withManifest({ ...manifest, name: '😀'.repeat(50) }))).resolves.toBeDefined();
  });

  it('bounds version_code to what devices store', async () => {
    await expect(verifyBytes(withManifest({ ...manifest, version_code: 2147483647 }))).resolves.toBeDefined();
  });

  const refused: [string, string, Buffer][] = [
    ['manifest-missing', 'there is none', forgePackage(rest)],
    [
      'manifest-missing',
      'its case is different',
      forgePackage([{ ...jsonFile(manifest), name: 'Manifest.json' }, ...rest]),
    ],
    [
      'manifest-missing',
      'it is in a folder',
      forgePackage([{ ...jsonFile(manifest), name: 'app/manifest.json' }, ...rest]),
    ],
    ['manifest-missing', 'it is a folder', forgePackage([{ name: 'manifest.json/' }, ...rest])],
    ['manifest-syntax', 'it is not JSON', withText('{')],
    ['manifest-bom', 'it begins with a byte order mark', withText(`\ufeff${JSON.stringify(manifest)}`)],
    ['manifest-not-utf8', 'it is UTF-16', withText(Buffer.from(`\ufeff${JSON.stringify(manifest)}`, 'utf16le'))],
    [
      'manifest-duplicate-key',
      'it has two ids',
      withText(JSON.stringify(manifest).replace('{', '{"id":"com.evil.app",')),
    ],
    [
      'manifest-duplicate-key',
      'a nested key is repeated',
      withText(JSON.stringify(manifest).replace('{', '{"author":{"name":"a","name":"b"},')),
    ],
    [
      'manifest-lone-surrogate',
      'a string holds half a pair',
      withText(JSON.stringify(manifest).replace('Clock', '\\ud800')),
    ],
    [
      'manifest-number',
      'version_code is written as a fraction',
      withText(JSON.stringify(manifest).replace(':7', ':7.0')),
    ],
    ['manifest-too-deep', 'it nests without end', withText('['.repeat(5000))],
    ['manifest-too-large', 'it has more than 1 MiB', withText(JSON.stringify(manifest) + ' '.repeat(1024 * 1024))],
    ['manifest-entry-missing', 'the entry is not there', withManifest({ ...manifest, entry: 'main.rml' })],
    [
      'manifest-entry-missing',
      'the entry is a folder',
      forgePackage([jsonFile({ ...manifest, entry: 'assets/' }), ...rest, { name: 'assets/' }]),
    ],
    ['manifest-entry-missing', 'the entry climbs', withManifest({ ...manifest, entry: '../assets/main.rml' })],
    ['manifest-entry-missing', 'the entry is the signature', withManifest({ ...manifest, entry: 'META-INF/CERT.SIG' })],
    ['manifest-entry-missing', 'the entry has another case', withManifest({ ...manifest, entry: 'assets/Main.rml' })],
    ['manifest-icon-missing', 'an icon is not there', withManifest({ ...manifest, icons: { 64: 'icon.png' } })],
  ];

  it.each(refused)('is refused with %s when %s', async (code, _title, bytes) => {
    const error = await refusalOf(bytes);
    expect([error.code, error.check]).toEqual([code, 'manifest']);
  });
});
