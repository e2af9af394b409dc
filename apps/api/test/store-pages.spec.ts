import {
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  type Person,
  type Publisher,
} from './support/actors.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { newApp, submitVersion, versionUrl } from './support/steps.js';

interface Item {
  package_id: string;
  name: string;
}

describe('the store', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let owner: Publisher;
  const published: Publisher[] = [];
  const NAMES = ['beta', 'Alpha', 'gamma', 'Delta', 'alpha', 'Épsilon', 'zeta'];
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    owner = await createPublisher(platform);
    for (const [index, name] of NAMES.entries()) {
      const category = index % 3 === 0 ? 'Games' : index % 3 === 1 ? 'Tools' : '';
      const app = await newApp(owner, { name, category, tags: index % 2 === 0 ? ['Even', 'all'] : ['all'] });
      await publishVersion(app, reviewer, { versionCode: 5, permissions: ['network'] });
      published.push(app);
      platform.clock.advance(1000);
    }
    const draft = await newApp(owner, { name: 'Drafted', category: 'Secret' });
    await submitVersion(draft);
  });
  afterAll(() => platform.stop());

  const all = async (query: string, limit: number): Promise<Item[]> => {
    const items: Item[] = [];
    for (let cursor = ''; ;) {
      const page = await platform.client().get(`/v1/store/apps?limit=${limit}&${query}${cursor}`);
      expectStatus(page, 200);
      expect(page.body.items.length).toBeLessThanOrEqual(limit);
      items.push(...(page.body.items as Item[]));
      if (page.body.next_cursor === null) return items;
      cursor = `&cursor=${page.body.next_cursor}`;
    }
  };
  const ids = (items: Item[]) => items.map(({ package_id }) => package_id);
  const published_ids = () => published.map(({ packageId }) => packageId);

  it('shows an app with its newest version, key and signature, all of which a device can check', async () => {
    const app = published[0] as Publisher;
    const page = await platform.client().get(`/v1/store/apps/${app.packageId}`);
    const version = (await app.client.get(versionUrl(app, 5))).body;
    expect(page.body).toMatchObject({
      package_id: app.packageId,
      name: 'beta',
      category: 'Games',
      tags: ['Even', 'all'],
      icon_url: null,
      developer_name: owner.name,
      latest_version: {
        version_code: 5,
        package_sha256: version.package_sha256,
        package_size: version.package_size,
        package_url: `http://store.test/v1/store/packages/${version.package_sha256}`,
        signature: version.signature,
        signing_key_fingerprint: owner.key.fingerprint,
        permissions: ['network'],
      },
    });
    expect(Buffer.from(page.body.latest_version.signing_key, 'base64')).toHaveLength(32);
    expect((await platform.client().get(`/v1/store/apps/${app.packageId.toUpperCase()}`)).status).toBe(200);
    expect((await platform.client().get('/v1/store/apps/com.example.none')).status).toBe(404);
    for (const secret of ['email', 'developer_id', 'review_notes', 'reviewer'])
      expect(JSON.stringify(page.body)).not.toContain(secret);
  });

  it.each(['newest', 'updated', 'name'])('is listed by %s, page by page without gaps or repeats', async (sort) => {
    const items = await all(`sort=${sort}`, 100);
    expect([...ids(items)].sort()).toEqual([...published_ids()].sort());
    for (const limit of [1, 2, 3]) expect(ids(await all(`sort=${sort}`, limit))).toEqual(ids(items));
    if (sort === 'name') {
      const folded = items.map(({ name }) => name.toLowerCase());
      expect(folded).toEqual([...folded].sort());
    } else expect(ids(items)).toEqual([...published_ids()].reverse());
  });

  it('is searched page by page without gaps or repeats, in every order', async () => {
    for (const sort of ['relevance', 'newest', 'updated', 'name']) {
      const items = await all(`q=com.example&sort=${sort}`, 100);
      expect(items).toHaveLength(NAMES.length);
      expect(ids(await all(`q=com.example&sort=${sort}`, 2))).toEqual(ids(items));
    }
    expect(
      ids(await all('q=ALPHA', 1))
        .slice(0, 2)
        .sort(),
    ).toEqual(
      published
        .filter((_, index) => /alpha/i.test(NAMES[index] ?? ''))
        .map(({ packageId }) => packageId)
        .sort(),
    );
  });

  it('is narrowed down by category and tag, alone and with words', async () => {
    expect((await all('category=Games', 2)).map(({ name }) => name).sort()).toEqual(['Delta', 'beta', 'zeta']);
    expect((await all('tag=even', 2)).map(({ name }) => name).sort()).toEqual(['alpha', 'beta', 'gamma', 'zeta']);
    expect((await all('category=Games&tag=even', 2)).map(({ name }) => name).sort()).toEqual(['beta', 'zeta']);
    expect((await all('category=Games&q=delta', 2)).map(({ name }) => name)).toEqual(['Delta']);
    expect(await all('category=None', 2)).toEqual([]);
    const categories = await platform.client().get('/v1/store/categories');
    expect(categories.body.items).toEqual([
      { name: 'Games', count: 3 },
      { name: 'Tools', count: 2 },
    ]);
  });

  it('moves an app up in "updated" with each new version, and not in "newest"', async () => {
    const app = published[2] as Publisher;
    await publishVersion(app, reviewer, { versionCode: 6 });
    expect(ids(await all('sort=updated', 3))[0]).toBe(app.packageId);
    expect(ids(await all('sort=newest', 3))[0]).toBe(published.at(-1)?.packageId);
  });

  it('goes on where a page ended although an app came or went meanwhile', async () => {
    const first = await platform.client().get('/v1/store/apps?sort=name&limit=3');
    const gone = published.find(({ packageId }) => packageId === first.body.items[1].package_id) as Publisher;
    expectStatus(await gone.client.post(`/v1/apps/${gone.packageId}/withdraw`), 200);
    const rest = await platform.client().get(`/v1/store/apps?sort=name&limit=100&cursor=${first.body.next_cursor}`);
    expectStatus(await gone.client.post(`/v1/apps/${gone.packageId}/restore`), 200);
    const seen = [...ids(first.body.items), ...ids(rest.body.items)];
    expect(new Set(seen).size).toBe(NAMES.length);
  });

  it('answers 304 to who has the same page already, and anew when it changed', async () => {
    for (const url of [
      '/v1/store/apps?sort=name',
      '/v1/store/categories',
      `/v1/store/apps/${published[1]?.packageId}`,
    ]) {
      const first = await platform.client().get(url);
      const etag = String(first.headers.etag);
      expect(etag).toMatch(/^"[0-9a-f]+"$/);
      expect(first.headers['cache-control']).toContain('no-cache');
      for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const again = await platform.client().get(url, { 'if-none-match': match });
        expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, etag]);
        expect(again.headers['content-type']).toBeUndefined();
      }
      expect((await platform.client().get(url, { 'if-none-match': '"other"' })).status).toBe(200);
      const head = await platform.client().send('HEAD', url);
      expect([head.status, head.headers.etag, head.bytes.length]).toEqual([200, etag, 0]);
      expect(head.headers['content-length']).toBe(String(first.bytes.length));
      const sameHead = await platform.client().send('HEAD', url, undefined, { 'if-none-match': etag });
      expect([sameHead.status, sameHead.headers.etag, sameHead.bytes.length]).toEqual([304, etag, 0]);
      expect(sameHead.headers['content-length']).toBe(String(first.bytes.length));
    }
    const missing = await platform.client().get('/v1/store/apps/com.example.missing', { 'if-none-match': '*' });
    expect([missing.status, missing.headers.etag, missing.headers['cache-control']]).toEqual([
      404,
      undefined,
      'no-store',
    ]);
    const url = '/v1/store/categories';
    const etag = String((await platform.client().get(url)).headers.etag);
    await publishVersion(await newApp(owner, { category: 'Brand new' }), reviewer);
    expect((await platform.client().get(url, { 'if-none-match': etag })).status).toBe(200);
  });

  it('shows an icon under its digest, for ever', async () => {
    const app = await newApp(owner, { name: 'With icon' });
    await app.client.put(`/v1/apps/${app.packageId}/icon`, png(40), { 'content-type': 'image/png' });
    await publishVersion(app, reviewer);
    const page = await platform.client().get(`/v1/store/apps/${app.packageId}`);
    const icon = await platform.client().get(new URL(page.body.icon_url).pathname);
    expect(icon.status).toBe(200);
    expect(icon.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
  });

  it('reads whatever is typed as words, never as a query language', async () => {
    const typed = ['"', '""', 'AND', 'OR NOT', 'NEAR(a b)', 'name:alpha', 'a*', '-alpha', '^alpha', '(', ')', '{a}: b'];
    for (const text of [...typed, "'; DROP TABLE apps; --", '%', '_', '\\', '\u0000', '🚀', ' ']) {
      const answer = await platform.client().get(`/v1/store/apps?q=${encodeURIComponent(text)}`);
      expect([text, answer.status]).toEqual([text, 200]);
    }
    const names = async (q: string) =>
      ((await platform.client().get(`/v1/store/apps?q=${encodeURIComponent(q)}`)).body.items as Item[]).map(
        ({ name }) => name,
      );
    // Read as a query, the first would leave alpha out and the second would look at one column.
    expect(await names('NOT alpha')).toContain('alpha');
    expect(await names('description:alpha')).not.toEqual([]);
  });

  it('refuses what it cannot read', async () => {
    for (const query of ['sort=random', 'limit=0', 'limit=101', 'limit=x', `q=${'x'.repeat(201)}`, 'unknown=1']) {
      const answer = await platform.client().get(`/v1/store/apps?${query}`);
      expect([query, answer.status, answer.body.code]).toEqual([query, 422, 'validation-failed']);
    }
    for (const cursor of ['x', 'eyJhIjoxfQ', Buffer.from('["a"]').toString('base64url')]) {
      for (const query of ['', '&q=alpha', '&sort=name']) {
        const answer = await platform.client().get(`/v1/store/apps?cursor=${cursor}${query}`);
        expect([cursor, query, answer.body.code]).toEqual([cursor, query, 'cursor-invalid']);
      }
    }
  });

  it('takes a cursor only for the question that it is the answer to', async () => {
    const questions = [
      'sort=name',
      'sort=newest',
      'sort=updated',
      'sort=name&tag=all',
      'sort=name&category=Games',
      'q=a',
      'q=al',
      'q=a&sort=name',
    ];
    const get = (query: string) => platform.client().get(`/v1/store/apps?limit=1&${query}`);
    const cursors = await Promise.all(questions.map(async (query) => (await get(query)).body.next_cursor as string));
    expect(cursors).not.toContain(null);
    for (const [index, cursor] of cursors.entries()) {
      for (const [other, query] of questions.entries()) {
        const answer = await get(`${query}&cursor=${cursor}`);
        expect([query, cursor, answer.body.code]).toEqual([
          query,
          cursor,
          index === other ? undefined : 'cursor-invalid',
        ]);
      }
    }
  });
});
