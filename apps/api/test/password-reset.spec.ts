import { PASSWORD, addApiKey, addSigningKey, findMailedToken, signUp, unique } from './support/actors.js';
import { rows, scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const MINUTE_MS = 60 * 1000;
const NEW_PASSWORD = 'a brand new password';

describe('a forgotten password', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  const forgot = (email: string) => platform.client().post('/v1/auth/forgot-password', { email });
  const reset = (token: string, password = NEW_PASSWORD) =>
    platform.client().post('/v1/auth/reset-password', { token, password });
  const login = (email: string, password: string) => platform.client().post('/v1/auth/login', { email, password });

  it('is answered the same, after the same writing, for a known and an unknown address', async () => {
    const { email } = await signUp(platform);
    await platform.idle();
    const answers = [];
    for (const address of [email, `${unique('nobody')}@example.com`]) {
      const before = scalar(platform, 'SELECT COUNT(*) FROM jobs');
      const answer = await forgot(address);
      const { 'x-request-id': _id, date: _date, ...headers } = answer.headers;
      const written = scalar(platform, 'SELECT COUNT(*) FROM jobs') - before;
      answers.push({ status: answer.status, body: answer.body as unknown, headers, written });
    }
    // An insert each: without one there would be no sync, and the answer would come earlier.
    expect(answers[0]).toMatchObject({ status: 202, body: { status: 'accepted' }, written: 1 });
    expect(answers[1]).toEqual(answers[0]);
    await platform.idle();
    expect(scalar(platform, `SELECT COUNT(*) FROM jobs WHERE state != 'done' AND kind LIKE 'mail.%'`)).toBe(0);
  });

  it('is replaced by the mailed link, which ends every session and tells the owner', async () => {
    const person = await signUp(platform);
    await forgot(person.email.toUpperCase());
    expect((await reset(await findMailedToken(platform, person.email))).status).toBe(204);
    expect((await person.client.get('/v1/me')).status).toBe(401);
    expect((await login(person.email, PASSWORD)).status).toBe(401);
    expect((await login(person.email, NEW_PASSWORD)).status).toBe(200);
    await platform.idle();
    const kinds = rows<{ kind: string }>(platform, `SELECT kind FROM jobs WHERE kind = 'mail.password-changed'`);
    expect(kinds.length).toBeGreaterThan(0);
  });

  it('keeps the keys of an owner whose address was verified before', async () => {
    const person = await signUp(platform);
    const key = await addApiKey(person, ['apps:read']);
    await forgot(person.email);
    await reset(await findMailedToken(platform, person.email));
    expect((await platform.client().withKey(key).get('/v1/apps')).status).toBe(200);
  });

  it('takes every key from whoever registered an address that only the reset proves', async () => {
    const squatter = await signUp(platform, { verified: false });
    const key = await addApiKey(squatter, ['apps:read', 'keys:manage']);
    await addSigningKey(squatter);
    await forgot(squatter.email);
    expect((await reset(await findMailedToken(platform, squatter.email))).status).toBe(204);
    expect((await login(squatter.email, NEW_PASSWORD)).body.developer.verified).toBe(true);
    expect((await platform.client().withKey(key).get('/v1/apps')).body.code).toBe('credential-invalid');
    expect((await squatter.client.get('/v1/me')).status).toBe(401);
    const active = 'SELECT COUNT(*) FROM signing_keys WHERE developer_id = ? AND is_active';
    expect(scalar(platform, active, squatter.id)).toBe(0);
  });

  it('has a link that works once, and whose use ends the older ones', async () => {
    const { email } = await signUp(platform);
    await forgot(email);
    const older = await findMailedToken(platform, email);
    await forgot(email);
    const newer = await findMailedToken(platform, email);
    expect(newer).not.toBe(older);
    expect((await reset(newer)).status).toBe(204);
    for (const token of [newer, older]) expect((await reset(token)).body.code).toBe('token-invalid');
  });

  it('has a link that a changed password ends', async () => {
    const person = await signUp(platform);
    await forgot(person.email);
    const token = await findMailedToken(platform, person.email);
    await person.client.post('/v1/me/password', { current_password: PASSWORD, new_password: NEW_PASSWORD });
    expect((await reset(token, 'the thief’s password')).body.code).toBe('token-invalid');
  });

  it('has a link that works for an hour and not longer', async () => {
    const [early, late] = [await signUp(platform), await signUp(platform)];
    await forgot(early.email);
    await forgot(late.email);
    const inTime = await findMailedToken(platform, early.email);
    const tooLate = await findMailedToken(platform, late.email);
    platform.clock.advance(59 * MINUTE_MS);
    expect((await reset(inTime)).status).toBe(204);
    platform.clock.advance(MINUTE_MS);
    expect((await reset(tooLate)).body.code).toBe('token-invalid');
  });

  it('has a link that is kept as a hash only', async () => {
    const { email } = await signUp(platform);
    await forgot(email);
    const token = await findMailedToken(platform, email);
    for (const table of ['one_time_tokens', 'jobs', 'audit_logs'])
      expect(JSON.stringify(rows(platform, `SELECT * FROM ${table}`))).not.toContain(token);
  });

  it('needs a good new password, and the link stays good after a bad one', async () => {
    const { email } = await signUp(platform);
    await forgot(email);
    const token = await findMailedToken(platform, email);
    expect((await reset(token, 'short')).body.code).toBe('validation-failed');
    expect((await reset(token)).status).toBe(204);
  });

  it.each(['', 'x', 'x'.repeat(200), '0'.repeat(27)])('is not replaced by a made-up link (%#)', async (token) => {
    expect((await reset(token)).status).toBe(422);
  });
});
