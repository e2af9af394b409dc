import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  PASSWORD,
  addApiKey,
  addSigningKey,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  readOutbox,
  signUp,
  unique,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { rows, scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp, submitVersion } from './support/steps.js';

/** Every table and column of core.db in which a text stands. */
function findText(platform: TestPlatform, text: string): string[] {
  const tables = rows<{ name: string }>(
    platform,
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  const found = tables.flatMap(({ name: table }) => {
    const columns = rows<{ name: string }>(platform, `SELECT name FROM pragma_table_info(?)`, table);
    return columns
      .filter(
        ({ name }) =>
          scalar(
            platform,
            `SELECT COUNT(*) FROM "${table}" WHERE instr(lower(CAST("${name}" AS TEXT)), lower(?)) > 0`,
            text,
          ) > 0,
      )
      .map(({ name }) => `${table}.${name}`);
  });
  return found.filter((place) => !/^apps_(fts|labels)/.test(place)).sort();
}

describe('an account', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
  });
  afterAll(() => platform.stop());

  it('is exported with everything of it, and with no hash and no secret', async () => {
    const owner = await createPublisher(platform, { description: 'All about it' });
    const key = await addApiKey(owner, ['apps:read'], { app_package_ids: [owner.packageId] });
    await publishVersion(owner, reviewer);
    expectStatus(await upload(owner, { versionCode: 2 }), 201);
    const answer = await owner.client.get('/v1/me/export');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-disposition']).toBe('attachment; filename="mosis-export.json"');
    expect(answer.body).toMatchObject({
      developer: { id: owner.id, email: owner.email, name: owner.name, verified: true },
      api_keys: [{ permissions: ['apps:read'], app_package_ids: [owner.packageId] }],
      signing_keys: [{ fingerprint: owner.key.fingerprint }],
      sessions: [{ expires_at: expect.any(String) as string }],
      apps: [{ package_id: owner.packageId, description: 'All about it', status: 'published' }],
      versions: [
        { package_id: owner.packageId, version_code: 1, status: 'published' },
        { package_id: owner.packageId, version_code: 2, status: 'draft' },
      ],
      reviews: [{ package_id: owner.packageId, kind: 'version', decision: 'approved' }],
    });
    const actions = answer.body.audit_log.map((row: { action: string }) => row.action);
    expect(actions).toEqual(expect.arrayContaining(['developer.verified', 'app.created', 'version.published']));
    expect(answer.body.audit_log.find((row: { action: string }) => row.action === 'app.created').data).toEqual({
      package_id: owner.packageId,
    });
    const text = JSON.stringify(answer.body);
    const account = rows(platform, 'SELECT password_hash FROM developers WHERE id = ?', owner.id)[0];
    for (const secret of [key, PASSWORD, owner.client.session, account?.password_hash])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/key_hash|password_hash|id_hash|\$argon2/);
  });

  it('is exported to its owner alone', async () => {
    const [owner, other] = [await createPublisher(platform), await createPublisher(platform)];
    const text = JSON.stringify((await other.client.get('/v1/me/export')).body);
    for (const foreign of [owner.id, owner.email, owner.packageId]) expect(text).not.toContain(foreign);
  });

  describe('that is deleted', () => {
    it('leaves its published app in the store, byte for byte, and updates of it go on', async () => {
      const owner = await createPublisher(platform);
      const published = await publishVersion(owner, reviewer, { files: { 'data.txt': unique('content ') } });
      const paths = [`/v1/store/apps/${owner.packageId}`, new URL(published.body.package_url).pathname];
      const read = () => Promise.all(paths.map((path) => platform.client().get(path)));
      const before = await read();
      expect((await owner.client.delete('/v1/me')).status).toBe(204);
      await platform.idle();
      const after = await read();
      for (const [index, answer] of after.entries()) {
        expect(answer.status).toBe(200);
        expect(answer.bytes.equals(before[index]?.bytes ?? Buffer.alloc(0))).toBe(true);
      }
      const updates = await platform.client().post('/v1/store/updates', {
        mosis_version: '1.0.0',
        installed: [{ package_id: owner.packageId, version_code: 0 }],
      });
      expect(updates.body.updates).toMatchObject([{ package_id: owner.packageId, version_code: 1 }]);
    });

    it('takes what was never published with it, and nobody gets those ids again', async () => {
      const owner = await createPublisher(platform);
      const submitted = await newApp(owner);
      const uploaded = await upload(owner);
      await submitVersion(submitted);
      expect((await owner.client.delete('/v1/me')).status).toBe(204);
      await platform.idle();
      const heir = await signUp(platform);
      for (const packageId of [owner.packageId, submitted.packageId]) {
        expect(scalar(platform, 'SELECT COUNT(*) FROM apps WHERE package_id = ?', packageId)).toBe(0);
        for (const id of [packageId, packageId.toUpperCase()]) {
          const again = await heir.client.post('/v1/apps', { package_id: id, name: 'Again' });
          expect(again).toMatchObject({ status: 409, body: { code: 'package-id-retired' } });
        }
      }
      const queue = await reviewer.client.get(`/v1/admin/reviews?status=pending&q=${submitted.packageId}`);
      expect(queue.body.items).toEqual([]);
      const objects = readdirSync(join(platform.settings.dataDir, 'objects'), { recursive: true }).join('\n');
      expect(objects).not.toContain(uploaded.body.package_sha256);
    });

    it('leaves neither its name nor its address in any column, but in the listing that was reviewed', async () => {
      const [name, email] = [`Erika ${unique('Mustermann')}`, `${unique('erika')}@example.com`];
      const person = await signUp(platform, { name, email });
      const key = await addApiKey(person, ['apps:write', 'apps:read']);
      const create = (client: Person['client']) =>
        client.post(
          '/v1/apps',
          { package_id: `com.example.${unique('gone')}`, name: 'Gone' },
          { 'idempotency-key': unique('once') },
        );
      expectStatus(await create(person.client), 201);
      expectStatus(await create(platform.client().withKey(key)), 201);
      await person.client.post('/v1/auth/forgot-password', { email });
      await platform.idle();
      expect(findText(platform, name)).toContain('idempotency_keys.response');
      expect((await person.client.delete('/v1/me')).status).toBe(204);
      await platform.idle();
      expect(findText(platform, name)).toEqual([]);
      expect(findText(platform, email)).toEqual([]);
      expect(readOutbox(platform).at(-1)).toContain('Your account was deleted');

      const owner = await createPublisher(platform);
      await publishVersion(owner, reviewer);
      await owner.client.delete('/v1/me');
      await platform.idle();
      expect(findText(platform, owner.email)).toEqual([]);
      expect(findText(platform, owner.name)).toEqual(['app_revisions.developer_name', 'apps.developer_name']);
    });

    it('ends every credential, and its address is free for a new account', async () => {
      const person = await signUp(platform);
      const key = await addApiKey(person, ['apps:read']);
      await addSigningKey(person);
      const session = { cookie: `mosis_session=${person.client.session}` };
      const answer = await person.client.delete('/v1/me');
      expect(answer.status).toBe(204);
      expect(String(answer.headers['set-cookie'])).toMatch(/^mosis_session=;/);
      expect((await platform.client().get('/v1/me', session)).status).toBe(401);
      expect((await platform.client().withKey(key).get('/v1/apps')).status).toBe(401);
      const login = { email: person.email, password: PASSWORD };
      expect((await platform.client().post('/v1/auth/login', login)).body.code).toBe('login-failed');
      expect(scalar(platform, 'SELECT COUNT(*) FROM sessions WHERE developer_id = ?', person.id)).toBe(0);
      expect(
        scalar(platform, 'SELECT COUNT(*) FROM signing_keys WHERE developer_id = ? AND is_active', person.id),
      ).toBe(0);
      const again = await signUp(platform, { email: person.email });
      expect(again.id).not.toBe(person.id);
    });

    it('is refused to the last admin who can sign in', async () => {
      const local = await TestPlatform.start();
      try {
        const [admin, other] = [await createAdmin(local), await createAdmin(local)];
        expectStatus(await admin.client.post(`/v1/admin/developers/${other.id}/suspend`, { reason: 'Away.' }), 200);
        expect(await admin.client.delete('/v1/me')).toMatchObject({ status: 409, body: { code: 'last-admin' } });
        expect((await admin.client.get('/v1/me')).body.email).toBe(admin.email);
        expectStatus(await admin.client.post(`/v1/admin/developers/${other.id}/unsuspend`), 200);
        expect((await admin.client.delete('/v1/me')).status).toBe(204);
        expect((await other.client.delete('/v1/me')).body.code).toBe('last-admin');
      } finally {
        await local.stop();
      }
    });
  });

  describe('with a thousand drafts', () => {
    let owner: Publisher;
    beforeAll(async () => {
      owner = await createPublisher(platform);
      const { rawWriter } = platform.db;
      rawWriter
        .prepare(
          `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
           INSERT INTO apps (id, developer_id, package_id, name, description, developer_name, created_at, updated_at)
           SELECT printf('%036d', i), @id, 'com.example.many.n' || i, 'Draft ' || i, 'One of many.', 'Me', '2026-01-01', '2026-01-01'
             FROM n`,
        )
        .run({ id: owner.id });
    });

    /** How often others had their turn while something was done. */
    const countTurns = async <Result>(work: Promise<Result>): Promise<[result: Result, turns: number]> => {
      let [turns, isDone] = [0, false];
      const next = () => {
        turns += 1;
        if (!isDone) setImmediate(next);
      };
      setImmediate(next);
      const result = await work;
      isDone = true;
      return [result, turns];
    };

    it('makes no more of them until it deletes one', async () => {
      const create = () => owner.client.post('/v1/apps', { package_id: 'com.example.many.more', name: 'One more' });
      expect(await create()).toMatchObject({
        status: 409,
        body: {
          code: 'app-limit-reached',
          detail: expect.stringMatching(/1000 apps .*never published.*delete/) as string,
        },
      });
      expectStatus(await owner.client.delete('/v1/apps/com.example.many.n1'), 204);
      expectStatus(await create(), 201);
      expect((await create()).body.code).toBe('package-id-taken');
    });

    it('is exported page by page, whole and in order', async () => {
      const [answer, turns] = await countTurns(owner.client.get('/v1/me/export'));
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      const ids = answer.body.apps.map(({ package_id }: { package_id: string }) => package_id) as string[];
      expect(ids).toHaveLength(1_000);
      expect(ids.slice(0, 3)).toEqual(['com.example.many.n2', 'com.example.many.n3', 'com.example.many.n4']);
      expect(ids.slice(-2)).toEqual([owner.packageId, 'com.example.many.more']);
      expect(new Set(ids).size).toBe(1_000);
      expect(turns).toBeGreaterThan(10);
    });

    it('is deleted in steps, between which others are answered', async () => {
      const [answer, turns] = await countTurns(owner.client.delete('/v1/me'));
      expect(answer.status).toBe(204);
      expect(turns).toBeGreaterThan(30);
      expect(scalar(platform, 'SELECT COUNT(*) FROM apps WHERE developer_id = ?', owner.id)).toBe(0);
      expect(scalar(platform, `SELECT COUNT(*) FROM tombstones WHERE package_id LIKE 'com.example.many.%'`)).toBe(
        1_000,
      );
    });
  });

  it('is renamed at once for itself, while the store shows the reviewed name', async () => {
    const owner = await createPublisher(platform);
    await publishVersion(owner, reviewer);
    const renamed = await owner.client.patch('/v1/me', { name: '  Renamed\u00a0' });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'Renamed', email: owner.email } });
    expect(JSON.stringify((await platform.client().get(`/v1/store/apps/${owner.packageId}`)).body)).toContain(
      owner.name,
    );
    expect((await owner.client.get(`/v1/apps/${owner.packageId}`)).body.pending_listing).toMatchObject({
      developer_name: 'Renamed',
    });
    for (const wrong of [{ email: 'x@example.com' }, { role: 'admin' }, { verified: true }, { name: 'a\u202eb' }])
      expect((await owner.client.patch('/v1/me', wrong)).body.code).toBe('validation-failed');
  });
});
