import { readCoreMigrations } from '@mosis/db';
import { Migrator } from '@mosis/sqlite';
import {
  PASSWORD,
  addApiKey,
  addSigningKey,
  createAdmin,
  expectStatus,
  findMailedToken,
  readOutbox,
  signUp,
  unique,
} from './support/actors.js';
import { rows, scalar } from './support/attack.js';
import { countHashes } from './support/hash-counter.js';
import { TestPlatform } from './support/platform.js';

const HOUR_MS = 60 * 60 * 1000;
const newEmail = () => `${unique('someone')}@example.com`;

describe('registration', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  const register = (email: string, more: Record<string, unknown> = {}) =>
    platform.client().post('/v1/auth/register', { email, name: 'Somebody', password: PASSWORD, ...more });
  const verify = (token: string) => platform.client().post('/v1/auth/verify-email', { token });
  const login = (email: string, password = PASSWORD) => platform.client().post('/v1/auth/login', { email, password });
  const mailsTo = (email: string) => readOutbox(platform).filter((mail) => mail.includes(`To: ${email}\r\n`));

  it('answers the same, after one hash and one queued mail, for a new, a waiting and a taken address', async () => {
    const taken = await signUp(platform);
    const waiting = newEmail();
    await register(waiting);
    await platform.idle();
    const answers = [];
    for (const email of [newEmail(), waiting, taken.email]) {
      const jobs = scalar(platform, 'SELECT COUNT(*) FROM jobs');
      let answer = await register('not an address');
      const hashes = await countHashes(async () => (answer = await register(email)));
      const { 'x-request-id': _id, date: _date, ...headers } = answer.headers;
      answers.push({
        status: answer.status,
        body: answer.body as unknown,
        headers,
        hashes,
        jobs: scalar(platform, 'SELECT COUNT(*) FROM jobs') - jobs,
      });
    }
    expect(answers[0]).toMatchObject({ status: 202, hashes: 1, jobs: 1 });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('changes nothing of an account whose address is verified, and tells its owner', async () => {
    const owner = await signUp(platform);
    await register(owner.email.toUpperCase(), { name: 'Intruder', password: 'the intruder’s password' });
    await platform.idle();
    expect((await owner.client.get('/v1/me')).body.name).toBe(owner.name);
    expect((await login(owner.email, 'the intruder’s password')).status).toBe(401);
    expect(mailsTo(owner.email).at(-1)).toContain('You have an account already');
    expect(scalar(platform, 'SELECT COUNT(*) FROM developers WHERE email = ?', owner.email)).toBe(1);
  });

  it('of a waiting address replaces name and password, and ends sessions, keys and links of whoever was first', async () => {
    const email = newEmail();
    const first = await signUp(platform, { email, verified: false });
    const key = await addApiKey(first, ['apps:read', 'apps:write']);
    await addSigningKey(first);
    const firstLink = await findMailedToken(platform, email);

    await register(email, { name: 'The owner', password: 'the owner’s password' });
    await platform.idle();
    expect((await first.client.get('/v1/me')).status).toBe(401);
    expect((await platform.client().withKey(key).get('/v1/apps')).body.code).toBe('credential-invalid');
    expect((await login(email)).body.code).toBe('login-failed');
    expect((await verify(firstLink)).body.code).toBe('token-invalid');
    expect(scalar(platform, 'SELECT COUNT(*) FROM signing_keys WHERE developer_id = ? AND is_active', first.id)).toBe(
      0,
    );

    const second = await login(email, 'the owner’s password');
    expect(second.body.developer).toMatchObject({ name: 'The owner', verified: false });
    expectStatus(await verify(await findMailedToken(platform, email)), 204);
    expect((await login(email, 'the owner’s password')).body.developer.verified).toBe(true);
  });

  it('of an address that was registered twice leaves nobody a credential when an admin vouches for it, and mails its owner', async () => {
    const email = newEmail();
    await register(email);
    const intruder = await signUp(platform, { email, verified: false });
    const key = await addApiKey(intruder, ['apps:read']);
    const admin = await createAdmin(platform);
    expectStatus(
      await admin.client.patch(`/v1/admin/developers/${intruder.id}`, { verified: true, role: 'reviewer' }),
      200,
    );
    expect((await intruder.client.get('/v1/me')).status).toBe(401);
    expect((await login(email)).body.code).toBe('login-failed');
    expect((await platform.client().withKey(key).get('/v1/apps')).body.code).toBe('credential-invalid');
    const token = await findMailedToken(platform, email);
    const reset = { token, password: 'the owner’s password' };
    expectStatus(await platform.client().post('/v1/auth/reset-password', reset), 204);
    expect((await login(email, 'the owner’s password')).body.developer).toMatchObject({
      verified: true,
      role: 'reviewer',
    });
  });

  it('leaves its password to an account that was registered once when an admin vouches for it', async () => {
    const person = await signUp(platform, { verified: false });
    const admin = await createAdmin(platform);
    expectStatus(await admin.client.patch(`/v1/admin/developers/${person.id}`, { verified: true }), 200);
    expect((await person.client.get('/v1/me')).body.verified).toBe(true);
    expectStatus(await login(person.email), 200);
  });

  it('is not open to others for an account whose verification an admin took back', async () => {
    const owner = await signUp(platform);
    const admin = await createAdmin(platform);
    expectStatus(await admin.client.patch(`/v1/admin/developers/${owner.id}`, { verified: false }), 200);
    expectStatus(await register(owner.email, { name: 'Intruder', password: 'the intruder’s password' }), 202);
    await platform.idle();
    expect((await owner.client.get('/v1/me')).body).toMatchObject({ name: owner.name, verified: false });
    expect((await login(owner.email, 'the intruder’s password')).status).toBe(401);
    expect(mailsTo(owner.email).at(-1)).toContain('You have an account already');
  });

  it('is known to be contested or closed from the log where the file is older than that is kept', async () => {
    const [contested, closed, single] = [newEmail(), newEmail(), newEmail()];
    for (const email of [contested, contested, single]) await register(email);
    const owner = await signUp(platform, { email: closed });
    const admin = await createAdmin(platform);
    expectStatus(await admin.client.patch(`/v1/admin/developers/${owner.id}`, { verified: false }), 200);
    const read = () =>
      [contested, closed, single].map((email) =>
        scalar<string | null>(platform, 'SELECT registration FROM developers WHERE email = ?', email),
      );
    expect(read()).toEqual(['again', 'closed', null]);
    const migrator = new Migrator(platform.db.rawWriter, readCoreMigrations());
    const later = readCoreMigrations().filter(({ name }) => name >= '0012_registrations');
    migrator.down(later.length, { allowLoss: ['developers.registration'] });
    migrator.up();
    expect(read()).toEqual(['again', 'closed', null]);
  });

  it('takes an address in any case as the same', async () => {
    const email = newEmail();
    await register(email.toUpperCase());
    await register(email);
    expect(scalar(platform, 'SELECT COUNT(*) FROM developers WHERE email = ?', email)).toBe(1);
    expect((await login(`  ${email.toUpperCase()} `)).status).toBe(200);
  });

  it('lets an unverified account sign in and prepare, but not submit', async () => {
    const person = await signUp(platform, { verified: false });
    const packageId = `com.example.${unique('waiting')}`;
    expectStatus(await person.client.post('/v1/apps', { package_id: packageId, name: 'App' }), 201);
    const submit = await person.client.post(`/v1/apps/${packageId}/versions/1/submit`);
    expect(submit).toMatchObject({ status: 403, body: { code: 'email-unverified' } });
    expect((await person.client.get('/v1/me')).body.verified).toBe(false);
  });

  it.each([
    ['no address', { email: 'nobody' }, '/email'],
    ['an address with a line break', { email: 'a@example.com\r\nBcc: b@example.com' }, '/email'],
    ['a short password', { password: '1234567' }, '/password'],
    ['a huge password', { password: 'x'.repeat(257) }, '/password'],
    ['an empty name', { name: '   ' }, '/name'],
    ['a name of two lines', { name: 'a\nb' }, '/name'],
    ['a role', { role: 'admin' }, '/role'],
    ['a verification', { verified: true }, '/verified'],
  ])('refuses %s', async (_, wrong, pointer) => {
    const email = newEmail();
    const answer = await register(email, wrong);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(scalar(platform, 'SELECT COUNT(*) FROM developers WHERE email = ?', email)).toBe(0);
  });

  it('keeps the password as an argon2id hash of at least 19 MiB, two passes and one lane', async () => {
    const { email } = await signUp(platform, { verified: false });
    const hash = scalar<string>(platform, 'SELECT password_hash FROM developers WHERE email = ?', email);
    const [, algorithm, , parameters = ''] = hash.split('$');
    const { m, t, p } = Object.fromEntries(parameters.split(',').map((part) => part.split('='))) as Record<
      string,
      string
    >;
    expect(algorithm).toBe('argon2id');
    expect(Number(m)).toBeGreaterThanOrEqual(19 * 1024);
    expect(Number(t)).toBeGreaterThanOrEqual(2);
    expect(p).toBe('1');
  });

  describe('its link', () => {
    it('works once', async () => {
      const email = newEmail();
      await register(email);
      const token = await findMailedToken(platform, email);
      expect((await verify(token)).status).toBe(204);
      expect(await verify(token)).toMatchObject({ status: 422, body: { code: 'token-invalid' } });
    });

    it('works for a day and not longer', async () => {
      const [early, late] = [newEmail(), newEmail()];
      await register(early);
      await register(late);
      const [inTime, tooLate] = [await findMailedToken(platform, early), await findMailedToken(platform, late)];
      platform.clock.advance(24 * HOUR_MS - 60_000);
      expect((await verify(inTime)).status).toBe(204);
      platform.clock.advance(60_000);
      expect((await verify(tooLate)).body.code).toBe('token-invalid');
    });

    it('is kept as a hash only, and in no job', async () => {
      const email = newEmail();
      await register(email);
      const token = await findMailedToken(platform, email);
      const everything = ['one_time_tokens', 'jobs', 'developers', 'audit_logs']
        .map((table) => JSON.stringify(rows(platform, `SELECT * FROM ${table}`)))
        .join();
      expect(everything).not.toContain(token);
    });

    it('sets no password, and a link for a password verifies by itself only when it is used', async () => {
      const email = newEmail();
      await register(email);
      const token = await findMailedToken(platform, email);
      const reset = await platform.client().post('/v1/auth/reset-password', { token, password: 'another password' });
      expect(reset.body.code).toBe('token-invalid');
      await platform.client().post('/v1/auth/forgot-password', { email });
      expect((await verify(await findMailedToken(platform, email))).body.code).toBe('token-invalid');
      expect((await login(email)).body.developer.verified).toBe(false);
    });
  });
});
