import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { LOOK_AHEAD_BYTES } from './secret-patterns.js';
import { findSecrets } from './secret-scanner.js';

/** Put together at run time, so that no scanner takes this file for a leak. */
const join = (...parts: string[]) => parts.join('');
const alphabet = 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zC0fR';
const random = (length: number) => alphabet.repeat(10).slice(0, length);
const mosisKey = join('mk_', 'live_', random(48));
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const encrypted = privateKey
  .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
  .toString();
const edKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const awsId = join('AK', 'IA', 'Q7ZJ2WX4NB5T6YHU');
const awsSecret = 'h8Kd/3mQzT5vL0wXc9Rb+2NfYp7GjSa4UeIo1Z6x';

async function kindsIn(text: string | Buffer): Promise<string[]> {
  const { evidence } = await findSecrets([Buffer.from(text)], 'file.txt');
  return evidence.map(({ kind }) => kind!);
}

describe('the secret scanner finds', () => {
  const found: [string, string][] = [
    ['mosis-api-key', mosisKey],
    ['mosis-api-key', `const key = "${mosisKey}";`],
    ['mosis-api-key', `prefix${mosisKey}`],
    ['private-key', pkcs8],
    ['private-key', pkcs1],
    ['private-key', encrypted],
    ['private-key', edKey],
    ['private-key', pkcs8.replaceAll('\n', '\r\n')],
    ['private-key', JSON.stringify({ key: pkcs8 })],
    [
      'private-key',
      pkcs8
        .split('\n')
        .map((line) => `  "${line}\\n" +`)
        .join('\n'),
    ],
    ['private-key', pkcs8.replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY')],
    ['private-key', pkcs8.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY')],
    ['private-key', pkcs8.replaceAll('PRIVATE KEY', 'PGP PRIVATE KEY BLOCK').replace('\n', '\nVersion: 1\n\n')],
    ['google-service-account', JSON.stringify({ type: 'service_account', private_key: pkcs8 }, null, 2)],
    ['aws-access-key', `aws_access_key_id = ${awsId}\naws_secret_access_key = ${awsSecret}\n`],
    ['aws-access-key', `secret: "${awsSecret}", id: "${awsId}"`],
    ['github-token', join('gh', 'p_', random(36))],
    ['github-token', join('gh', 's_', random(36))],
    ['github-token', join('github', '_pat_', random(22), '_', random(59))],
    ['slack-token', join('xo', 'xb-', '123456789012-1234567890123-', random(24))],
    ['slack-token', join('xo', 'xp-', '123456789012-1234567890123-', random(32))],
    ['stripe-key', join('sk_', 'live_', random(24))],
    ['stripe-key', join('rk_', 'live_', random(99))],
    ['npm-token', `//registry.example/:_authToken=${join('np', 'm_', random(36))}`],
  ];

  it.each(found)('a %s in %j', async (kind, text) => {
    expect(await kindsIn(text)).toEqual([kind]);
    expect(await kindsIn(`before\n${text}\nafter`)).toEqual([kind]);
  });

  const ignored: [string, string][] = [
    ['a short key of ours', join('mk_', 'live_', 'abc')],
    ['a display prefix', join('mk_', 'live_', 'ab12…')],
    ['a title without a body', 'if (pem.startsWith("-----BEGIN PRIVATE KEY-----")) {}'],
    ['a public key', pkcs8.replaceAll('PRIVATE', 'PUBLIC')],
    ['a certificate', pkcs8.replaceAll('PRIVATE KEY', 'CERTIFICATE')],
    ['an AWS id without its secret', awsId],
    ['an AWS id beside a hex digest', `${awsId} ${'0123456789abcdef'.repeat(3).slice(0, 40)}`],
    ['the AWS id of the documentation', `${join('AKIA', 'IOSFODNN7EXAMPLE')} ${awsSecret}`],
    ['an AWS id inside a word', `X${awsId} ${awsSecret}`],
    ['a Stripe test key', join('sk_', 'test_', random(24))],
    ['a token inside a word', join('foo', 'gh', 'p_', random(36))],
    ['a variable name', 'npm_config_registry = npm_package_name'],
    ['a Slack word', 'xoxb-token-placeholder-goes-here'],
  ];

  it.each(ignored)('nothing in %s', async (_title, text) => {
    expect(await kindsIn(text)).toEqual([]);
  });
});

describe('a finding', () => {
  it('names the line and never the whole secret', async () => {
    const { evidence, platformKeys } = await findSecrets(
      [Buffer.from(`one\ntwo\n  key=${mosisKey}\n${pkcs8}`)],
      'a/b.txt',
    );
    expect(evidence).toEqual([
      { path: 'a/b.txt', line: 3, kind: 'mosis-api-key', excerpt: expect.stringMatching(/^mk_live_aB3d… /) },
      { path: 'a/b.txt', line: 4, kind: 'private-key', excerpt: '-----BEGIN PRIVATE KEY-----' },
    ]);
    expect([...platformKeys]).toEqual([mosisKey]);
    expect(JSON.stringify(evidence)).not.toContain(mosisKey);
  });

  it('has no line in a binary file', async () => {
    const { evidence } = await findSecrets(
      [Buffer.concat([Buffer.alloc(10), Buffer.from(`\n\n${mosisKey}`)])],
      'a.bin',
    );
    expect(evidence).toEqual([expect.not.objectContaining({ line: expect.anything() })]);
  });

  it('is shown at most twenty times, while keys of ours are all collected', async () => {
    const many = Array.from({ length: 50 }, (_, n) => join('mk_', 'live_', random(30), String(n).padStart(3, '0')));
    const { evidence, platformKeys } = await findSecrets([Buffer.from(many.join('\n'))]);
    expect(evidence).toHaveLength(20);
    expect([...platformKeys]).toEqual(many);
  });

  it('is the same however the content is cut into chunks', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 });
    const filler = fc.integer({ min: 0, max: 150_000 });
    await fc.assert(
      fc.asyncProperty(filler, filler, cuts, async (before, between, sizes) => {
        const content = Buffer.from(`${'line\n'.repeat(before / 5)}${mosisKey}\n${'x'.repeat(between)}\n${pkcs8}\n`);
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < content.length; n++) {
          chunks.push(content.subarray(at, (at += sizes[n % sizes.length]!)));
        }
        const { evidence } = await findSecrets(chunks);
        expect(evidence.map(({ line, kind }) => [kind, line])).toEqual([
          ['mosis-api-key', Math.floor(before / 5) + 1],
          ['private-key', Math.floor(before / 5) + 3],
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it('is found at every place around the boundary of the window', async () => {
    for (let offset = -80; offset <= 80; offset += 1) {
      for (const boundary of [65_536, 65_536 + LOOK_AHEAD_BYTES, 65_536 + 256]) {
        const content = Buffer.from(`${'.'.repeat(boundary + offset)}${mosisKey}${'.'.repeat(70_000)}`);
        const { platformKeys } = await findSecrets([content]);
        expect([...platformKeys]).toEqual([mosisKey]);
      }
    }
  });
});

describe('hostile content', () => {
  const hostile: [string, string][] = [
    ['anchors', 'mk_live_'],
    ['key titles', '-----BEGIN PRIVATE KEY-----\n'],
    ['key titles with endless headers', '-----BEGIN PRIVATE KEY-----\nAAAA: AAAA: AAAA: AAAA: '],
    ['key titles with gaps', `-----BEGIN PRIVATE KEY-----${'+'.repeat(70)}\n`],
    ['AWS ids', `${awsId} `],
    ['Slack marks', 'xoxb-1-'],
    ['token marks', 'npm_ghp_'],
  ];

  it.each(hostile)('made of %s is scanned in linear time', async (_title, unit) => {
    const content = Buffer.from(unit.repeat(1_000_000 / unit.length));
    const startedAt = performance.now();
    await findSecrets([content]);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});
