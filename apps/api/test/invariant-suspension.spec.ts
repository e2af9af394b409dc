import {
  addApiKey,
  buildTestPackage,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  type Person,
  type Publisher,
} from './support/actors.js';
import { rows, sql } from './support/attack.js';
import type { Client } from './support/client.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, newApp, submitVersion, versionUrl } from './support/steps.js';

const PERMISSIONS = ['apps:read', 'apps:write', 'versions:upload', 'versions:publish', 'keys:manage'];

/** Invariant 8. */
describe('a suspension', () => {
  let platform: TestPlatform;
  let admin: Person;
  let reviewer: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    reviewer = await createReviewer(platform, admin);
  });
  afterAll(() => platform.stop());

  /** A published app with an icon, a second version approved, and a key that may do everything. */
  async function prepare(iconSide: number) {
    const publisher = await createPublisher(platform, { name: `Findable ${crypto.randomUUID().slice(0, 8)}` });
    const icon = await publisher.client.put(`/v1/apps/${publisher.packageId}/icon`, png(iconSide), {
      'content-type': 'image/png',
    });
    expectStatus(icon, 200);
    const published = await publishVersion(publisher, reviewer);
    await approveVersion(publisher, reviewer, { versionCode: 2 });
    const key = publisher.client.withKey(await addApiKey(publisher, PERMISSIONS));
    return { publisher, key, published: published.body, icon: icon.body.icon_sha256 as string };
  }

  /** What devices get of an app, place by place. */
  async function look(publisher: Publisher, published: { package_sha256: string }, icon: string) {
    const device = platform.client();
    const app = await device.get(`/v1/store/apps/${publisher.packageId}`);
    const search = await device.get(`/v1/store/apps?q=${publisher.packageId}`);
    const list = await device.get(`/v1/store/apps?limit=100`);
    const updates = await device.post('/v1/store/updates', {
      mosis_version: '9.0.0',
      installed: [{ package_id: publisher.packageId, version_code: 0 }],
    });
    const has = (answer: { body: { items: { package_id: string }[] } }) =>
      answer.body.items.some(({ package_id }) => package_id === publisher.packageId);
    return {
      page: app.status,
      search: has(search),
      list: has(list),
      updates: updates.body.updates.length,
      download: (await device.get(`/v1/store/packages/${published.package_sha256}`)).status,
      icon: (await device.get(`/v1/store/icons/${icon}`)).status,
    };
  }
  const SHOWN = { page: 200, search: true, list: true, updates: 1, download: 200, icon: 200 };
  const GONE = { page: 404, search: false, list: false, updates: 0, download: 404, icon: 404 };

  async function everyWrite(client: Client, publisher: Publisher): Promise<[string, number, string][]> {
    const app = `/v1/apps/${publisher.packageId}`;
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId, versionCode: 3 });
    const attempts: [string, () => ReturnType<Client['get']>][] = [
      ['listing', () => client.patch(app, { description: 'changed' })],
      ['icon', () => client.put(`${app}/icon`, png(17), { 'content-type': 'image/png' })],
      ['no icon', () => client.delete(`${app}/icon`)],
      ['withdraw app', () => client.post(`${app}/withdraw`)],
      ['restore app', () => client.post(`${app}/restore`)],
      ['delete app', () => client.delete(app)],
      ['upload', () => client.post(`${app}/versions`, bytes)],
      ['notes', () => client.patch(`${app}/versions/2`, { release_notes: 'x' })],
      ['submit', () => client.post(`${app}/versions/2/submit`)],
      ['withdraw', () => client.post(`${app}/versions/2/withdraw`)],
      ['publish', () => client.post(`${app}/versions/2/publish`)],
      ['yank', () => client.post(`${app}/versions/1/yank`, { reason: 'x' })],
      ['unyank', () => client.post(`${app}/versions/1/unyank`)],
      ['delete version', () => client.delete(`${app}/versions/2`)],
      ['ingest key', () => client.post(`${app}/ingest-keys`, { name: 'x' })],
    ];
    const answers: [string, number, string][] = [];
    for (const [name, attempt] of attempts) {
      const { status, body } = await attempt();
      answers.push([name, status, body.code]);
    }
    return answers;
  }

  it('of an app takes it away everywhere and stops all work on it, by cookie and by key; lifted, all is as it was', async () => {
    const { publisher, key, published, icon } = await prepare(16);
    const state = () =>
      rows(platform, 'SELECT * FROM apps WHERE package_id = ?', publisher.packageId).map(
        ({ updated_at: _, ...row }) => row,
      );
    const before = state();
    expect(await look(publisher, published, icon)).toEqual(SHOWN);
    const url = `/v1/admin/apps/${publisher.packageId}`;
    expect((await admin.client.post(`${url}/suspend`, { reason: '' })).status).toBe(422);
    const suspended = await admin.client.post(`${url}/suspend`, { reason: 'malware' });
    expect(suspended.body).toMatchObject({ status: 'suspended', suspend_reason: 'malware' });
    expect((await admin.client.post(`${url}/suspend`, { reason: 'again' })).body.code).toBe('already-suspended');
    expect(await look(publisher, published, icon)).toEqual(GONE);
    for (const client of [publisher.client, key]) {
      for (const [name, status, code] of await everyWrite(client, publisher))
        expect([name, status, code]).toEqual([name, 403, 'app-suspended']);
      expect((await client.get(`/v1/apps/${publisher.packageId}`)).body.status).toBe('suspended');
    }
    expect((await admin.client.post(`${url}/unsuspend`)).body.status).toBe('published');
    expect((await admin.client.post(`${url}/unsuspend`)).body.code).toBe('not-suspended');
    expect(state()).toEqual(before);
    expect(await look(publisher, published, icon)).toEqual(SHOWN);
    expect((await key.post(`${versionUrl(publisher, 2)}/publish`)).status).toBe(200);
  });

  it('of a developer shuts out the account and takes away its apps, by cookie and by key; lifted, all is as it was', async () => {
    const { publisher, key, published, icon } = await prepare(18);
    const url = `/v1/admin/developers/${publisher.id}`;
    expect((await admin.client.post(`${url}/suspend`, { reason: 'fraud' })).body.suspend_reason).toBe('fraud');
    expect((await admin.client.post(`${url}/suspend`, { reason: 'again' })).body.code).toBe('already-suspended');
    expect(await look(publisher, published, icon)).toEqual(GONE);
    for (const client of [publisher.client, key]) {
      for (const [name, status, code] of await everyWrite(client, publisher))
        expect([name, status, code]).toEqual([name, 403, 'account-suspended']);
      for (const read of ['/v1/apps', `/v1/apps/${publisher.packageId}`, '/v1/api-keys'])
        expect((await client.get(read)).status).toBe(403);
    }
    const now = new Date().toISOString();
    const past = `UPDATE app_versions SET status = 'published', published_at = ? WHERE app_id = ? AND version_code = 2`;
    const appId = rows<{ id: string }>(platform, 'SELECT id FROM apps WHERE package_id = ?', publisher.packageId);
    expect(() => sql(platform, past, now, appId[0]?.id)).toThrow(/app-suspended/);
    expect((await admin.client.post(`${url}/unsuspend`)).body.suspended_at).toBeNull();
    expect((await admin.client.post(`${url}/unsuspend`)).body.code).toBe('not-suspended');
    expect(await look(publisher, published, icon)).toEqual(SHOWN);
    expect((await key.post(`${versionUrl(publisher, 2)}/publish`)).status).toBe(200);
  });

  it('restores exactly what was: a draft, a withdrawn app, a submission', async () => {
    const owner = await createPublisher(platform);
    const draft = await newApp(owner);
    const withdrawn = await newApp(owner);
    await publishVersion(withdrawn, reviewer);
    expectStatus(await withdrawn.client.post(`/v1/apps/${withdrawn.packageId}/withdraw`), 200);
    const submitted = await newApp(owner);
    await submitVersion(submitted);
    for (const app of [draft, withdrawn, submitted]) {
      const before = (await app.client.get(`/v1/apps/${app.packageId}`)).body;
      expectStatus(await admin.client.post(`/v1/admin/apps/${app.packageId}/suspend`, { reason: 'x' }), 200);
      expectStatus(await admin.client.post(`/v1/admin/apps/${app.packageId}/unsuspend`), 200);
      const after = (await app.client.get(`/v1/apps/${app.packageId}`)).body;
      expect({ ...after, updated_at: '' }).toEqual({ ...before, updated_at: '' });
    }
    expect((await submitted.client.get(versionUrl(submitted, 1))).body.status).toBe('review');
    expect((await platform.client().get(`/v1/store/apps/${withdrawn.packageId}`)).status).toBe(404);
  });

  it('that comes while a package is being uploaded stops that upload', async () => {
    const publisher = await createPublisher(platform);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const uploading = publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
    const suspending = admin.client.post(`/v1/admin/apps/${publisher.packageId}/suspend`, { reason: 'x' });
    expectStatus(await suspending, 200);
    const { status, body } = await uploading;
    expect([status, body.code]).toEqual([403, 'app-suspended']);
    expect(rows(platform, 'SELECT * FROM pending_objects')).toEqual([]);
  });

  it('is not what a yank is: an admin’s yank lasts against its owner, an owner’s may be taken over', async () => {
    const publisher = await createPublisher(platform);
    const published = await publishVersion(publisher, reviewer);
    const own = versionUrl(publisher, 1);
    const staff = own.replace('/v1/', '/v1/admin/');
    expectStatus(await publisher.client.post(`${own}/yank`, { reason: 'mine' }), 200);
    expect((await admin.client.post(`${staff}/unyank`)).body.code).toBe('yanked-by-owner');
    expect((await admin.client.post(`${staff}/yank`, { reason: 'theirs' })).body.yanked_by).toBe('admin');
    for (const client of [publisher.client, publisher.client.withKey(await addApiKey(publisher, PERMISSIONS))]) {
      const refused = await client.post(`${own}/unyank`);
      expect([refused.status, refused.body.code]).toEqual([403, 'yanked-by-admin']);
      expect((await client.post(`${own}/yank`, { reason: 'mine again' })).body.code).toBe('version-already-yanked');
    }
    const change = `UPDATE app_versions SET yanked_by = 'owner' WHERE id = ?`;
    expect(() => sql(platform, change, published.body.id)).toThrow(/yanked-by-admin/);
    expect((await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).status).toBe(404);
    expect((await admin.client.post(`${staff}/unyank`)).body).toMatchObject({ yanked_at: null, yank_reason: null });
    expect((await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).status).toBe(200);
  });
});
