import { randomUUID } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  type Person,
  type Publisher,
} from './support/actors.js';
import { sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { newApp } from './support/steps.js';
import { Sender, createSender } from './support/telemetry.js';

const BATCHES = '/v1/telemetry/batches';
const HEARTBEATS = '/v1/telemetry/heartbeats';

describe('a batch of events', () => {
  let platform: TestPlatform;
  let admin: Person;
  let owner: Publisher;
  let sender: Sender;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    owner = await createPublisher(platform);
    sender = await createSender(platform, owner);
  });
  afterAll(() => platform.stop());

  const oneEvent = () => sender.batch([{ type: 'app_start' }]);

  it('is stored, and answered with what was stored and the server’s time', async () => {
    const batch = sender.batch([
      { type: 'app_start' },
      { type: 'Not A Type' },
      { type: 'screen_view', minutesAgo: 8 * 24 * 60 },
    ]);
    const answer = await sender.post(batch);
    expectStatus(answer, 200);
    expect(answer.body).toEqual({
      batch_id: batch.batch_id,
      accepted: 1,
      rejected: [
        { index: 1, code: expect.any(String), detail: expect.any(String) },
        { index: 2, code: 'too-old', detail: expect.any(String) },
      ],
      duplicate: false,
      server_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(Math.abs(Date.parse(answer.body.server_time) - platform.clock.now().getTime())).toBeLessThan(60_000);
  });

  it('that comes again gets the same answer, also in another packing; another body under its id is refused', async () => {
    const batch = sender.batch([{ type: 'app_start' }, { type: '?' }]);
    const first = await sender.post(batch);
    expect(first.body).toMatchObject({ accepted: 1, duplicate: false });
    const packed = gzipSync(JSON.stringify(batch));
    for (const answer of [await sender.post(batch), await sender.post(packed, { 'content-encoding': 'gzip' })]) {
      expectStatus(answer, 200);
      expect({ ...answer.body, server_time: 0 }).toEqual({ ...first.body, duplicate: true, server_time: 0 });
    }
    expectProblem(await sender.post({ ...batch, app_version: '1.0.1' }), 'batch-id-reused');
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'text/plain;charset=UTF-8',
    'application/octet-stream',
  ])('may be sent as %s', async (type) => {
    expectStatus(await sender.post(oneEvent(), { 'content-type': type }), 200);
  });

  it('may be packed by gzip or zstd', async () => {
    const text = () => JSON.stringify(oneEvent());
    expectStatus(await sender.post(gzipSync(text()), { 'content-encoding': 'gzip' }), 200);
    expectStatus(await sender.post(zstdCompressSync(text()), { 'content-encoding': 'zstd' }), 200);
    expectProblem(await sender.post(gzipSync(text()), { 'content-encoding': 'br' }), 'unsupported-encoding');
    expectProblem(await sender.post(text(), { 'content-encoding': 'gzip' }), 'body-unreadable');
  });

  it('has its times corrected by X-Sent-At', async () => {
    const year = 365 * 24 * 60;
    const batch = sender.batch([{ type: 'app_start', minutesAgo: year }]);
    const sentAt = new Date(platform.clock.now().getTime() - year * 60_000).toISOString();
    const answer = await sender.post(batch, { 'x-sent-at': sentAt });
    expect(answer.body).toMatchObject({ accepted: 1, rejected: [] });
    expectProblem(await sender.post(oneEvent(), { 'x-sent-at': 'yesterday' }), 'invalid-sent-at');
  });

  it.each([
    ['nothing', '', 'body-unreadable'],
    ['half a JSON', '{"batch_id":', 'body-unreadable'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00]), 'body-unreadable'],
    ['a list', '[]', 'validation-failed'],
    ['a batch of no events', '{"events":[]}', 'validation-failed'],
    ['more than a mebibyte', Buffer.alloc(1024 * 1024 + 1, 0x20), 'body-too-large'],
  ])('is refused when it is %s', async (_, body, code) => {
    expectProblem(await sender.post(body), code);
  });

  it('is refused when it inflates to more than a mebibyte, with all of that never in memory', async () => {
    expectProblem(
      await sender.post(gzipSync(Buffer.alloc(64 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
      'body-too-large',
    );
  });

  it('is refused as another type, or as none', async () => {
    for (const type of [
      'image/png',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/vnd.mosis.telemetry-batch',
    ])
      expectProblem(await sender.post(oneEvent(), { 'content-type': type }), 'media-type-unsupported');
    expectProblem(await sender.post(oneEvent(), { 'content-type': '' }), 'media-type-unsupported');
  });

  it('is refused as a whole for a wrong field, each by its pointer, and for another app than the key’s', async () => {
    const answer = await sender.post({ ...oneEvent(), device_id: '', session_id: 'mine', colour: 'red' });
    expectProblem(answer, 'validation-failed');
    const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.sort()).toEqual(['/colour', '/device_id', '/session_id']);
    expectProblem(await sender.post({ ...oneEvent(), app_id: 'com.example.other' }), 'app-mismatch');
    expectProblem(
      await sender.post(sender.batch(Array.from({ length: 501 }, () => ({ type: 'x' })))),
      'too-many-events',
    );
  });

  it('is no way for a batch’s bytes into any other route', async () => {
    const answer = await owner.client.post('/v1/apps', Buffer.from('{}'), {
      'content-type': 'application/vnd.mosis.telemetry-batch',
    });
    expectProblem(answer, 'media-type-unsupported');
  });

  describe('needs a key that', () => {
    it('is there, and is one', async () => {
      const send = (headers: Record<string, string>) => platform.client().post(BATCHES, oneEvent(), headers);
      expectProblem(await send({}), 'invalid-ingest-key');
      for (const key of ['', 'mi_', `mi_${'a'.repeat(32)}`, `mk_live_${'0'.repeat(46)}`, `${sender.key} `.repeat(2)]) {
        const answer = await send({ 'x-ingest-key': key });
        expectProblem(answer, 'invalid-ingest-key');
        expect(answer.status).toBe(401);
      }
      // A credential of a person is none for this, and does not hurt either.
      expectProblem(await owner.client.post(BATCHES, oneEvent()), 'invalid-ingest-key');
      expectStatus(await owner.client.post(BATCHES, oneEvent(), { 'x-ingest-key': sender.key }), 200);
    });

    it('was not revoked, from the moment it is', async () => {
      const app = await newApp(owner);
      const other = await createSender(platform, app);
      const { items } = (await app.client.get(`/v1/apps/${app.packageId}/ingest-keys`)).body;
      expectStatus(await other.post(other.batch([{ type: 'x' }])), 200);
      expectStatus(await app.client.delete(`/v1/apps/${app.packageId}/ingest-keys/${items[0].id}`), 204);
      expectProblem(await other.post(other.batch([{ type: 'x' }])), 'invalid-ingest-key');
      const next = await createSender(platform, app);
      expectStatus(await next.post(next.batch([{ type: 'x' }])), 200);
    });

    it('belongs to an app and a developer that are not suspended', async () => {
      const app = `/v1/admin/apps/${owner.packageId}`;
      const developer = `/v1/admin/developers/${owner.id}`;
      for (const what of [app, developer]) {
        expectStatus(await sender.post(oneEvent()), 200);
        expectStatus(await admin.client.post(`${what}/suspend`, { reason: 'Abuse.' }), 200);
        const answer = await sender.post(oneEvent());
        expectProblem(answer, 'app-suspended');
        expect(answer.status).toBe(403);
        expectProblem(await sender.client.post(HEARTBEATS, {}, { 'x-ingest-key': sender.key }), 'app-suspended');
        expectStatus(await admin.client.post(`${what}/unsuspend`), 200);
      }
      expectStatus(await sender.post(oneEvent()), 200);
    });

    it('belongs to a developer who is still there', async () => {
      const leaver = await createPublisher(platform);
      const left = await createSender(platform, leaver);
      // A published app outlives its developer's account, and so would its keys.
      await publishVersion(leaver, await createReviewer(platform, admin));
      expectStatus(await left.post(left.batch([{ type: 'x' }])), 200);
      expectStatus(await leaver.client.delete('/v1/me'), 204);
      expectProblem(await left.post(left.batch([{ type: 'x' }])), 'invalid-ingest-key');
    });

    it('may belong to a withdrawn app: devices still have it', async () => {
      const app = await createPublisher(platform);
      const withdrawn = await createSender(platform, app);
      await publishVersion(app, await createReviewer(platform, admin));
      expectStatus(await app.client.post(`/v1/apps/${app.packageId}/withdraw`), 200);
      expectStatus(await withdrawn.post(withdrawn.batch([{ type: 'x' }])), 200);
    });

    it('is asked for in core.db once, and again after each change there', async () => {
      const app = await newApp(owner);
      const warm = await createSender(platform, app);
      await warm.send([{ type: 'x' }]);
      // Behind the application's back there is no commit that it hears of: what it remembers still counts.
      sql(platform, 'UPDATE ingest_keys SET revoked_at = created_at WHERE key = ?', warm.key);
      await warm.send([{ type: 'x' }]);
      await newApp(owner);
      expectProblem(await warm.post(warm.batch([{ type: 'x' }])), 'invalid-ingest-key');
    });
  });

  describe('over a browser', () => {
    it('may come from any origin: the preflight allows what an SDK sends, and no credentials', async () => {
      const answer = await platform.client().send('OPTIONS', BATCHES, undefined, {
        origin: 'https://game.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-encoding,content-type,x-ingest-key,x-sent-at',
      });
      expect(answer.status).toBe(204);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
      const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(/, */);
      for (const header of ['content-encoding', 'content-type', 'x-ingest-key', 'x-sent-at'])
        expect(allowed).toContain(header);
      expect(String(answer.headers['access-control-allow-methods'])).toContain('POST');
    });

    it('is answered for any origin, refusals and Retry-After included', async () => {
      const origin = { origin: 'https://game.example', 'sec-fetch-site': 'cross-site' };
      const stored = await sender.post(oneEvent(), origin);
      expectStatus(stored, 200);
      const refused = await sender.post('{', origin);
      const unknown = await platform.client().post(BATCHES, oneEvent(), origin);
      for (const answer of [stored, refused, unknown]) {
        expect(answer.headers['access-control-allow-origin']).toBe('*');
        expect(String(answer.headers['access-control-expose-headers'])).toContain('retry-after');
      }
    });
  });

  it('leaves no address, user agent or key in the log', async () => {
    const agent = 'Quetzalcoatl/1.0';
    await sender.post(oneEvent(), { 'user-agent': agent, 'x-forwarded-for': '203.0.113.9' });
    await sender.post('{', { 'user-agent': agent, 'x-forwarded-for': '203.0.113.9' });
    const lines = platform.log.split('\n').filter((line) => line.includes(BATCHES));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => line.includes('"level":"info"') && line.includes('"http.status":200'))).toEqual([]);
    expect(platform.log).not.toContain(agent);
    expect(lines.join('')).not.toMatch(/127\.0\.0\.1|203\.0\.113/);
    expect(platform.log).not.toContain(sender.key);
  });

  describe('heartbeats', () => {
    const beat = (more: Record<string, unknown> = {}) => ({
      app_id: sender.packageId,
      device_id: 'beating',
      session_id: randomUUID(),
      app_version: '2.0.0',
      ...more,
    });
    const post = (body: unknown, headers: Record<string, string> = {}) =>
      platform.client().post(HEARTBEATS, body, { 'x-ingest-key': sender.key, ...headers });
    const live = async () => (await owner.client.get(`/v1/apps/${owner.packageId}/telemetry/live`)).body;

    it('show in the live counts, and write nothing', async () => {
      const before = platform.telemetry.status().writer;
      const written = platform.db.rawWriter.prepare('SELECT total_changes() AS changes').get();
      const session = randomUUID();
      for (const body of [beat({ session_id: session }), beat({ session_id: session }), beat({ device_id: 'other' })]) {
        const answer = await post(body);
        expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
      }
      const counts = (await live()).by_version.find(
        ({ app_version }: { app_version: string }) => app_version === '2.0.0',
      );
      expect(counts).toEqual({ app_version: '2.0.0', devices: 2, sessions: 2 });
      expect(platform.telemetry.status().writer).toMatchObject({ commits: before.commits, events: before.events });
      expect(platform.db.rawWriter.prepare('SELECT total_changes() AS changes').get()).toEqual(written);
    });

    it('are small, whole, and of the key’s app', async () => {
      expectProblem(await post(beat({ app_id: 'com.example.other' })), 'app-mismatch');
      expectProblem(await post(beat({ session_id: 'x' })), 'validation-failed');
      expectProblem(await post(beat({ more: 1 })), 'validation-failed');
      // Of no version that RFC 9562 knows; a batch may have it, too.
      const session = '7b0a1c52-91de-0f0a-0d53-0c3c8e1f2a99';
      expectStatus(await sender.post(sender.batch([{ type: 'x' }], { sessionId: session })), 200);
      expectStatus(await post(beat({ session_id: session })), 204);
      // A batch could not say any of these either, and the live counts show what was said.
      for (const wrong of [{ app_version: '1.0\n2.0' }, { app_version: 'a\0' }, { device_id: '\ud800' }])
        expectProblem(await post(beat(wrong)), 'validation-failed');
      expectProblem(await post(beat({ device_id: 'x'.repeat(129) })), 'validation-failed');
      expectProblem(await post(beat({ device_id: 'x'.repeat(5000) })), 'body-too-large');
      expectProblem(await platform.client().post(HEARTBEATS, beat()), 'invalid-ingest-key');
      expect((await post(beat(), { origin: 'https://game.example' })).headers['access-control-allow-origin']).toBe('*');
    });
  });
});
