import {
  addSigningKey,
  buildTestPackage,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  PASSWORD,
  publishVersion,
  signUp,
  upload,
  type Person,
} from './support/actors.js';
import { rows, scalar, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

/** Invariant 9, and what a rejection leaves. */
describe('what was used once', () => {
  let platform: TestPlatform;
  let admin: Person;
  let reviewer: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    reviewer = await createReviewer(platform, admin);
  });
  afterAll(() => platform.stop());

  it('as a published app is withdrawn and restored, never deleted', async () => {
    const publisher = await createPublisher(platform);
    const url = `/v1/apps/${publisher.packageId}`;
    expect((await publisher.client.post(`${url}/withdraw`)).body.code).toBe('app-not-published');
    const published = await publishVersion(publisher, reviewer);
    const refused = await publisher.client.delete(url);
    expect([refused.status, refused.body.code]).toEqual([409, 'app-was-published']);
    expect((await publisher.client.delete(`${url}/versions/1`)).body.code).toBe('version-not-draft');
    expect(() => sql(platform, 'DELETE FROM apps WHERE package_id = ?', publisher.packageId)).toThrow(
      /app-was-published/,
    );
    expect(() =>
      sql(platform, `UPDATE apps SET first_published_at = NULL, status = 'draft', live_revision_id = NULL`),
    ).toThrow(/app-was-published/);
    expect((await publisher.client.post(`${url}/withdraw`)).body.withdrawn_at).not.toBeNull();
    expect((await publisher.client.post(`${url}/withdraw`)).body.code).toBe('app-withdrawn');
    for (const gone of [`apps/${publisher.packageId}`, `packages/${published.body.package_sha256}`])
      expect((await platform.client().get(`/v1/store/${gone}`)).status).toBe(404);
    await approveVersion(publisher, reviewer, { versionCode: 2 });
    expect((await publisher.client.post(`${url}/versions/2/publish`)).body.code).toBe('app-withdrawn');
    expect((await publisher.client.delete(url)).body.code).toBe('app-was-published');
    expect((await publisher.client.post(`${url}/restore`)).body.withdrawn_at).toBeNull();
    expect((await publisher.client.post(`${url}/restore`)).body.code).toBe('app-not-withdrawn');
    expect((await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).status).toBe(200);
  });

  it('as a package id is never registered again, by nobody, in no case', async () => {
    const publisher = await createPublisher(platform);
    const other = await signUp(platform);
    const ids = [publisher.packageId, publisher.packageId.toUpperCase(), publisher.packageId.replace('com', 'Com')];
    for (const person of [publisher, other, admin]) {
      for (const package_id of ids) {
        const answer = await person.client.post('/v1/apps', { package_id, name: 'Mine' });
        expect([answer.status, answer.body.code]).toEqual([409, 'package-id-taken']);
      }
    }
    await upload(publisher, { versionCode: 9 });
    expectStatus(await publisher.client.delete(`/v1/apps/${publisher.packageId}`), 204);
    for (const person of [publisher, other, admin]) {
      for (const package_id of ids) {
        const answer = await person.client.post('/v1/apps', { package_id, name: 'Mine' });
        expect([answer.status, answer.body.code]).toEqual([409, 'package-id-retired']);
      }
    }
    expect((await publisher.client.get(`/v1/apps/${publisher.packageId}`)).status).toBe(404);
    expect(
      scalar(platform, 'SELECT highest_version_code FROM tombstones WHERE package_id = ?', publisher.packageId),
    ).toBe(9);
    expect(() => sql(platform, 'DELETE FROM tombstones')).toThrow(/tombstone-final/);
  });

  it('as a package id goes to exactly one of many who ask for it at the same time', async () => {
    const [one, other] = [await signUp(platform), await signUp(platform)];
    const package_id = 'com.example.wanted';
    const answers = await Promise.all(
      [one, other, one, other].map(({ client }) => client.post('/v1/apps', { package_id, name: 'Mine' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('as rejected bytes is refused for good, also after the rejected version’s app moved on', async () => {
    const publisher = await createPublisher(platform);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const send = () => publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
    expectStatus(await send(), 201);
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 1)}/submit`), 200);
    await decide(reviewer, publisher.packageId, 'reject');
    for (const action of ['submit', 'withdraw', 'publish', 'unyank'])
      expect((await publisher.client.post(`${versionUrl(publisher, 1)}/${action}`)).status).toBe(409);
    expect((await publisher.client.delete(versionUrl(publisher, 1))).status).toBe(409);
    expect((await send()).body.code).toBe('package-rejected');
    expect((await upload(publisher, { versionCode: 2 })).status).toBe(201);
    expect((await send()).body.code).toBe('package-rejected');
    const back = `UPDATE app_versions SET status = 'draft', subject_sha256 = NULL WHERE status = 'rejected'`;
    expect(() => sql(platform, back)).toThrow(/version-(transition|immutable)/);
  });

  it('an app that was never published goes with everything of it, unless something of it is in review', async () => {
    const publisher = await createPublisher(platform);
    const { app_id } = (await submitVersion(publisher)).body;
    const url = `/v1/apps/${publisher.packageId}`;
    expect((await publisher.client.delete(url)).body.code).toBe('submission-open');
    await decide(reviewer, publisher.packageId, 'reject');
    expectStatus(await publisher.client.delete(url), 204);
    for (const table of ['app_versions', 'app_revisions', 'reviews'])
      expect(rows(platform, `SELECT 1 FROM ${table} WHERE app_id = ?`, app_id)).toEqual([]);
    expect(rows(platform, 'SELECT 1 FROM audit_logs WHERE subject_id = ?', app_id).length).toBeGreaterThan(0);
  });

  it('the end of an account leaves published apps as they were reviewed and takes everything else', async () => {
    const publisher = await createPublisher(platform, { name: 'Stays' });
    const published = await publishVersion(publisher, reviewer);
    await submitVersion(publisher, { versionCode: 2 });
    expectStatus(await publisher.client.patch(`/v1/apps/${publisher.packageId}`, { name: 'Changed' }), 200);
    const draft = await newApp(publisher);
    const inReview = await newApp(publisher);
    await submitVersion(inReview);
    const key = await addSigningKey(publisher);
    expectStatus(await publisher.client.delete('/v1/me'), 204);

    expect((await publisher.client.get('/v1/me')).status).toBe(401);
    const login = { email: publisher.email, password: PASSWORD };
    expect((await platform.client().post('/v1/auth/login', login)).status).toBe(401);
    const page = await platform.client().get(`/v1/store/apps/${publisher.packageId}`);
    expect(page.body).toMatchObject({
      name: 'Stays',
      developer_name: publisher.name,
      latest_version: { version_code: 1 },
    });
    expect((await platform.client().get(`/v1/store/packages/${published.body.package_sha256}`)).status).toBe(200);
    expect(rows(platform, 'SELECT id FROM signing_keys WHERE id = ? AND is_active = 1', key.id)).toEqual([]);
    for (const app of [draft, inReview]) {
      const taken = await admin.client.post('/v1/apps', { package_id: app.packageId, name: 'Mine' });
      expect(taken.body.code).toBe('package-id-retired');
    }
    const queue = await reviewer.client.get('/v1/admin/reviews?limit=100');
    const pending = queue.body.items.map(({ package_id }: { package_id: string }) => package_id);
    expect(pending).not.toContain(publisher.packageId);
    expect(
      rows(platform, `SELECT status FROM app_versions WHERE app_id = ? ORDER BY version_code`, published.body.app_id),
    ).toEqual([{ status: 'published' }, { status: 'draft' }]);
    const told = rows<{ action: string }>(platform, 'SELECT action FROM audit_logs WHERE actor_id = ?', publisher.id);
    const actions = told.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['version.withdrawn', 'listing.withdrawn', 'developer.deleted']));
    const again = await signUp(platform, { email: publisher.email });
    expect(again.id).not.toBe(publisher.id);
    expect((await again.client.get(`/v1/apps/${publisher.packageId}`)).status).toBe(404);
  });
});
