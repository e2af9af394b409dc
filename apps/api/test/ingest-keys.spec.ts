import {
  addApiKey,
  createAdmin,
  createPublisher,
  expectStatus,
  signUp,
  type Person,
  type Publisher,
} from './support/actors.js';
import { scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp } from './support/steps.js';

interface Key {
  id: string;
  name: string;
  key: string;
  revoked_at: string | null;
}

describe('ingest keys', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let admin: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
    admin = await createAdmin(platform);
  });
  afterAll(() => platform.stop());

  const urlOf = (app: Publisher) => `/v1/apps/${app.packageId}/ingest-keys`;
  const create = (app: Publisher, name: string) => app.client.post(urlOf(app), { name });

  it('are made, listed newest first with the key itself, and revoked', async () => {
    const app = await newApp(owner);
    const made: Key[] = [];
    for (const name of ['one', 'two', 'three']) {
      const answer = await create(app, name);
      expectStatus(answer, 201);
      expect(answer.body).toMatchObject({ name, revoked_at: null, key: expect.stringMatching(/^mi_[A-Za-z0-9]{32}$/) });
      made.push(answer.body as Key);
      platform.clock.advance(1);
    }
    expect(new Set(made.map(({ key }) => key)).size).toBe(3);
    const first = await app.client.get(`${urlOf(app)}?limit=2`);
    const rest = await app.client.get(`${urlOf(app)}?limit=2&cursor=${first.body.next_cursor}`);
    expect(rest.body.next_cursor).toBeNull();
    expect([...first.body.items, ...rest.body.items]).toEqual([...made].reverse());
    const one = `${urlOf(app)}/${made[0]?.id}`;
    expectStatus(await app.client.delete(one), 204);
    expect((await app.client.delete(one)).status).toBe(404);
    const listed = (await app.client.get(urlOf(app))).body.items as Key[];
    expect(listed.map(({ revoked_at }) => revoked_at !== null)).toEqual([false, false, true]);
    const audited = `SELECT COUNT(*) FROM audit_logs WHERE action LIKE 'ingest_key.%' AND subject_id = ?`;
    expect(scalar(platform, audited, made[0]?.id)).toBe(2);
  });

  it('are at most twenty of an app that work', async () => {
    const app = await newApp(owner);
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1) ids.push((await create(app, `key ${index}`)).body.id as string);
    const refused = await create(app, 'one too many');
    expect([refused.status, refused.body.code]).toEqual([409, 'key-limit-reached']);
    expectStatus(await app.client.delete(`${urlOf(app)}/${ids[3]}`), 204);
    expectStatus(await create(app, 'in its place'), 201);
  });

  it('are their app’s alone: another developer, another app, a reviewer or an admin has no way to them', async () => {
    const app = await newApp(owner);
    const { id } = (await create(app, 'mine')).body as Key;
    const other = await newApp(owner);
    expect((await owner.client.delete(`${urlOf(other)}/${id}`)).status).toBe(404);
    for (const person of [await signUp(platform), admin]) {
      expect((await person.client.get(urlOf(app))).status).toBe(404);
      expect((await person.client.post(urlOf(app), { name: 'x' })).status).toBe(404);
      expect((await person.client.delete(`${urlOf(app)}/${id}`)).status).toBe(404);
    }
    expect((await platform.client().get(urlOf(app))).status).toBe(401);
  });

  it('are managed by a key that may manage keys, within its apps', async () => {
    const [app, other] = [await newApp(owner), await newApp(owner)];
    const may = await addApiKey(owner, ['keys:manage'], { app_package_ids: [app.packageId] });
    const client = owner.client.withKey(may);
    expectStatus(await client.post(urlOf(app), { name: 'x' }), 201);
    expect((await client.post(urlOf(other), { name: 'x' })).body.code).toBe('app-not-in-scope');
    const mayNot = owner.client.withKey(await addApiKey(owner, ['apps:read', 'apps:write', 'telemetry:read']));
    expect((await mayNot.get(urlOf(app))).body.code).toBe('permission-missing');
  });

  it('open nothing: an ingest key is no credential', async () => {
    const { key } = (await create(await newApp(owner), 'public')).body as Key;
    const answer = await platform.client().withKey(key).get('/v1/apps');
    expect([answer.status, answer.body.code]).toEqual([401, 'credential-invalid']);
  });

  it('have a name of one line', async () => {
    const app = await newApp(owner);
    for (const name of ['', '  ', 'x'.repeat(101), 'two\nlines', 5])
      expect((await app.client.post(urlOf(app), { name })).status).toBe(422);
    expect((await app.client.post(urlOf(app), { name: 'x', key: 'mi_mine' })).status).toBe(422);
  });

  it('go with their app', async () => {
    const app = await newApp(owner);
    const { id } = (await create(app, 'x')).body as Key;
    expectStatus(await owner.client.delete(`/v1/apps/${app.packageId}`), 204);
    expect(scalar(platform, 'SELECT COUNT(*) FROM ingest_keys WHERE id = ?', id)).toBe(0);
  });
});
