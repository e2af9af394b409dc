import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateSigningKey } from '@mosis/package';
import { IdempotencyService } from '../src/idempotency/idempotency.service.js';
import {
  addApiKey,
  addSigningKey,
  buildTestPackage,
  createAdmin,
  createPublisher,
  expectStatus,
  unique,
  type Publisher,
} from './support/actors.js';
import { inventory, rows, scalar } from './support/attack.js';
import type { Client } from './support/client.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { newApp } from './support/steps.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('an Idempotency-Key', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let key: string;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
  });
  beforeEach(() => {
    key = unique('key');
  });
  afterAll(() => platform.stop());

  const newBody = () => ({ package_id: `com.example.${unique('idem')}`, name: 'App' });
  const createApp = (body: object, client: Client = owner.client, idempotencyKey = key) =>
    client.post('/v1/apps', body, { 'idempotency-key': idempotencyKey });
  const keyRows = () => scalar(platform, 'SELECT COUNT(*) FROM idempotency_keys WHERE key = ?', key);

  it('answers the same request again with its first answer, and does it once', async () => {
    const body = newBody();
    const first = await createApp(body);
    expect(first.status).toBe(201);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expectStatus(await owner.client.patch(`/v1/apps/${body.package_id}`, { name: 'Changed since' }), 200);
    const audit = scalar(platform, 'SELECT COUNT(*) FROM audit_logs');
    const again = await createApp(body);
    expect(again).toMatchObject({ status: 201, body: first.body as object });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(scalar(platform, 'SELECT COUNT(*) FROM audit_logs')).toBe(audit);
  });

  it.each([
    ['/v1/apps', () => newBody()],
    ['/v1/api-keys', () => ({ name: 'CI', permissions: ['apps:read'] })],
    ['/v1/apps/{app}/ingest-keys', () => ({ name: 'SDK' })],
  ])('is honoured by POST %s', async (route, makeBody) => {
    const [url, body] = [route.replace('{app}', owner.packageId), makeBody()];
    const ask = () => owner.client.post(url, body, { 'idempotency-key': key });
    const [first, again] = [await ask(), await ask()];
    expect(again.status).toBe(201);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  it('is honoured by POST /v1/signing-keys, where the second would otherwise be refused', async () => {
    const { id, fingerprint } = await addSigningKey(owner);
    const publicKey = rows<{ public_key: string }>(platform, 'SELECT public_key FROM signing_keys WHERE id = ?', id)[0];
    const other = await createAdmin(platform);
    const ask = () => other.client.post('/v1/signing-keys', { name: 'k', ...publicKey }, { 'idempotency-key': key });
    expect((await ask()).body).toMatchObject({ fingerprint });
    expect(await ask()).toMatchObject({ status: 201, body: { fingerprint } });
  });

  it('does not show a secret a second time, and does not keep it', async () => {
    const ask = () =>
      owner.client.post('/v1/api-keys', { name: 'CI', permissions: ['apps:read'] }, { 'idempotency-key': key });
    const first = await ask();
    expect(first.body.key).toMatch(/^mk_live_/);
    expect((await ask()).body).toEqual({ ...first.body, key: null });
    expect(JSON.stringify(rows(platform, 'SELECT * FROM idempotency_keys'))).not.toContain(first.body.key.slice(8));
  });

  it('refuses another body', async () => {
    const first = await createApp(newBody());
    const other = newBody();
    expect(await createApp(other)).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect((await owner.client.get(`/v1/apps/${other.package_id}`)).status).toBe(404);
    expect(first.status).toBe(201);
  });

  it('is of one credential and one route', async () => {
    const [one, other] = [
      await addApiKey(owner, ['apps:write']),
      await addApiKey(owner, ['apps:write', 'keys:manage']),
    ];
    const stranger = await createAdmin(platform);
    const clients = [owner.client, platform.client().withKey(one), platform.client().withKey(other), stranger.client];
    for (const client of clients) {
      const answer = await createApp(newBody(), client);
      expect(answer.status).toBe(201);
      expect(answer.headers['idempotency-replayed']).toBeUndefined();
    }
    const ingest = { name: 'SDK' };
    const second = await newApp(owner);
    for (const app of [owner.packageId, second.packageId]) {
      const answer = await owner.client.post(`/v1/apps/${app}/ingest-keys`, ingest, { 'idempotency-key': key });
      expect(answer.headers['idempotency-replayed']).toBeUndefined();
    }
  });

  it('answers whoever may still ask, not whoever might once', async () => {
    const apiKey = await addApiKey(owner, ['apps:write']);
    const body = newBody();
    const client = platform.client().withKey(apiKey);
    expect((await createApp(body, client)).status).toBe(201);
    const { items } = (await owner.client.get('/v1/api-keys?limit=1')).body;
    await owner.client.delete(`/v1/api-keys/${items[0].id}`);
    expect((await createApp(body, client)).status).toBe(401);
  });

  it('of two at the same time does one, and tells the other to wait', async () => {
    const body = newBody();
    const answers = await Promise.all([createApp(body), createApp(body), createApp(body)]);
    const created = answers.filter(({ status, headers }) => status === 201 && !headers['idempotency-replayed']);
    expect(created.length).toBe(1);
    for (const answer of answers.filter((one) => one !== created[0])) {
      if (answer.status === 201) continue;
      expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency-key-running' } });
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await createApp(body)).headers['idempotency-replayed']).toBe('true');
  });

  it('does not stick to a request that failed', async () => {
    expect((await createApp({ package_id: 'nonsense', name: '' })).body.code).toBe('validation-failed');
    expect((await createApp({ package_id: owner.packageId, name: 'Taken' })).body.code).toBe('package-id-taken');
    expect(keyRows()).toBe(0);
    expect((await createApp(newBody())).status).toBe(201);
  });

  it('is kept for a day', async () => {
    const body = newBody();
    const first = await createApp(body);
    platform.clock.advance(DAY_MS - 60_000);
    expect((await createApp(body)).body).toEqual(first.body);
    platform.clock.advance(60_000);
    const later = newBody();
    expect((await createApp(later)).body.package_id).toBe(later.package_id);
    platform.clock.advance(2 * DAY_MS);
    await platform.idle();
    expect(keyRows()).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a tab', 'a\tb'],
    ['letters beyond ASCII', 'schlüssel'],
  ])('that is %s is refused', async (_, wrong) => {
    const answer = await createApp(newBody(), owner.client, wrong);
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency-key-invalid' } });
  });

  it('may have any printable ASCII, up to 255 characters', async () => {
    const odd = `${' !"#%&\'()*+,-./:;<=>?@[]^_`{|}~'.trim()}${unique('k')}`.padEnd(255, 'x');
    expect((await createApp(newBody(), owner.client, odd)).status).toBe(201);
  });

  describe('of an upload', () => {
    const uploadTo = (app: Publisher, bytes: Buffer, client: Client = app.client) =>
      client.post(`/v1/apps/${app.packageId}/versions`, bytes, { 'idempotency-key': key });
    let app: Publisher;
    let bytes: Buffer;
    beforeEach(async () => {
      app = await newApp(owner);
      bytes = await buildTestPackage(app.key, { packageId: app.packageId });
    });

    it('answers the same bytes again with the first answer', async () => {
      const first = await uploadTo(app, bytes);
      expectStatus(first, 201);
      const before = inventory(platform);
      const again = await uploadTo(app, bytes);
      expect(again).toMatchObject({ status: 201, body: first.body as object });
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(inventory(platform)).toEqual(before);
      const digest = createHash('sha256').update(bytes).digest('hex');
      expect(rows(platform, 'SELECT request_sha256 FROM idempotency_keys WHERE key = ?', key)).toEqual([
        { request_sha256: digest },
      ]);
    });

    it('refuses other bytes, and stores nothing of them', async () => {
      expectStatus(await uploadTo(app, bytes), 201);
      const before = inventory(platform);
      const other = await buildTestPackage(app.key, { packageId: app.packageId, versionCode: 2 });
      expect(await uploadTo(app, other)).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
      expect(inventory(platform)).toEqual(before);
    });

    it('does not stick to a refused package', async () => {
      expect((await uploadTo(app, Buffer.from('no package'))).status).toBe(422);
      expect(keyRows()).toBe(0);
      expectStatus(await uploadTo(app, bytes), 201);
    });

    it('tells a second upload to wait while the first still arrives', async () => {
      await platform.app.listen(0, '127.0.0.1');
      const { port } = platform.app.getHttpServer().address() as AddressInfo;
      const first = httpRequest({
        port,
        method: 'POST',
        path: `/v1/apps/${app.packageId}/versions`,
        headers: {
          cookie: `mosis_session=${app.client.session}`,
          'content-type': 'application/octet-stream',
          'content-length': bytes.length,
          'idempotency-key': key,
        },
      });
      const answered = new Promise<number | undefined>((resolve) =>
        first.once('response', (response) => resolve(response.resume().statusCode)),
      );
      first.write(bytes.subarray(0, 100));
      // The claim is a row: when it is there, the first upload is under way.
      while (keyRows() === 0) await fetch(`http://127.0.0.1:${port}/healthz`);
      expect(await uploadTo(app, bytes)).toMatchObject({ status: 409, body: { code: 'idempotency-key-running' } });
      first.end(bytes.subarray(100));
      expect(await answered).toBe(201);
      expect((await uploadTo(app, bytes)).headers['idempotency-replayed']).toBe('true');
    });
  });

  describe('whose request ends between the commit of its change and its answer', () => {
    /** While it is set, the first commit after which the table has more rows is the last thing that the request does. */
    let ending: { table: string; count: number } | undefined;
    const count = (table: string) => scalar(platform, `SELECT COUNT(*) FROM ${table}`);
    beforeAll(() => {
      platform.db.onCommit(() => {
        if (!ending || count(ending.table) === ending.count) return;
        ending = undefined;
        throw new Error('The end of the request.');
      });
    });
    /** Asks, has the request end after the commit, starts as after a kill, and answers what the same request gets then. */
    async function askAgainAfterEnd(table: string, ask: () => ReturnType<Client['post']>) {
      const before = count(table);
      ending = { table, count: before };
      expectProblem(await ask(), 'internal-error');
      expect(ending).toBeUndefined();
      await platform.app.get(IdempotencyService).forgetRunning();
      const again = await ask();
      expect(count(table)).toBe(before + 1);
      expect(again.status).toBe(201);
      expect(again.headers['idempotency-replayed']).toBe('true');
      return again.body;
    }

    it.each([
      ['apps', '/v1/apps', () => newBody()],
      ['ingest_keys', '/v1/apps/{app}/ingest-keys', () => ({ name: 'SDK' })],
      ['signing_keys', '/v1/signing-keys', () => ({ name: 'k', public_key: generateSigningKey().publicKeyPem })],
    ])('has made one row of %s, which the same request finds', async (table, route, makeBody) => {
      const [url, body] = [route.replace('{app}', owner.packageId), makeBody()];
      const found = await askAgainAfterEnd(table, () => owner.client.post(url, body, { 'idempotency-key': key }));
      const item = table === 'apps' ? `${url}/${found.package_id}` : url;
      expect(JSON.stringify((await owner.client.get(item)).body)).toContain(JSON.stringify(found.id));
    });

    it('has made one API key, which the same request names without its secret, and which can be revoked', async () => {
      const body = { name: 'CI', permissions: ['apps:read'] };
      const found = await askAgainAfterEnd('api_keys', () =>
        owner.client.post('/v1/api-keys', body, { 'idempotency-key': key }),
      );
      expect(found).toMatchObject({ ...body, key: null });
      expectStatus(await owner.client.delete(`/v1/api-keys/${found.id}`), 204);
    });

    it('has stored one version, which the same upload finds', async () => {
      const app = await newApp(owner);
      const bytes = await buildTestPackage(app.key, { packageId: app.packageId });
      const found = await askAgainAfterEnd('app_versions', () =>
        app.client.post(`/v1/apps/${app.packageId}/versions`, bytes, { 'idempotency-key': key }),
      );
      expect(found).toMatchObject({ package_sha256: createHash('sha256').update(bytes).digest('hex') });
    });
  });

  it('is free again after the server was killed in the middle', async () => {
    platform.db.rawWriter
      .prepare(
        `INSERT INTO idempotency_keys (actor, route, key, request_sha256, state, created_at, expires_at)
         VALUES (?, 'POST /v1/apps', ?, NULL, 'running', ?, ?)`,
      )
      .run(`developer:${owner.id}`, key, platform.clock.timestamp(), platform.clock.timestampIn(DAY_MS));
    const body = newBody();
    expect((await createApp(body)).body.code).toBe('idempotency-key-running');
    await platform.app.get(IdempotencyService).forgetRunning();
    expect((await createApp(body)).status).toBe(201);
  });
});
