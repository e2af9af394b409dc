import { generateSigningKey } from '@mosis/package';
import {
  addApiKey,
  buildTestPackage,
  createAdmin,
  createPublisher,
  createReviewer,
  findMailedToken,
  publishVersion,
  unique,
  upload,
} from './support/actors.js';
import { rows } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

/** Every secret of the run, in the forms in which it could slip into a line. */
class Secrets {
  private readonly known = new Map<string, string>();

  add(what: string, secret: string | undefined): string {
    if (!secret) throw new Error(`There is no ${what}.`);
    this.known.set(what, secret);
    return secret;
  }

  findIn(text: string): string[] {
    const forms = (secret: string) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
    return [...this.known]
      .filter(([, secret]) => forms(secret).some((form) => text.includes(form)))
      .map(([what]) => what);
  }
}

describe('the log of everything that people do', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start({ RATE_LIMITS: 'on' });
  });
  afterAll(() => platform.stop());

  it('holds no password, token, key, cookie, address or query, at the most talkative level', async () => {
    const secrets = new Secrets();
    const anybody = platform.client();
    const email = `${unique('person')}@example.com`;
    const password = secrets.add('password', 'My:secret/password "quoted" 1');
    const wrong = secrets.add('wrong password', 'not the password that it is');
    await anybody.post('/v1/auth/register', { email, name: 'Person', password });
    const token = secrets.add('verification token', await findMailedToken(platform, email));
    await anybody.get(`/admin/verify-email?token=${token}`);
    await anybody.get(`/v1/nothing?token=${token}`);
    await anybody.post('/v1/auth/verify-email', { token, extra: token });
    await anybody.post('/v1/auth/verify-email', { token });
    for (let guess = 0; guess < 11; guess += 1)
      await anybody.post('/v1/auth/login', { email, password: guess < 3 ? wrong : {} });
    await anybody.post('/v1/auth/login', Buffer.from(`{"email":"${email}","password":"${wrong}`), {
      'content-type': 'application/json',
    });
    await anybody.post('/v1/auth/login', { email, password });
    secrets.add('session', anybody.session);
    await anybody.post('/v1/auth/forgot-password', { email });
    const reset = secrets.add('reset token', await findMailedToken(platform, email));
    const next = secrets.add('new password', 'another secret password');
    await anybody.post('/v1/auth/reset-password', { token: reset, password: next });

    const publisher = await createPublisher(platform);
    secrets.add('publisher’s session', publisher.client.session);
    const key = secrets.add('API key', await addApiKey(publisher, ['apps:read', 'versions:upload']));
    const client = platform.client().withKey(key);
    await client.get(`/v1/apps/${publisher.packageId}`);
    await client.post('/v1/signing-keys', { name: 'k', public_key: 'x' });
    await client.get(`/v1/apps/${key}`);
    await anybody.get(`/v1/store/apps?q=${key}`);
    await anybody.get('/v1/apps', { 'x-api-key': `${key}x` });
    await anybody.get('/v1/apps', { authorization: `Basic ${Buffer.from(key).toString('base64')}` });
    const { privateKeyPem } = generateSigningKey();
    secrets.add('private key', privateKeyPem.split('\n')[1]);
    await publisher.client.post('/v1/signing-keys', { name: 'oops', public_key: privateKeyPem });
    await publisher.client.post('/v1/api-keys', { name: 'k', permissions: ['apps:read'], key });

    await publishVersion(publisher, await createReviewer(platform, await createAdmin(platform)));
    const leaking = await upload(publisher, { versionCode: 2, files: { 'config.txt': `key = ${key}\n` } });
    expect(leaking.body.code).toBe('secret-found');
    await client.post(`/v1/apps/${publisher.packageId}/versions`, Buffer.from(privateKeyPem));
    await client.post(
      `/v1/apps/${publisher.packageId}/versions`,
      await buildTestPackage({ privateKeyPem }, { packageId: publisher.packageId, versionCode: 3 }),
    );
    platform.db.rawWriter.exec('PRAGMA foreign_keys = OFF; DROP TABLE api_keys');
    expect((await client.get('/v1/apps')).status).toBe(500);
    await platform.idle();

    expect(platform.log.split('\n').length).toBeGreaterThan(50);
    expect(platform.log).toContain('"level":"error"');
    expect(secrets.findIn(platform.log)).toEqual([]);
    expect(platform.log).not.toContain(email);
    expect(platform.log).not.toMatch(/\?token|\?q=|argon2id|mosis_session=(?!\[redacted\])/);
    // The hashes of secrets are of no use to a reader either.
    for (const { id_hash } of rows<{ id_hash: string }>(platform, 'SELECT id_hash FROM sessions'))
      expect(platform.log).not.toContain(id_hash);
  });
});
