import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isWellFormedKey } from '../src/common/api-key-format.js';
import { addApiKey, createPublisher, signUp, unique, type Person } from './support/actors.js';
import { rows, scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

describe('an API key', () => {
  let platform: TestPlatform;
  let person: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  beforeEach(async () => {
    person = await signUp(platform);
  });
  afterAll(() => platform.stop());

  const inDays = (days: number) => new Date(platform.clock.now().getTime() + days * DAY_MS).toISOString();
  const create = (more: Record<string, unknown> = {}) =>
    person.client.post('/v1/api-keys', { name: 'CI', permissions: ['apps:read'], ...more });
  const asKey = (key: string) => platform.client().withKey(key);
  const idOf = async (key: string) => {
    const hash = createHash('sha256').update(key).digest('hex');
    return scalar<string>(platform, 'SELECT id FROM api_keys WHERE key_hash = ?', hash);
  };

  it('has a recognisable prefix, a fixed length, and a checksum that a scanner can verify', async () => {
    const { key, key_prefix } = (await create()).body;
    expect(key).toMatch(/^mk_live_[0-9A-Za-z]{46}$/);
    expect(key_prefix).toBe(`${key.slice(0, 12)}…`);
    const checksum = [...key.slice(-6)].reduce((value, character) => value * 62 + BASE62.indexOf(character), 0);
    expect(checksum).toBe(crc32(key.slice(0, -6)));
    expect(isWellFormedKey(key)).toBe(true);
    for (let index = 8; index < key.length; index += 1) {
      const changed = key.slice(0, index) + (key[index] === 'a' ? 'b' : 'a') + key.slice(index + 1);
      expect(isWellFormedKey(changed)).toBe(false);
    }
    for (const wrong of [key.toLowerCase(), `${key}a`, ` ${key}`, key.slice(0, -1), ''])
      expect(isWellFormedKey(wrong)).toBe(false);
  });

  it('is shown once, and kept as a SHA-256 only', async () => {
    const created = await create();
    expect(created.status).toBe(201);
    const { key, ...shown } = created.body;
    expect(Object.keys(shown).sort()).toEqual(
      'app_package_ids created_at developer_id expires_at id key_prefix last_used_at name permissions revoked_at revoked_reason'.split(
        ' ',
      ),
    );
    const list = await person.client.get('/v1/api-keys');
    expect(list.body.items).toEqual([shown]);
    expect(await idOf(key)).toBe(shown.id);
    for (const table of ['api_keys', 'audit_logs', 'idempotency_keys', 'jobs'])
      expect(JSON.stringify(rows(platform, `SELECT * FROM ${table}`))).not.toContain(key.slice(8));
    expect(platform.log).not.toContain(key.slice(8));
  });

  it('for many apps is in the audit log with their number and the first few of them', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `com.example.app_${index}`);
    for (const app_package_ids of [ids, ids.slice(0, 2), null]) {
      const { id } = (await create({ app_package_ids })).body;
      const [logged] = rows<{ data: string }>(platform, 'SELECT data FROM audit_logs WHERE subject_id = ?', id);
      expect(JSON.parse(logged?.data ?? '')).toMatchObject({
        app_package_ids: app_package_ids && app_package_ids.slice(0, 10),
        app_count: app_package_ids && app_package_ids.length,
      });
    }
  });

  it.each([
    ['no permission', { permissions: [] }, '/permissions'],
    ['a permission that does not exist', { permissions: ['apps:read', 'admin'] }, '/permissions/1'],
    ['no name', { name: '' }, '/name'],
    ['an empty list of apps', { app_package_ids: [] }, '/app_package_ids'],
    ['an app id that is none', { app_package_ids: ['nonsense'] }, '/app_package_ids/0'],
    ['an expiry that is no time', { expires_at: 'tomorrow' }, '/expires_at'],
    ['an expiry without a zone', { expires_at: '2099-01-01T00:00:00' }, '/expires_at'],
    ['an expiry that does not exist', { expires_at: '2099-02-30T00:00:00Z' }, '/expires_at'],
    ['an expiry in the past', { expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
    ['an expiry beyond what times can say', { expires_at: '9999-12-31T23:59:59-23:59' }, '/expires_at'],
    ['a secret of its own', { key: 'mk_live_mine' }, '/key'],
  ])('is not created with %s', async (_, wrong, pointer) => {
    const answer = await create(wrong);
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(scalar(platform, 'SELECT COUNT(*) FROM api_keys WHERE developer_id = ?', person.id)).toBe(0);
  });

  it('expires at the moment it says, in whatever zone that was said', async () => {
    const at = new Date(platform.clock.now().getTime() + DAY_MS);
    const local = `${new Date(at.getTime() + 2 * 3_600_000).toISOString().slice(0, -1)}+02:00`;
    const created = await create({ expires_at: local });
    expect(created.body.expires_at).toBe(at.toISOString());
    platform.clock.advance(DAY_MS - 60_000);
    expect((await asKey(created.body.key).get('/v1/apps')).status).toBe(200);
    platform.clock.advance(60_000);
    expect(await asKey(created.body.key).get('/v1/apps')).toMatchObject({
      status: 401,
      body: { code: 'credential-invalid' },
    });
  });

  it('is revoked at once, for good, and stays in the list as revoked', async () => {
    const key = await addApiKey(person, ['apps:read']);
    const id = await idOf(key);
    expect((await asKey(key).get('/v1/apps')).status).toBe(200);
    expect((await person.client.delete(`/v1/api-keys/${id}`)).status).toBe(204);
    expect((await asKey(key).get('/v1/apps')).status).toBe(401);
    expect((await person.client.delete(`/v1/api-keys/${id}`)).status).toBe(404);
    const [item] = (await person.client.get('/v1/api-keys')).body.items;
    expect(item).toMatchObject({ id, revoked_at: expect.any(String) as string, revoked_reason: 'revoked' });
  });

  it('of somebody else is neither seen nor revoked', async () => {
    const key = await addApiKey(person, ['apps:read']);
    const stranger = await signUp(platform);
    const strangersKey = asKey(await addApiKey(stranger, ['keys:manage', 'apps:read']));
    for (const client of [stranger.client, strangersKey]) {
      expect((await client.delete(`/v1/api-keys/${await idOf(key)}`)).body.code).toBe('not-found');
      const { items } = (await client.get('/v1/api-keys')).body;
      expect(items.map((item: { developer_id: string }) => item.developer_id)).not.toContain(person.id);
    }
    expect((await asKey(key).get('/v1/apps')).status).toBe(200);
  });

  it('says when it was last used, to within minutes', async () => {
    const local = await TestPlatform.start();
    const owner = await signUp(local);
    const key = await addApiKey(owner, ['apps:read']);
    const before = local.clock.timestamp();
    await local.client().withKey(key).get('/v1/apps');
    // Uses are written together; at the latest when the server stops.
    await local.stop({ keepData: true });
    const again = await TestPlatform.start({ DATA_DIR: local.settings.dataDir });
    try {
      const [{ last_used_at } = { last_used_at: '' }] = rows<{ last_used_at: string }>(
        again,
        'SELECT last_used_at FROM api_keys',
      );
      expect(last_used_at >= before && last_used_at <= again.clock.timestamp()).toBe(true);
      expect(scalar(again, `SELECT COUNT(*) FROM audit_logs WHERE action LIKE '%used%'`)).toBe(0);
    } finally {
      await again.stop();
    }
  });

  it('is one of at most 100 that work; revoked and expired ones do not count', async () => {
    for (let count = 0; count < 99; count += 1) await addApiKey(person, ['apps:read']);
    await create({ expires_at: inDays(1) });
    expect(await create()).toMatchObject({ status: 409, body: { code: 'key-limit-reached' } });
    platform.clock.advance(DAY_MS);
    expect((await create()).status).toBe(201);
    expect((await create()).body.code).toBe('key-limit-reached');
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await person.client.get(`/v1/api-keys?limit=40${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...page.body.items.map((item: { id: string }) => item.id));
      cursor = page.body.next_cursor as string | null;
    }
    expect(new Set(seen).size).toBe(101);
    expect(seen.length).toBe(101);
  });

  describe('that mints keys', () => {
    const mint = (key: string, more: Record<string, unknown>) =>
      asKey(key).post('/v1/api-keys', { name: 'child', permissions: ['keys:manage'], ...more });

    it('gives no permission that it lacks', async () => {
      const key = await addApiKey(person, ['keys:manage', 'apps:read']);
      expect((await mint(key, { permissions: ['apps:read', 'keys:manage'] })).status).toBe(201);
      const answer = await mint(key, { permissions: ['apps:read', 'apps:write'] });
      expect(answer).toMatchObject({ status: 403, body: { code: 'key-grants-too-much' } });
    });

    it('gives no app that it may not use itself', async () => {
      const [mine, other] = [`com.example.${unique('mine')}`, `com.example.${unique('other')}`];
      const key = await addApiKey(person, ['keys:manage'], { app_package_ids: [mine] });
      expect((await mint(key, { app_package_ids: [mine.toUpperCase()] })).status).toBe(201);
      for (const app_package_ids of [[mine, other], [other], null, undefined])
        expect((await mint(key, { app_package_ids })).body.code).toBe('key-grants-too-much');
    });

    it('gives no longer life than its own', async () => {
      const key = await addApiKey(person, ['keys:manage'], { expires_at: inDays(10) });
      expect((await mint(key, { expires_at: inDays(9) })).status).toBe(201);
      for (const expires_at of [inDays(11), null, undefined])
        expect((await mint(key, { expires_at })).body.code).toBe('key-grants-too-much');
    });

    it('sees and revokes only keys that grant no more than it does', async () => {
      const key = await addApiKey(person, ['keys:manage', 'apps:read']);
      const [equal, greater] = [await addApiKey(person, ['apps:read']), await addApiKey(person, ['apps:write'])];
      const { items } = (await asKey(key).get('/v1/api-keys')).body;
      const ids = items.map((item: { id: string }) => item.id);
      expect(ids).toContain(await idOf(equal));
      expect(ids).not.toContain(await idOf(greater));
      expect((await asKey(key).delete(`/v1/api-keys/${await idOf(greater)}`)).body.code).toBe('key-grants-too-much');
      expect((await asKey(key).delete(`/v1/api-keys/${await idOf(equal)}`)).status).toBe(204);
    });
  });

  it('limited to one app works on that app in any case, and on an app made later', async () => {
    const owner = await createPublisher(platform);
    const later = `com.example.${unique('later')}`;
    const key = await addApiKey(owner, ['apps:read', 'apps:write'], {
      app_package_ids: [owner.packageId.toUpperCase(), later],
    });
    expect((await asKey(key).get(`/v1/apps/${owner.packageId}`)).status).toBe(200);
    expect((await asKey(key).post('/v1/apps', { package_id: later, name: 'Later' })).status).toBe(201);
    const elsewhere = { package_id: `com.example.${unique('elsewhere')}`, name: 'Elsewhere' };
    expect((await asKey(key).post('/v1/apps', elsewhere)).body.code).toBe('app-not-in-scope');
  });
});
