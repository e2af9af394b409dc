import { AccountsService } from '../src/accounts/accounts.service.js';
import { addApiKey, createAdmin, signUp } from './support/actors.js';
import { rows } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const ADMIN = { email: 'first@example.com', name: 'First', password: 'the first admin’s password' };

describe('the link to create the first admin', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.start();
  });
  afterEach(() => platform.stop());

  const makeLink = () => platform.app.get(AccountsService).createSetupLink();
  const makeToken = async () => ((await makeLink()) ?? '').split('#token=')[1] ?? '';
  const setUp = (token: string, more: object = {}) =>
    platform.client().post('/v1/auth/setup', { ...ADMIN, token, ...more });

  it('creates a verified admin, once, and is kept as a hash only', async () => {
    const link = (await makeLink()) ?? '';
    expect(link).toMatch(/^http:\/\/store\.test\/admin\/setup#token=[A-Za-z0-9]{27}$/);
    const token = link.split('=')[1] ?? '';
    expect(JSON.stringify(rows(platform, 'SELECT * FROM one_time_tokens'))).not.toContain(token);
    const created = await setUp(token);
    expect(created).toMatchObject({ status: 201, body: { role: 'admin', verified: true, email: ADMIN.email } });
    expect(await setUp(token, { email: 'second@example.com' })).toMatchObject({ status: 422 });
    const client = platform.client();
    expect((await client.post('/v1/auth/login', { email: ADMIN.email, password: ADMIN.password })).status).toBe(200);
    expect((await client.get('/v1/admin/system')).status).toBe(200);
    expect(await makeLink()).toBeUndefined();
  });

  it('is worth nothing once there is an admin, after a week, or when a newer one was made', async () => {
    const older = await makeToken();
    const newer = await makeToken();
    expect((await setUp(older)).body.code).toBe('token-invalid');
    platform.clock.advance(7 * DAY_MS);
    expect((await setUp(newer)).body.code).toBe('token-invalid');
    const fresh = await makeToken();
    await createAdmin(platform);
    expect((await setUp(fresh)).body.code).toBe('setup-done');
  });

  it('takes over an account that has the address, without what somebody else left in it', async () => {
    const squatter = await signUp(platform, { email: ADMIN.email, verified: false });
    const key = await addApiKey(squatter, ['apps:read']);
    expect((await setUp(await makeToken())).body).toMatchObject({ id: squatter.id, role: 'admin', name: ADMIN.name });
    expect((await squatter.client.get('/v1/me')).status).toBe(401);
    expect((await platform.client().withKey(key).get('/v1/apps')).status).toBe(401);
  });

  it('does not serve as any other link', async () => {
    const token = await makeToken();
    for (const [route, body] of [
      ['verify-email', { token }],
      ['reset-password', { token, password: ADMIN.password }],
    ] as const)
      expect((await platform.client().post(`/v1/auth/${route}`, body)).body.code).toBe('token-invalid');
    expect((await setUp(token)).status).toBe(201);
  });
});
