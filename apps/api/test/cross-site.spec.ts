import { PASSWORD, addApiKey, signUp, unique, type Person } from './support/actors.js';
import { TestPlatform } from './support/platform.js';

const CONSOLE = 'https://console.example.com';

describe('a request from a browser', () => {
  let platform: TestPlatform;
  let person: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start({ CORS_ORIGINS: `${CONSOLE}, http://localhost:5173` });
    person = await signUp(platform);
  });
  afterAll(() => platform.stop());

  const rename = (headers: Record<string, string>) => person.client.patch('/v1/me', { name: 'Renamed' }, headers);

  describe('that writes with the cookie', () => {
    it.each([
      [{}, 200],
      [{ 'sec-fetch-site': 'same-origin' }, 200],
      [{ 'sec-fetch-site': 'none' }, 200],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'something new' }, 403],
      [{ 'sec-fetch-site': '' }, 403],
      [{ origin: 'http://store.test' }, 200],
      // A proxy may speak https outside and http inside.
      [{ origin: 'https://store.test' }, 200],
      [{ origin: 'http://nas.local:8080', host: 'nas.local:8080' }, 200],
      [{ origin: 'http://evil.test' }, 403],
      [{ origin: 'http://store.test.evil.test' }, 403],
      [{ origin: 'http://store.test:8080' }, 403],
      [{ origin: 'http://sub.store.test' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: '' }, 403],
      [{ 'sec-fetch-site': 'same-origin', origin: 'http://evil.test' }, 403],
      [{ 'sec-fetch-site': 'cross-site', origin: 'http://store.test' }, 403],
      [{ 'sec-fetch-site': 'cross-site', origin: CONSOLE }, 200],
      [{ 'sec-fetch-site': 'cross-site', origin: `${CONSOLE}.evil.test` }, 403],
    ])('is answered by where it says that it comes from: %j → %i', async (headers, status) => {
      const answer = await rename(headers);
      expect(answer.status).toBe(status);
      if (status === 403) expect(answer.body.code).toBe('cross-site-request');
    });

    it('is refused for every method that writes, and reads are left alone', async () => {
      const evil = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.test' };
      for (const [method, url] of [
        ['POST', '/v1/apps'],
        ['PUT', '/v1/apps/com.example.x/icon'],
        ['PATCH', '/v1/me'],
        ['DELETE', '/v1/me'],
      ] as const)
        expect((await person.client.send(method, url, undefined, evil)).body.code).toBe('cross-site-request');
      expect((await person.client.get('/v1/me', evil)).status).toBe(200);
    });
  });

  it.each([
    ['signs in', '/v1/auth/login'],
    ['signs out', '/v1/auth/logout'],
    ['registers', '/v1/auth/register'],
    ['signs out by an escaped address', '/v1/%61uth/logout'],
    ['signs out by another escaped address', '/%761/auth%2flogout'.replace('%2f', '/')],
  ])('that %s for a visitor of another site is refused', async (_, url) => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const answer = await platform.client().post(url, { email: person.email, password: PASSWORD }, headers);
    expect(answer).toMatchObject({ status: 403, body: { code: 'cross-site-request' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('is not asked where it comes from when it carries a key, which no browser adds by itself', async () => {
    const key = await addApiKey(person, ['apps:write']);
    const body = { package_id: `com.example.${unique('app')}`, name: 'App' };
    const evil = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.test' };
    expect((await platform.client().withKey(key).post('/v1/apps', body, evil)).status).toBe(201);
  });

  describe('by a script of another origin', () => {
    const corsOf = (answer: { headers: Record<string, unknown> }) => [
      answer.headers['access-control-allow-origin'],
      answer.headers['access-control-allow-credentials'],
    ];

    it.each([
      ['/v1/store/apps', 'http://any.test', '*', undefined],
      ['/v1/store/apps/com.example.nobody', 'http://any.test', '*', undefined],
      ['/v1/store/apps', CONSOLE, '*', undefined],
      ['/v1/telemetry/batches', 'http://any.test', '*', undefined],
      ['/v1/me', 'http://any.test', undefined, undefined],
      ['/v1/me', CONSOLE, CONSOLE, 'true'],
      ['/v1/me', 'http://localhost:5173', 'http://localhost:5173', 'true'],
      ['/v1/me', `${CONSOLE}:8443`, undefined, undefined],
      ['/v1/me', 'null', undefined, undefined],
      ['/v1/admin/system', CONSOLE, CONSOLE, 'true'],
      ['/v1/storefront', 'http://any.test', undefined, undefined],
      ['/openapi.json', 'http://any.test', undefined, undefined],
    ])('%s asked from %s allows %s, credentials %s', async (url, origin, allowed, credentials) => {
      expect(corsOf(await platform.client().get(url, { origin }))).toEqual([allowed, credentials]);
      const preflight = await platform.client().send('OPTIONS', url, undefined, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-ingest-key',
      });
      expect(corsOf(preflight)).toEqual([allowed, credentials]);
      expect(preflight.status).toBe(allowed ? 204 : 404);
      if (!allowed) return;
      expect(preflight.headers['access-control-allow-methods']).toContain('POST');
      expect(preflight.headers['access-control-allow-headers']).toContain('x-ingest-key');
      expect(preflight.headers['access-control-max-age']).toBe('86400');
      expect(preflight.bytes.length).toBe(0);
    });

    it('is served right by a cache that saw an answer without an origin first', async () => {
      const store = await platform.client().get('/v1/store/apps');
      expect(store.headers['access-control-allow-origin']).toBe('*');
      expect((await platform.client().get('/v1/me')).headers.vary).toBe('Origin');
      expect((await platform.client().get('/v1/me', { origin: CONSOLE })).headers.vary).toBe('Origin');
    });

    it('may read the headers that clients need', async () => {
      const { headers } = await platform.client().get('/v1/store/apps', { origin: 'http://any.test' });
      for (const name of ['etag', 'retry-after', 'x-request-id', 'content-range'])
        expect(headers['access-control-expose-headers']).toContain(name);
    });
  });

  it('gets no page that could be framed, sniffed or run, whatever it asks for', async () => {
    for (const url of ['/v1/me', '/v1/store/apps', '/nothing', '/docs', '/admin/setup', '/openapi.json', '/v1/%zz']) {
      const { headers } = await platform.client().get(url);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(String(headers['content-security-policy'])).not.toMatch(/script-src[^;]*unsafe|https?:|\*/);
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
