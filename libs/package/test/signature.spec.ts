import { sign } from 'node:crypto';
import fc from 'fast-check';
import {
  buildPackageFromEntries,
  decodePublicKeyPem,
  generateSigningKey,
  parsePublicKeyPem,
  publicKeyBase64,
} from '../src/index.js';
import {
  forgePackage,
  honestFiles,
  keys,
  listOf,
  manifest,
  privateKey,
  publicKey,
  refusalOf,
  signatureEntries,
  verifyBytes,
} from './package-fixture.js';
import { type ForgedEntry, forgeZip } from './zip-forge.js';

const files = honestFiles();
const list = listOf(files);
const withList = (text: string | Buffer, extra: ForgedEntry[] = []) =>
  forgeZip([...files, ...extra, ...signatureEntries(text)]);
const [signedList, certificate] = signatureEntries(list) as [ForgedEntry, ForgedEntry];
const signature = certificate.data!;
const withSignature = (data: Buffer) => forgeZip([...files, signedList, { name: 'META-INF/CERT.SIG', data }]);

const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

describe('the signature', () => {
  it('names the key that verified, wherever it stands among the others', async () => {
    const strangers = [1, 2].map((n) => ({
      id: `stranger-${n}`,
      publicKey: parsePublicKeyPem(generateSigningKey().publicKeyPem),
    }));
    const verified = await verifyBytes(forgePackage(), { keys: [...strangers, { id: 'mine', publicKey }] });
    expect(verified.signedBy).toBe('mine');
    expect(verified.signature).toEqual(signature);
  });

  const refused: [string, string, () => Buffer][] = [
    ['manifest-mf-missing', 'no MANIFEST.MF', () => forgeZip([...files, certificate])],
    ['signature-missing', 'no CERT.SIG', () => forgeZip([...files, signedList])],
    ['signature-length', 'an empty CERT.SIG', () => withSignature(Buffer.alloc(0))],
    ['signature-length', '63 bytes', () => withSignature(signature.subarray(1))],
    ['signature-length', '65 bytes', () => withSignature(Buffer.concat([signature, Buffer.alloc(1)]))],
    ['signature-length', 'base64 instead of bytes', () => withSignature(Buffer.from(signature.toString('base64')))],
    ['signature-unknown-key', 'zeros', () => withSignature(Buffer.alloc(64))],
    [
      'signature-unknown-key',
      'a signature over something else',
      () => withSignature(sign(null, Buffer.from('x'), privateKey)),
    ],
    [
      'signature-unknown-key',
      'a changed list',
      () => forgeZip([...files, { ...signedList, data: Buffer.from(`${list}\n`) }, certificate]),
    ],
    ['signature-unknown-key', 'the same signature with L added to S', () => withSignature(addGroupOrder(signature))],
    [
      'digest-mismatch',
      'a changed file',
      () => forgeZip([files[0]!, { ...files[1]!, data: Buffer.from('evil') }, signedList, certificate]),
    ],
    ['entry-unlisted', 'a file nobody signed', () => withList(list, [{ name: 'extra.txt', data: Buffer.from('x') }])],
    ['entry-not-in-archive', 'a signed file that is missing', () => forgeZip([files[0]!, signedList, certificate])],
    [
      'entry-not-in-archive',
      'a signed folder',
      () => withList(`${list}Name: assets/\n${listOf([{ name: 'x' }]).split('\n')[3]}\n\n`),
    ],
    ['entry-listed-twice', 'one file listed twice', () => withList(list + listOf([files[0]!]).slice(23))],
    [
      'meta-inf-unknown-file',
      'a decoy certificate',
      () => forgeZip([...files, signedList, certificate, { name: 'META-INF/CERT2.SIG' }]),
    ],
    [
      'meta-inf-unknown-file',
      'a folder below META-INF',
      () => forgeZip([...files, signedList, certificate, { name: 'META-INF/services/' }]),
    ],
    [
      'meta-inf-unknown-file',
      'another case of the file name',
      () => forgeZip([...files, signedList, certificate, { name: 'META-INF/cert.sig' }]),
    ],
    ['meta-inf-unknown-file', 'a file called META-INF', () => forgeZip([...files, { name: 'META-INF' }])],
    [
      'meta-inf-wrong-case',
      'meta-inf',
      () => forgeZip([...files, signedList, certificate, { name: 'meta-inf/MANIFEST.MF' }]),
    ],
    [
      'meta-inf-wrong-case',
      'Meta-Inf as a folder',
      () => forgeZip([...files, signedList, certificate, { name: 'Meta-Inf/' }]),
    ],
    [
      'meta-inf-wrong-case',
      'a dotless i',
      () => forgeZip([...files, { name: 'META-ıNF/CERT.SIG' }, signedList, certificate]),
    ],
  ];

  it.each(refused)('is refused with %s: %s', async (code, _title, bytes) => {
    const error = await refusalOf(bytes());
    expect([error.code, error.check]).toEqual([code, 'signature']);
  });

  it('is refused when no key is given, or only a weak one', async () => {
    const weak = [{ id: 'weak', publicKey: Buffer.from('01'.padEnd(64, '0'), 'hex') }];
    expect((await refusalOf(forgePackage(), { keys: [] })).code).toBe('signature-unknown-key');
    expect((await refusalOf(forgePackage(), { keys: weak })).code).toBe('signature-unknown-key');
  });

  it('is not fooled by a weak key for which zeros sign everything', async () => {
    const neutral = Buffer.from('01'.padEnd(64, '0'), 'hex');
    const forgedSignature = Buffer.concat([neutral, Buffer.alloc(32)]);
    const weak = [{ id: 'weak', publicKey: neutral }];
    expect((await refusalOf(withSignature(forgedSignature), { keys: weak })).code).toBe('signature-unknown-key');
  });

  it('covers the manifest, whatever the check order', async () => {
    const changed = Buffer.from(JSON.stringify({ ...manifest, version_code: 8 }));
    const bytes = forgeZip([{ name: 'manifest.json', data: changed }, files[1]!, signedList, certificate]);
    expect((await refusalOf(bytes)).code).toBe('digest-mismatch');
  });
});

describe('MANIFEST.MF', () => {
  const digestLine = list.split('\n')[3]!;
  const malformed: [string, string | Buffer][] = [
    ['is empty', ''],
    ['has a byte order mark', `\ufeff${list}`],
    ['has another version', list.replace('1.0', '2.0')],
    ['has a space behind the version', list.replace('1.0', '1.0 ')],
    ['has a main attribute', list.replace('1.0\n', '1.0\nCreated-By: me\n')],
    ['has no empty line after the version', list.replace('\n\n', '\n')],
    ['has two empty lines after the version', list.replace('\n\n', '\n\n\n')],
    ['has no empty line at the end', list.slice(0, -1)],
    ['has no line end at the end', list.slice(0, -2)],
    ['has an empty line too many at the end', `${list}\n`],
    ['mixes line ends', list.replace('\n', '\r\n')],
    ['mixes line ends the other way', list.replaceAll('\n', '\r\n').replace(/\r\n$/, '\n')],
    ['has old Mac line ends', list.replaceAll('\n', '\r')],
    ['has a lone CR in a name', list.replace('assets/', 'assets\r/')],
    ['folds a line', list.replace('assets/main', 'assets/\n main')],
    ['has its digest first', list.replace(/(Name: .*)\n(.*)/, '$2\n$1')],
    ['has another digest', list.replaceAll('SHA-256-Digest', 'SHA-1-Digest')],
    ['has another attribute in a block', list.replace(`${digestLine}\n`, `${digestLine}\nX: y\n`)],
    ['writes Name in lower case', list.replace('Name:', 'name:')],
    ['has no space behind the colon', list.replace('Name: ', 'Name:')],
    ['names nothing', `${list}Name: \n${digestLine}\n\n`],
    ['names a file of META-INF', `${list}Name: META-INF/MANIFEST.MF\n${digestLine}\n\n`],
    ['has a short digest', list.replace(/Digest: .{4}/, 'Digest: ')],
    ['has a digest without padding', list.replace(/=\n/, '\n')],
    ['has a digest with spare bits set', list.replace(/(.)=\n/, (_all, last: string) => `${nextLetter(last)}=\n`)],
    ['has a digest in the URL alphabet', list.replace(/[+/](?=[^\n]*=\n)/, '-').replace(/Digest: ./, 'Digest: _')],
    ['has a space behind a digest', list.replace(/=\n/, '= \n')],
    ['has a NUL', list.replace('main', 'ma\0in')],
    ['is not UTF-8', Buffer.concat([Buffer.from(list), Buffer.from([0xff, 0x0a])])],
  ];

  function nextLetter(letter: string): string {
    return String.fromCharCode(letter.charCodeAt(0) + 1);
  }

  it.each(malformed)('is refused when it %s', async (_title, text) => {
    expect((await refusalOf(withList(text))).code).toBe('manifest-mf-malformed');
  });

  it('is accepted with CRLF line ends and in any order of files', async () => {
    await expect(verifyBytes(withList(list.replaceAll('\n', '\r\n')))).resolves.toBeDefined();
    await expect(verifyBytes(withList(listOf([...files].reverse())))).resolves.toBeDefined();
  });

  it('is refused when it is larger than any honest one', async () => {
    const huge = forgeZip([...files, ...signatureEntries(Buffer.alloc(9000, 'a'))]);
    expect((await refusalOf(huge, { limits: { entries: 20 } })).code).toBe('manifest-mf-too-large');
  });
});

describe('keys of the builder', () => {
  it('must be Ed25519', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey: wrong } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(buildPackageFromEntries([], wrong)).rejects.toMatchObject({ code: 'private-key-unusable' });
  });

  it('have a stable signature', () => {
    expect(keys[0]!.publicKey).toHaveLength(32);
    expect(sign(null, Buffer.from(list), privateKey)).toEqual(signature);
  });
});

describe('a public key in base64', () => {
  const pem = generateSigningKey().publicKeyPem;

  it.each([
    ['as it is registered', pem],
    ['without a line end', pem.trimEnd()],
    ['with other line ends', pem.replaceAll('\n', '\r\n')],
    ['with spaces', ` ${pem.replace('\n', '\n  ')} `],
  ])('is the one that it decodes to, %s', (_, text) => {
    expect(publicKeyBase64(text)).toBe(decodePublicKeyPem(text).toString('base64'));
  });

  it('is the same for any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const body = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes]).toString('base64');
        const text = `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;
        expect(publicKeyBase64(text)).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });

  it('is refused where the key is none, or has bits beyond its end', () => {
    const wrong = pem.replace(/.=\n/, 'B=\n');
    for (const text of ['', 'x', wrong, pem.replace('MCow', 'MCox')]) {
      expect(() => publicKeyBase64(text)).toThrow(expect.objectContaining({ code: 'public-key-unreadable' }));
    }
  });
});

function addGroupOrder(original: Buffer): Buffer {
  const s = BigInt(`0x${Buffer.from(original.subarray(32)).reverse().toString('hex')}`) + GROUP_ORDER;
  return Buffer.concat([original.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]);
}
