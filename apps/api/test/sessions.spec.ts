import { createHash } from 'node:crypto';
import { PASSWORD, createAdmin, expectStatus, signUp, unique } from './support/actors.js';
import { rows, scalar } from './support/attack.js';
import { countHashes } from './support/hash-counter.js';
import { TestPlatform } from './support/platform.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('signing in', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  const login = (email: string, password = PASSWORD) => platform.client().post('/v1/auth/login', { email, password });

  it('is refused in the same words and after one hash, whether the address is known or not', async () => {
    const { email } = await signUp(platform);
    const unknown = `${unique('nobody')}@example.com`;
    // The first comparison of a process makes the decoy.
    await login(unknown);
    const answers = [];
    for (const address of [email, unknown]) {
      let answer = await platform.client().get('/healthz');
      const hashes = await countHashes(async () => (answer = await login(address, 'not the password')));
      answers.push({ status: answer.status, body: { ...answer.body, request_id: '' }, hashes });
    }
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'login-failed' }, hashes: 1 });
    expect(answers[1]).toEqual(answers[0]);
  });

  it('sets a cookie that scripts cannot read and other sites do not send, for the whole site', async () => {
    const { email } = await signUp(platform);
    const cookie = String((await login(email)).headers['set-cookie']);
    expect(cookie).toMatch(/^mosis_session=[A-Za-z0-9_-]{43};/);
    const attributes = cookie.split('; ').slice(1).sort();
    expect(attributes).toEqual(['HttpOnly', 'Max-Age=34560000', 'Path=/', 'SameSite=Lax']);
  });

  it('sets a Secure cookie when people reach the server by https', async () => {
    const secure = await TestPlatform.start({ PUBLIC_URL: 'https://store.example.com' });
    try {
      const { email } = await createAdmin(secure);
      const answer = await secure.client().post('/v1/auth/login', { email, password: PASSWORD });
      expect(String(answer.headers['set-cookie'])).toContain('; Secure');
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
      const logout = await secure.client().post('/v1/auth/logout');
      expect(String(logout.headers['set-cookie'])).toContain('; Secure');
    } finally {
      await secure.stop();
    }
  });

  it('answers the account without any hash, and keeps the session as a hash only', async () => {
    const person = await signUp(platform);
    const answer = await login(person.email);
    expect(answer.body).toEqual({ developer: (await person.client.get('/v1/me')).body });
    expect(JSON.stringify(answer.body)).not.toMatch(/hash|argon2/);
    const session = person.client.session ?? 'none';
    expect(JSON.stringify(rows(platform, 'SELECT * FROM sessions'))).not.toContain(session);
    const hash = createHash('sha256').update(session).digest('hex');
    expect(scalar(platform, 'SELECT COUNT(*) FROM sessions WHERE id_hash = ?', hash)).toBe(1);
  });

  it('ends the session that the browser had before', async () => {
    const person = await signUp(platform);
    const before = person.client.session ?? '';
    expectStatus(await person.client.post('/v1/auth/login', { email: person.email, password: PASSWORD }), 200);
    expect(person.client.session).not.toBe(before);
    expect((await platform.client().get('/v1/me', { cookie: `mosis_session=${before}` })).status).toBe(401);
  });

  it('is for any case of the address, and for the password exactly as it was set', async () => {
    const { email } = await signUp(platform);
    expect((await login(email.toUpperCase())).status).toBe(200);
    expect((await login(email, PASSWORD.toUpperCase())).status).toBe(401);
    expect((await login(email, `${PASSWORD} `)).status).toBe(401);
  });

  it('tells a suspended developer so, but only with the right password', async () => {
    const admin = await createAdmin(platform);
    const person = await signUp(platform);
    expectStatus(await admin.client.post(`/v1/admin/developers/${person.id}/suspend`, { reason: 'Abuse.' }), 200);
    expect(await login(person.email)).toMatchObject({ status: 403, body: { code: 'account-suspended' } });
    expect(await login(person.email, 'not the password')).toMatchObject({
      status: 401,
      body: { code: 'login-failed' },
    });
  });

  it('ends by signing out, for this session alone, and signing out twice is no error', async () => {
    const person = await signUp(platform);
    const other = await login(person.email);
    const otherCookie = { cookie: String(other.headers['set-cookie']).split(';')[0] ?? '' };
    const session = { cookie: `mosis_session=${person.client.session}` };
    const answer = await person.client.post('/v1/auth/logout');
    expect(answer.status).toBe(204);
    expect(String(answer.headers['set-cookie'])).toMatch(/^mosis_session=; .*(Max-Age=0|Expires=Thu, 01 Jan 1970)/);
    expect((await platform.client().get('/v1/me', session)).body.code).toBe('credential-invalid');
    expect((await platform.client().get('/v1/me', otherCookie)).status).toBe(200);
    expect((await platform.client().post('/v1/auth/logout', undefined, session)).status).toBe(204);
  });

  it('runs out two weeks after the session was last used', async () => {
    const local = await TestPlatform.start();
    try {
      const used = await createAdmin(local);
      const idle = await createAdmin(local);
      local.clock.advance(10 * DAY_MS);
      expect((await used.client.get('/v1/me')).status).toBe(200);
      // That it was used is written with the next batch of such news, at the latest when the server stops.
      await local.stop({ keepData: true });
      const again = await TestPlatform.start({ DATA_DIR: local.settings.dataDir });
      again.clock.advance(20 * DAY_MS);
      const as = (session: string | undefined) => again.client().get('/v1/me', { cookie: `mosis_session=${session}` });
      expect((await as(used.client.session)).status).toBe(200);
      expect((await as(idle.client.session)).status).toBe(401);
      await again.stop();
    } catch (error) {
      await local.stop().catch(() => undefined);
      throw error;
    }
  });

  describe('then changing the password', () => {
    const change = (person: Awaited<ReturnType<typeof signUp>>, current: string, next: string) =>
      person.client.post('/v1/me/password', { current_password: current, new_password: next });

    it('ends every other session and keeps this one', async () => {
      const person = await signUp(platform);
      const other = await login(person.email);
      const otherCookie = { cookie: String(other.headers['set-cookie']).split(';')[0] ?? '' };
      expect((await change(person, PASSWORD, 'a new good password')).status).toBe(204);
      expect((await person.client.get('/v1/me')).status).toBe(200);
      expect((await platform.client().get('/v1/me', otherCookie)).status).toBe(401);
      expect((await login(person.email)).status).toBe(401);
      expect((await login(person.email, 'a new good password')).status).toBe(200);
    });

    it('needs the current password, and a good new one', async () => {
      const person = await signUp(platform);
      expect(await change(person, 'not this', 'a new good password')).toMatchObject({
        status: 422,
        body: { code: 'password-wrong', errors: [{ pointer: '/current_password' }] },
      });
      expect((await change(person, PASSWORD, 'short')).body.code).toBe('validation-failed');
      expect((await login(person.email)).status).toBe(200);
    });
  });
});
