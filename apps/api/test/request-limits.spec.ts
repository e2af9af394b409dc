import { PASSWORD, signUp, unique } from './support/actors.js';
import { RequestLimits, type LimitName } from '../src/limits/request-limits.js';
import type { Answer } from './support/client.js';
import { TestPlatform } from './support/platform.js';

const LOGINS_PER_ACCOUNT = 10;
const LOGINS_PER_ADDRESS = 100;
const REGISTRATIONS_PER_ADDRESS = 100;
const TOKENS_PER_ADDRESS = 60;

function expectLimited(answer: Answer): void {
  expect(answer.status).toBe(429);
  expect(String(answer.headers['content-type'])).toMatch(/^application\/problem\+json/);
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(3600);
  expect(answer.body).toMatchObject({ status: 429, code: 'rate-limited', title: expect.any(String) as string });
}

describe('limits', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start({ RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1' });
  });
  afterAll(() => platform.stop());

  /** Somebody behind the trusted proxy. */
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const login = (email: string, address: string, password = 'x') =>
    platform.client().post('/v1/auth/login', { email, password }, from(address));

  // What is limited widely is used up without the hashes that so many requests would cost.
  const useUp = async (limit: LimitName, subject: string, times: number) => {
    for (let used = 0; used < times; used += 1) await platform.app.get(RequestLimits).consume(limit, subject);
  };

  it('end guessing at one account, from however many addresses, without a word on whether it exists', async () => {
    const { email } = await signUp(platform);
    for (const account of [email, 'nobody@example.com']) {
      await useUp('login/account', account, LOGINS_PER_ACCOUNT - 2);
      expect((await login(account, '10.1.0.1')).status).toBe(401);
      expect((await login(account.toUpperCase(), '10.1.0.2')).status).toBe(401);
      expectLimited(await login(account, '10.1.0.3'));
    }
    expectLimited(await login(email, '10.1.0.4', PASSWORD));
  });

  it('are forgotten for an account by the right password', async () => {
    const { email } = await signUp(platform);
    for (let round = 0; round < 2; round += 1) {
      await useUp('login/account', email, LOGINS_PER_ACCOUNT - 2);
      expect((await login(email, '10.2.0.1')).status).toBe(401);
      expect((await login(email, '10.2.0.1', PASSWORD)).status).toBe(200);
    }
  });

  it('end guessing from one address, at however many accounts', async () => {
    await useUp('login/address', '10.0.0.1', LOGINS_PER_ADDRESS - 1);
    expect((await login('a@example.com', '10.0.0.1')).status).toBe(401);
    expectLimited(await login('b@example.com', '10.0.0.1'));
    expect((await login('b@example.com', '10.0.0.2')).status).toBe(401);
  });

  it('count the addresses of one IPv6 network together', async () => {
    await useUp('login/address', '2001:db8:1:2::1', LOGINS_PER_ADDRESS - 1);
    expect((await login('a@example.com', '2001:db8:1:2:ffff::9')).status).toBe(401);
    expectLimited(await login('b@example.com', '2001:db8:1:2:3:4:5:6'));
    expect((await login('b@example.com', '2001:db8:1:3::1')).status).toBe(401);
  });

  it('end registering from one address', async () => {
    const register = (address: string) => {
      const body = { email: `${unique('r')}@example.invalid`, name: 'R', password: PASSWORD };
      return platform.client().post('/v1/auth/register', body, from(address));
    };
    await useUp('register/address', '10.0.0.1', REGISTRATIONS_PER_ADDRESS - 1);
    expect((await register('10.0.0.1')).status).toBe(202);
    expectLimited(await register('10.0.0.1'));
    expect((await register('10.0.0.2')).status).toBe(202);
  });

  it.each([
    ['forgot-password', { email: 'nobody@example.com' }, 202],
    ['verify-email', { token: 'guess' }, 422],
  ])('end asking for %s from one address', async (route, body, status) => {
    const ask = () => platform.client().post(`/v1/auth/${route}`, body, from(`10.3.0.${route.length}`));
    for (let asked = 0; asked < TOKENS_PER_ADDRESS; asked += 1) expect((await ask()).status).toBe(status);
    expectLimited(await ask());
  });

  it('count somebody behind a trusted proxy by the address that the proxy saw, and nobody’s own claim', async () => {
    // The proxy appends: what stands before is what the client claimed.
    const ask = (claim: string) => platform.client().post('/v1/auth/verify-email', { token: 'x' }, from(claim));
    for (let asked = 0; asked < TOKENS_PER_ADDRESS; asked += 1) await ask(`1.2.3.${asked}, 10.4.0.1`);
    expectLimited(await ask('9.9.9.9, 10.4.0.1'));
    expect((await ask('9.9.9.9, 10.4.0.2')).status).toBe(422);
  });
});

describe('without TRUST_PROXY', () => {
  it('no X-Forwarded-For is believed', async () => {
    const platform = await TestPlatform.start({ RATE_LIMITS: 'on' });
    try {
      const ask = (claim: string) =>
        platform
          .client()
          .post('/v1/auth/verify-email', { token: 'x' }, { 'x-forwarded-for': claim, forwarded: `for=${claim}` });
      for (let asked = 0; asked < TOKENS_PER_ADDRESS; asked += 1)
        expect((await ask(`10.0.0.${asked}`)).status).toBe(422);
      expectLimited(await ask('10.0.1.1'));
    } finally {
      await platform.stop();
    }
  });
});

describe('with RATE_LIMITS off, for benchmarks', () => {
  it('nothing is limited', async () => {
    const platform = await TestPlatform.start();
    try {
      for (let asked = 0; asked <= TOKENS_PER_ADDRESS; asked += 1)
        expect((await platform.client().post('/v1/auth/verify-email', { token: 'x' })).status).toBe(422);
    } finally {
      await platform.stop();
    }
  });
});
