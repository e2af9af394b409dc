import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';

const DIST = fileURLToPath(new URL('../../admin/dist/', import.meta.url));

describe('the console, as it is served', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  const paths = JSON.parse(readFileSync(`${DIST}client-paths.json`, 'utf8')) as string[];
  const assets = readdirSync(`${DIST}assets`).filter((name) => /\.(js|css|svg)$/.test(name));
  const script = `/admin/assets/${assets.find((name) => name.startsWith('index-') && name.endsWith('.js'))}`;

  it('is one page under every path that it knows, never cached', async () => {
    expect(paths).toEqual(expect.arrayContaining(['/', '/reviews', '/setup', '/verify-email', '/reset-password']));
    for (const path of paths) {
      const answer = await platform.client().get(`/admin${path.replaceAll(/\$\w+/g, 'x')}?token=1`);
      expect([path, answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
        'no-store',
      ]);
    }
    const bare = await platform.client().get('/admin');
    expect([bare.status, bare.headers.location]).toEqual([308, '/admin/']);
  });

  it('runs no script that stands in the page, loads nothing from elsewhere, and has another nonce every time', async () => {
    const answers = await Promise.all([1, 2].map(() => platform.client().get('/admin/reviews')));
    const nonces = answers.map(({ headers, bytes }) => {
      const page = bytes.toString('utf8');
      const policy = String(headers['content-security-policy']);
      const nonce = /style-src 'self' 'nonce-([A-Za-z0-9+/=]{20,})'/.exec(policy)?.[1];
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|data:|\*/);
      expect(page).toContain(`<meta property="csp-nonce" nonce="${nonce}"`);
      expect(page).not.toContain('__MOSIS_CSP_NONCE__');
      for (const [tag] of page.matchAll(/<script[^>]*>/g)) expect(tag).toContain(' src="/admin/assets/');
      expect(page.match(/<script[^>]*>[^<]/)).toBeNull();
      expect(page.match(/ style=| on\w+=/)).toBeNull();
      for (const [, address = ''] of page.matchAll(/ (?:src|href)="([^"]+)"/g)) expect(address).toMatch(/^\/[^/]/);
      return nonce;
    });
    expect(new Set(nonces).size).toBe(2);
  });

  it('has files that a browser keeps for ever, packed as it asks for them', async () => {
    for (const name of assets) {
      const answer = await platform.client().get(`/admin/assets/${name}`);
      expect([name, answer.status, answer.headers['cache-control']]).toEqual([
        name,
        200,
        'public, max-age=31536000, immutable',
      ]);
      // A name without a digest must not be kept for ever.
      expect(name).toMatch(/-[\w-]{8}\.\w+$/);
    }
    const plain = await platform.client().get(script);
    const ask = (encodings: string) => platform.client().get(script, { 'accept-encoding': encodings });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toContain('Accept-Encoding');
    const brotli = await ask('gzip, deflate, br');
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(brotli.bytes).equals(plain.bytes)).toBe(true);
    const gzip = await ask('gzip, br;q=0');
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true);
  });

  it.each([
    '/admin/nothing',
    '/admin/nothing/',
    '/admin/index.html',
    '/admin/client-paths.json',
    '/admin/assets/nothing.js',
    '/admin/assets/',
    '/admin/assets/%2e%2e/index.html',
    '/admin/assets/../client-paths.json',
  ])('answers %s with a problem document', async (url) => {
    const answer = await platform.client().get(url);
    expectProblem(answer, 'route-not-found');
    expect(answer.status).toBe(404);
  });

  it('shows a browser that there is no such page, and still says 404', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const answer = await platform.client().get('/admin/nothing', { accept });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    const asset = await platform.client().get('/admin/assets/nothing.js', { accept });
    expectProblem(asset, 'route-not-found');
  });

  it('leads from an address with a slash too many to the one without, and keeps what it asks for', async () => {
    const answer = await platform.client().get('/admin/reviews/?status=decided');
    expect([answer.status, answer.headers.location]).toEqual([308, '/admin/reviews?status=decided']);
  });
});
