import {
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  signUp,
  type Person,
} from './support/actors.js';
import { countAudit, scalar, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, submitVersion } from './support/steps.js';

const DAY_MS = 86_400_000;

describe('administration', () => {
  let platform: TestPlatform;
  let admin: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
  });
  afterAll(() => platform.stop());

  const all = async <Item>(url: string, limit: number): Promise<Item[]> => {
    const items: Item[] = [];
    for (let cursor = ''; ;) {
      const page = await admin.client.get(`${url}${url.includes('?') ? '&' : '?'}limit=${limit}${cursor}`);
      expectStatus(page, 200);
      items.push(...(page.body.items as Item[]));
      if (page.body.next_cursor === null) return items;
      cursor = `&cursor=${page.body.next_cursor}`;
    }
  };
  const developers = (query = '') => all<{ id: string; email: string }>(`/v1/admin/developers${query}`, 2);
  const change = (id: string, body: unknown) => admin.client.patch(`/v1/admin/developers/${id}`, body);

  it('lists accounts newest first, page by page, and finds them by part of a name or address', async () => {
    const people: Person[] = [];
    for (const name of ['Ada Lovelace', 'Grace Hopper', 'Percent 100%']) people.push(await signUp(platform, { name }));
    const listed = (await developers()).map(({ id }) => id);
    expect(new Set(listed).size).toBe(scalar(platform, 'SELECT COUNT(*) FROM developers'));
    expect(listed.slice(0, 3)).toEqual(people.map(({ id }) => id).reverse());
    expect((await developers('?q=lovel')).map(({ id }) => id)).toEqual([people[0]?.id]);
    expect((await developers(`?q=${people[1]?.email.toUpperCase()}`)).map(({ id }) => id)).toEqual([people[1]?.id]);
    expect((await developers('?q=100%25')).map(({ id }) => id)).toEqual([people[2]?.id]);
    expect(await developers('?q=1_0')).toEqual([]);
    expect((await developers('?role=admin')).map(({ id }) => id)).toEqual([admin.id]);
    const one = await admin.client.get(`/v1/admin/developers/${people[0]?.id}`);
    expect(one.body).toMatchObject({ name: 'Ada Lovelace', verified: true, role: 'developer', deleted_at: null });
    expect(JSON.stringify(one.body)).not.toMatch(/password|hash|argon/);
    expect((await admin.client.get(`/v1/admin/developers/${crypto.randomUUID()}`)).status).toBe(404);
  });

  it('finds by a whole e-mail address the account that has it, alone, and by less everybody who has that in theirs', async () => {
    const domain = `${crypto.randomUUID()}.example.org`;
    const [ann, joann] = [
      await signUp(platform, { email: `ann@${domain}` }),
      await signUp(platform, { email: `joann@${domain}` }),
    ];
    expectStatus(await change(joann.id, { role: 'reviewer' }), 200);
    const found = async (query: string) => (await developers(`?q=${query}`)).map(({ id }) => id);
    expect(await found(`ann@${domain}`)).toEqual([ann.id]);
    expect(await found(`%20ANN@${domain.toUpperCase()}%20`)).toEqual([ann.id]);
    expect(await found(`nn@${domain}`)).toEqual([joann.id, ann.id]);
    expect(await found(`ann@${domain}&role=developer`)).toEqual([ann.id]);
    expect(await found(`ann@${domain}&role=reviewer`)).toEqual([]);
  });

  it('lists the keys of an account without a secret, page by page', async () => {
    const person = await createPublisher(platform);
    const made = await person.client.post('/v1/api-keys', { name: 'CI', permissions: ['apps:read'] });
    const base = `/v1/admin/developers/${person.id}`;
    const apiKeys = await all<{ id: string; key?: string }>(`${base}/api-keys`, 1);
    expect(apiKeys).toMatchObject([{ id: made.body.id, name: 'CI', permissions: ['apps:read'] }]);
    expect(JSON.stringify(apiKeys)).not.toContain(made.body.key);
    expect(apiKeys[0]).not.toHaveProperty('key_hash');
    const signing = await all<{ developer_id: string; is_active: boolean }>(`${base}/signing-keys`, 1);
    expect(signing).toMatchObject([{ developer_id: person.id, is_active: true }]);
    for (const kind of ['api-keys', 'signing-keys'])
      expect((await admin.client.get(`/v1/admin/developers/${crypto.randomUUID()}/${kind}`)).status).toBe(404);
  });

  it('lists apps of everybody with their owners, page by page, and finds them', async () => {
    const reviewer = await createReviewer(platform, admin);
    const [one, two] = [await createPublisher(platform, { name: 'Findable' }), await createPublisher(platform)];
    await publishVersion(two, reviewer);
    const apps = (query = '') => all<{ package_id: string }>(`/v1/admin/apps${query}`, 1);
    expect((await apps()).slice(0, 2).map(({ package_id }) => package_id)).toEqual([two.packageId, one.packageId]);
    expect(await apps('?q=findab')).toMatchObject([
      { package_id: one.packageId, developer: { id: one.id, email: one.email, name: one.name } },
    ]);
    expect((await apps('?status=published')).map(({ package_id }) => package_id)).toEqual([two.packageId]);
    expect((await apps(`?developer_id=${one.id}`)).map(({ package_id }) => package_id)).toEqual([one.packageId]);
    expect((await admin.client.get('/v1/admin/apps?status=gone')).status).toBe(422);
  });

  it('changes verification and role at once, also for who is signed in', async () => {
    const person = await signUp(platform, { verified: false });
    expect((await change(person.id, { role: 'reviewer' })).body.code).toBe('role-not-allowed');
    expect((await change(person.id, { verified: true })).body.verified).toBe(true);
    expect((await person.client.get('/v1/admin/reviews')).status).toBe(403);
    expect((await change(person.id, { role: 'reviewer' })).body.role).toBe('reviewer');
    expect((await person.client.get('/v1/admin/reviews')).status).toBe(200);
    expect((await change(person.id, { verified: false })).body.code).toBe('role-not-allowed');
    expect((await change(person.id, { role: 'developer' })).body.role).toBe('developer');
    expect((await person.client.get('/v1/admin/reviews')).status).toBe(403);
    const audited = countAudit(platform);
    expectStatus(await change(person.id, { role: 'developer' }), 200);
    expect(countAudit(platform)).toBe(audited);
    for (const body of [{ role: 'owner' }, { verified: 'yes' }, { email: 'x@example.com' }, { suspended_at: null }])
      expect((await change(person.id, body)).status).toBe(422);
    expect((await change(crypto.randomUUID(), { verified: true })).status).toBe(404);
  });

  it('keeps at least one admin who can sign in', async () => {
    const attempts = () => [
      change(admin.id, { role: 'developer' }),
      admin.client.post(`/v1/admin/developers/${admin.id}/suspend`, { reason: 'x' }),
      admin.client.delete('/v1/me'),
    ];
    for (const attempt of await Promise.all(attempts()))
      expect([attempt.status, attempt.body.code]).toEqual([409, 'last-admin']);
    const second = await createAdmin(platform);
    expectStatus(await admin.client.post(`/v1/admin/developers/${second.id}/suspend`, { reason: 'x' }), 200);
    expect((await change(admin.id, { role: 'reviewer' })).body.code).toBe('last-admin');
    expectStatus(await admin.client.post(`/v1/admin/developers/${second.id}/unsuspend`), 200);
    // Each demotes the other: one of them has to lose.
    const [one, two] = await Promise.all([
      admin.client.patch(`/v1/admin/developers/${second.id}`, { role: 'developer' }),
      second.client.patch(`/v1/admin/developers/${admin.id}`, { role: 'developer' }),
    ]);
    expect(scalar(platform, `SELECT COUNT(*) FROM developers WHERE role = 'admin'`)).toBe(1);
    if (two.status === 200) admin = second;
    expect([one.status, two.status]).toContain(200);
  });

  describe('the audit log', () => {
    it('is read newest first, page by page, and by every filter', async () => {
      const person = await createPublisher(platform);
      const appId = scalar<string>(platform, 'SELECT id FROM apps WHERE package_id = ?', person.packageId);
      const rows = await all<{ seq: number }>('/v1/admin/audit-log', 7);
      expect(rows.map(({ seq }) => seq)).toEqual(
        Array.from({ length: countAudit(platform) }, (_, index) => countAudit(platform) - index),
      );
      const search = async (query: string) =>
        (await all<{ action: string; occurred_at: string }>(`/v1/admin/audit-log?${query}`, 3)).map(
          ({ action }) => action,
        );
      expect(await search(`subject_id=${appId}`)).toEqual(['app.created']);
      expect(await search(`subject_kind=app&actor_id=${person.id}`)).toEqual(['app.created']);
      expect(await search(`actor_id=${person.id}`)).toEqual([
        'app.created',
        'signing_key.created',
        'developer.verified',
      ]);
      expect(await search(`action=app.created&subject_id=${appId}`)).toEqual(['app.created']);
      expect(await search('action=nothing')).toEqual([]);
    });

    it('is cut into half-open spans of time, in any zone', async () => {
      platform.clock.advance(1000);
      const person = await createPublisher(platform);
      const [first] = await all<{ occurred_at: string; request_id: string; data: unknown }>(
        `/v1/admin/audit-log?actor_id=${person.id}&action=app.created`,
        1,
      );
      expect(first).toMatchObject({ data: { package_id: person.packageId }, request_id: expect.any(String) });
      const at = first?.occurred_at ?? '';
      const count = async (from: string, to: string) => {
        const query = `actor_id=${person.id}&action=app.created&from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
        return (await all(`/v1/admin/audit-log?${query}`, 5)).length;
      };
      const later = new Date(Date.parse(at) + 1).toISOString();
      const zoned = (time: string) => new Date(Date.parse(time) + 7_200_000).toISOString().replace('Z', '+02:00');
      expect(await count(at, later)).toBe(1);
      expect(await count(zoned(at), zoned(later))).toBe(1);
      expect(await count(later, '2999-01-01T00:00:00Z')).toBe(0);
      expect(await count('2000-01-01T00:00:00Z', at)).toBe(0);
      for (const time of ['yesterday', '2026-01-01', '2026-13-01T00:00:00Z'])
        expect((await admin.client.get(`/v1/admin/audit-log?from=${time}`)).status).toBe(422);
    });
  });

  describe('the system report', () => {
    const report = async () => (await admin.client.get('/v1/admin/system')).body;
    const nextNight = async () => {
      platform.clock.advance(DAY_MS + 60_000);
      await platform.idle();
      expectStatus(
        await admin.client.post('/v1/auth/login', { email: admin.email, password: 'correct horse battery' }),
        200,
      );
    };

    it('says how the server is: versions, database, disk, mail, reviews, jobs', async () => {
      const reviewer = await createReviewer(platform, admin);
      const publisher = await createPublisher(platform);
      await approveVersion(publisher, reviewer);
      await submitVersion(publisher, { versionCode: 2 });
      const body = await report();
      expect(body).toMatchObject({
        node_version: process.version,
        mail: 'outbox',
        object_store: expect.stringContaining(platform.settings.dataDir),
        reviews: { pending: 1, overdue: 0 },
        audit: { last_seq: countAudit(platform) },
      });
      // Until the first checkpoint most of it lies in the WAL.
      expect(body.database.size_bytes + body.database.wal_bytes).toBeGreaterThan(10_000);
      expect(body.database.migrations.every(({ state }: { state: string }) => state === 'applied')).toBe(true);
      expect(body.memory.resident_bytes).toBeGreaterThan(1e6);
      expect(body.disk.total_bytes).toBeGreaterThan(body.disk.free_bytes);
    });

    it('counts what is overdue by the clock, and tells what the nightly runs found', async () => {
      await nextNight();
      platform.clock.advance(3 * DAY_MS);
      expect((await report()).reviews).toMatchObject({ pending: 1, overdue: 1, oldest_due_at: expect.any(String) });
      const { audit, package_drill, problems } = await report();
      expect(audit.last_verified).toMatchObject({ state: 'done', result: { ok: true } });
      expect(package_drill).toMatchObject({ state: 'done', result: { damaged: [] } });
      expect(problems.filter(({ code }: { code: string }) => code !== 'disk-low')).toEqual([]);
    });

    it('names damaged packages and work that was given up', async () => {
      const { swapPackage } = await import('./support/attack.js');
      const sha256 = scalar<string>(platform, 'SELECT package_sha256 FROM app_versions LIMIT 1');
      const putBack = swapPackage(platform, sha256, null);
      await nextNight();
      const now = platform.clock.timestamp();
      sql(
        platform,
        `INSERT INTO jobs (id, kind, payload, state, run_at, created_at, updated_at) VALUES (?, 'mail.x', '{}', 'failed', ?, ?, ?)`,
        crypto.randomUUID(),
        now,
        now,
        now,
      );
      const { problems, package_drill } = await report();
      expect(package_drill.result.damaged).toEqual([{ sha256, problem: 'it is missing from the object store' }]);
      expect(problems.map(({ code }: { code: string }) => code)).toEqual(
        expect.arrayContaining(['packages-damaged', 'jobs-failed']),
      );
      putBack();
      await nextNight();
      const after = (await report()).problems.map(({ code }: { code: string }) => code);
      expect(after).not.toContain('packages-damaged');
      expect(after).toContain('jobs-failed');
      platform.clock.advance(3 * DAY_MS);
      const later = await report();
      expect(later.problems.map(({ code }: { code: string }) => code)).not.toContain('jobs-failed');
      expect(later.jobs).toContainEqual({ kind: 'mail.x', state: 'failed', count: 1 });
      const { body } = await platform.client().get('/readyz');
      expect(JSON.stringify(body)).not.toContain('jobs-failed');
    });
  });
});
