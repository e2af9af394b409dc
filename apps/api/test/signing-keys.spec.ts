import { createHash, generateKeyPairSync } from 'node:crypto';
import { generateSigningKey } from '@mosis/package';
import { addApiKey, addSigningKey, createPublisher, signUp, upload, type Person } from './support/actors.js';
import { scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

/** DER of an Ed25519 SubjectPublicKeyInfo up to the 32 key bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function toPem(der: Buffer, lineEnd = '\n'): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join(lineEnd);
}
const toEd25519Pem = (hex: string) => toPem(Buffer.concat([SPKI_PREFIX, Buffer.from(hex, 'hex')]));

describe('a signing key', () => {
  let platform: TestPlatform;
  let person: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  beforeEach(async () => {
    person = await signUp(platform);
  });
  afterAll(() => platform.stop());

  const register = (publicKey: unknown, who = person) =>
    who.client.post('/v1/signing-keys', { name: 'Release', public_key: publicKey });
  const count = () => scalar(platform, 'SELECT COUNT(*) FROM signing_keys WHERE developer_id = ?', person.id);

  it('is known by the SHA-256 of its 32 bytes', async () => {
    const { publicKeyPem } = generateSigningKey();
    const raw = Buffer.from(publicKeyPem.split('\n')[1] ?? '', 'base64').subarray(-32);
    const answer = await register(publicKeyPem);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      name: 'Release',
      developer_id: person.id,
      public_key: publicKeyPem,
      fingerprint: createHash('sha256').update(raw).digest('hex'),
      is_active: true,
    });
    expect((await person.client.get('/v1/signing-keys')).body.items).toEqual([answer.body]);
  });

  it.each([
    ['with CRLF', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ['with space around it', (pem: string) => `\n\n  ${pem}  \n`],
    ['without a last line end', (pem: string) => pem.trimEnd()],
  ])('is read %s, and shown in its usual form', async (_, change) => {
    const { publicKeyPem, fingerprint } = generateSigningKey();
    const answer = await register(change(publicKeyPem));
    expect(answer).toMatchObject({ status: 201, body: { fingerprint, public_key: publicKeyPem } });
  });

  it.each([
    ['no PEM', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ'],
    ['nothing', ''],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }),
    ],
    [
      'an elliptic curve key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
    ],
    ['an X25519 key', generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' })],
    ['two keys', generateSigningKey().publicKeyPem + generateSigningKey().publicKeyPem],
    ['31 bytes', toEd25519Pem('11'.repeat(31))],
    ['33 bytes', toEd25519Pem('11'.repeat(33))],
    ['text around it', `key:\n${generateSigningKey().publicKeyPem}`],
    ['a NUL in it', generateSigningKey().publicKeyPem.replace('MCow', 'MC\u0000ow')],
  ])('is refused when it is %s', async (_, pem) => {
    expect(await register(pem)).toMatchObject({
      status: 422,
      body: { code: 'public-key-unreadable', errors: [{ pointer: '/public_key', code: 'public-key-unreadable' }] },
    });
    expect(count()).toBe(0);
  });

  it('is refused when it is the private half, which is neither stored nor logged', async () => {
    const { privateKeyPem } = generateSigningKey();
    const answer = await register(privateKeyPem);
    expect(answer.body.code).toBe('public-key-unreadable');
    expect(answer.body.detail).toContain('private key');
    expect(platform.log).not.toContain(privateKeyPem.split('\n')[1]);
    expect(count()).toBe(0);
  });

  it.each([
    ['the neutral element', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['all zeros', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['a point of order two', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['a point of order eight', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['a point of order eight, encoded with y ≥ p', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['no point of the curve', '0200000000000000000000000000000000000000000000000000000000000000'],
  ])('is refused when it is %s, for which anybody could sign', async (_, hex) => {
    expect(await register(toEd25519Pem(hex))).toMatchObject({ status: 422, body: { code: 'public-key-weak' } });
    expect(count()).toBe(0);
  });

  it('is registered once by a developer, active or not, and by several developers', async () => {
    const { publicKeyPem } = generateSigningKey();
    const first = await register(publicKeyPem);
    const again = { status: 409, body: { code: 'signing-key-exists' } };
    expect(await register(publicKeyPem.replaceAll('\n', '\r\n'))).toMatchObject(again);
    expect((await person.client.delete(`/v1/signing-keys/${first.body.id}`)).status).toBe(204);
    expect(await register(publicKeyPem)).toMatchObject(again);
    expect((await register(publicKeyPem, await signUp(platform))).status).toBe(201);
  });

  it('that is deactivated verifies nothing new, is not deactivated twice, and stays in the list', async () => {
    const publisher = await createPublisher(platform);
    expect((await publisher.client.delete(`/v1/signing-keys/${publisher.key.id}`)).status).toBe(204);
    expect((await publisher.client.delete(`/v1/signing-keys/${publisher.key.id}`)).status).toBe(404);
    expect((await upload(publisher)).body.code).toBe('signature-unknown-key');
    const { items } = (await publisher.client.get('/v1/signing-keys')).body;
    expect(items).toMatchObject([{ is_active: false, deactivated_at: expect.any(String) as string }]);
  });

  it('needs a person: a key with every permission can neither add, see nor deactivate one', async () => {
    const { id } = await addSigningKey(person);
    const permissions = ['apps:read', 'apps:write', 'versions:upload', 'versions:publish', 'keys:manage'];
    const client = platform.client().withKey(await addApiKey(person, permissions));
    const body = { name: 'Thief', public_key: generateSigningKey().publicKeyPem };
    for (const answer of [
      await client.post('/v1/signing-keys', body),
      await client.get('/v1/signing-keys'),
      await client.delete(`/v1/signing-keys/${id}`),
    ])
      expect(answer).toMatchObject({ status: 403, body: { code: 'session-required' } });
    expect(count()).toBe(1);
  });

  it('of somebody else is neither seen nor deactivated', async () => {
    const { id } = await addSigningKey(person);
    const stranger = await signUp(platform);
    expect((await stranger.client.delete(`/v1/signing-keys/${id}`)).body.code).toBe('not-found');
    expect((await stranger.client.get('/v1/signing-keys')).body.items).toEqual([]);
    expect((await person.client.get('/v1/signing-keys')).body.items[0].is_active).toBe(true);
  });

  it('is one of at most twenty active ones', async () => {
    const keys = [];
    for (let index = 0; index < 20; index += 1) keys.push(await addSigningKey(person));
    expect(await register(generateSigningKey().publicKeyPem)).toMatchObject({
      status: 409,
      body: { code: 'key-limit-reached' },
    });
    await person.client.delete(`/v1/signing-keys/${keys[0]?.id}`);
    expect((await register(generateSigningKey().publicKeyPem)).status).toBe(201);
  });
});
