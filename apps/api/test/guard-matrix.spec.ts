import { PNG } from 'pngjs';
import { PERMISSIONS } from '../src/access/permissions.js';
import {
  addApiKey,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  signUp,
  unique,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { ROUTES, expectedAnswer, requestOf, type RouteRow, type State, type Targets } from './support/route-table.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the guard', () => {
  let platform: TestPlatform;
  let admin: Person;
  let reviewer: Person;
  let owner: Publisher;
  let stranger: Person;
  let targets: Targets;
  let otherApp: string;

  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    reviewer = await createReviewer(platform, admin);
    stranger = await signUp(platform);
    owner = await createPublisher(platform);
    const png = PNG.sync.write(new PNG({ width: 64, height: 64 }));
    const icon = await owner.client.put(`/v1/apps/${owner.packageId}/icon`, png, { 'content-type': 'image/png' });
    expectStatus(icon, 200);
    await publishVersion(owner, reviewer);
    expectStatus(await upload(owner, { versionCode: 2 }), 201);
    const [draft, other] = [`com.example.${unique('draft')}`, `com.example.${unique('other')}`];
    expectStatus(await owner.client.post('/v1/apps', { package_id: draft, name: 'Draft' }), 201);
    expectStatus(await owner.client.post('/v1/apps', { package_id: other, name: 'Other' }), 201);
    targets = { published: owner.packageId, draft, icon: icon.body.icon_sha256, ownerId: owner.id };
    otherApp = other;
  });
  afterAll(() => platform.stop());

  const cookie = (person: Person) => ({ cookie: `mosis_session=${person.client.session}` });
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const keyOf = (person: Person, permissions: readonly string[] = PERMISSIONS, more: Record<string, unknown> = {}) =>
    addApiKey(person, [...permissions], more);

  async function ask(row: RouteRow, headers: Record<string, string>): Promise<string> {
    const { method, url, body } = requestOf(row, targets);
    const type: Record<string, string> = row.route.startsWith('PUT') ? { 'content-type': 'image/png' } : {};
    const answer = await platform.client().send(method as 'GET', url, body, { ...headers, ...type });
    const isRefusal = answer.status >= 400;
    return isRefusal ? `${answer.status} ${answer.body.code}` : String(answer.status);
  }

  /** Walks every route in a state and answers what is not as the table says. */
  async function walk(state: State): Promise<string[]> {
    const wrong: string[] = [];
    for (const row of ROUTES) {
      const expected = expectedAnswer(row, state);
      if (row.endsCredential && expected === row.admitted && 'cookie' in state.headers) continue;
      const actual = await ask(row, state.headers);
      if (actual !== expected) wrong.push(`${row.route}: expected ${expected}, got ${actual}`);
    }
    return wrong;
  }

  it('stands before every route that is registered, and the table has no other', () => {
    const printed = (
      platform.app.getHttpAdapter().getInstance() as { printRoutes(options: object): string }
    ).printRoutes({ commonPrefix: false });
    const registered: string[] = [];
    const path: string[] = [];
    for (const line of printed.split('\n')) {
      const match = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
      if (!match) continue;
      const [, indent = '', segment = '', methods = ''] = match;
      path.length = indent.length / 4;
      path.push(segment);
      const names = methods.split(', ').filter((method) => method !== '');
      for (const method of names)
        if (method !== 'HEAD') registered.push(`${method} ${path.join('').replace(/\/?\*$/, '/*')}`);
      // Every GET is a HEAD, and nothing is only a HEAD.
      expect(names.includes('HEAD')).toBe(names.includes('GET'));
    }
    expect(registered.length).toBeGreaterThan(60);
    expect(registered.sort()).toEqual(ROUTES.map(({ route }) => route).sort());
  });

  describe('without a usable credential', () => {
    it.each([
      ['none', {}, '401 credential-missing'],
      ['a cookie that is garbage', { cookie: 'mosis_session=garbage' }, '401 credential-invalid'],
      ['a key that is garbage', { authorization: 'Bearer garbage' }, '401 credential-invalid'],
      ['a key whose checksum is wrong', { 'x-api-key': `mk_live_${'0'.repeat(40)}000000` }, '401 credential-invalid'],
      ['another scheme than Bearer', { authorization: 'Basic YTpi' }, '401 credential-invalid'],
    ])('refuses %s', async (name, headers, always) => {
      expect(await walk({ name, headers: headers, always })).toEqual([]);
    });

    it('refuses an expired key, a revoked key, and an ended session', async () => {
      const key = await keyOf(owner);
      const { items } = (await owner.client.get('/v1/api-keys?limit=1')).body;
      expect((await owner.client.delete(`/v1/api-keys/${items[0].id}`)).status).toBe(204);
      expect(await walk({ name: 'revoked', headers: bearer(key), always: '401 credential-invalid' })).toEqual([]);

      const shortLived = await keyOf(owner, PERMISSIONS, {
        expires_at: new Date(platform.clock.now().getTime() + DAY_MS).toISOString(),
      });
      expect((await platform.client().withKey(shortLived).get('/v1/apps')).status).toBe(200);
      platform.clock.advance(DAY_MS);
      expect(await walk({ name: 'expired', headers: bearer(shortLived), always: '401 credential-invalid' })).toEqual(
        [],
      );

      const person = await signUp(platform);
      const headers = cookie(person);
      await person.client.post('/v1/auth/logout');
      expect(await walk({ name: 'ended', headers, always: '401 credential-invalid' })).toEqual([]);
    });

    it('refuses the session and the keys of a deleted account', async () => {
      const person = await signUp(platform);
      const states = [cookie(person), bearer(await keyOf(person))];
      expect((await person.client.delete('/v1/me')).status).toBe(204);
      for (const headers of states)
        expect(await walk({ name: 'deleted', headers, always: '401 credential-invalid' })).toEqual([]);
    });

    it('refuses two credentials at once, even of the same person', async () => {
      const key = await keyOf(owner);
      const pairs = [
        { ...cookie(owner), ...bearer(key) },
        { ...cookie(owner), 'x-api-key': key },
        { ...bearer(key), 'x-api-key': key },
      ];
      for (const headers of pairs)
        expect(await walk({ name: 'two', headers, always: '401 credential-ambiguous' })).toEqual([]);
    });

    it('refuses the session and the keys of a suspended developer, and lets both in again afterwards', async () => {
      const states = [cookie(owner), bearer(await keyOf(owner))];
      expectStatus(await admin.client.post(`/v1/admin/developers/${owner.id}/suspend`, { reason: 'Abuse.' }), 200);
      for (const headers of states)
        expect(await walk({ name: 'suspended', headers, always: '403 account-suspended' })).toEqual([]);
      expectStatus(await admin.client.post(`/v1/admin/developers/${owner.id}/unsuspend`), 200);
      for (const headers of states) expect((await platform.client().get('/v1/apps', headers)).status).toBe(200);
    });
  });

  describe('with a session', () => {
    it('lets the owner do everything of their own, and nothing of staff’s', async () => {
      expect(await walk({ name: 'owner', headers: cookie(owner), role: 'developer', isOwner: true })).toEqual([]);
    });

    it('hides the app from another developer', async () => {
      expect(await walk({ name: 'stranger', headers: cookie(stranger), role: 'developer' })).toEqual([]);
    });

    it('lets a reviewer read what was submitted, and change nothing of it', async () => {
      expect(await walk({ name: 'reviewer', headers: cookie(reviewer), role: 'reviewer' })).toEqual([]);
    });

    it('lets an admin do what admins do, and not what owners do', async () => {
      expect(await walk({ name: 'admin', headers: cookie(admin), role: 'admin' })).toEqual([]);
    });

    it('lets an unverified owner prepare, but not submit', async () => {
      expectStatus(await admin.client.patch(`/v1/admin/developers/${owner.id}`, { verified: false }), 200);
      for (const state of [
        { headers: cookie(owner) },
        { headers: bearer(await keyOf(owner)), permissions: PERMISSIONS },
      ])
        expect(await walk({ name: 'unverified', ...state, isOwner: true, unverified: true })).toEqual([]);
      expectStatus(await admin.client.patch(`/v1/admin/developers/${owner.id}`, { verified: true }), 200);
    });
  });

  describe('with a key', () => {
    it.each(PERMISSIONS)(
      'lets a key with %s alone do what that permission says, and nothing more',
      async (permission) => {
        const key = await keyOf(owner, [permission]);
        const state = { name: permission, headers: bearer(key), permissions: [permission], isOwner: true };
        expect(await walk(state)).toEqual([]);
      },
    );

    it('lets a key with every permission do everything that keys may, by either header', async () => {
      const key = await keyOf(owner);
      const state = { name: 'all', permissions: PERMISSIONS, isOwner: true };
      expect(await walk({ ...state, headers: bearer(key) })).toEqual([]);
      expect(await walk({ ...state, headers: { 'x-api-key': key } })).toEqual([]);
    });

    it('keeps a key that is limited to another app off this one', async () => {
      const key = await keyOf(owner, PERMISSIONS, { app_package_ids: [otherApp] });
      const state = { permissions: PERMISSIONS, isOwner: true, limitedToOtherApp: true };
      expect(await walk({ name: 'limited', headers: bearer(key), ...state })).toEqual([]);
      const { items } = (await platform.client().withKey(key).get('/v1/apps')).body;
      expect(items.map((app: { package_id: string }) => app.package_id)).toEqual([otherApp]);
    });

    it('hides the app from another developer’s key', async () => {
      const headers = bearer(await keyOf(stranger));
      expect(await walk({ name: 'stranger’s key', headers, permissions: PERMISSIONS })).toEqual([]);
    });

    it('gives the keys of reviewers and admins no rights of staff, under /v1/admin or anywhere else', async () => {
      for (const person of [reviewer, admin]) {
        const headers = bearer(await keyOf(person));
        expect(await walk({ name: 'staff’s key', headers, permissions: PERMISSIONS, role: 'admin' })).toEqual([]);
      }
    });
  });

  it('refuses the owner’s writes to a suspended app, by session and by key', async () => {
    const states = [{ headers: cookie(owner) }, { headers: bearer(await keyOf(owner)), permissions: PERMISSIONS }];
    const apps = [targets.published, targets.draft];
    for (const app of apps)
      expectStatus(await admin.client.post(`/v1/admin/apps/${app}/suspend`, { reason: 'Abuse.' }), 200);
    for (const state of states)
      expect(await walk({ name: 'suspended app', ...state, isOwner: true, appSuspended: true })).toEqual([]);
    for (const app of apps) expectStatus(await admin.client.post(`/v1/admin/apps/${app}/unsuspend`), 200);
  });

  it('answers HEAD as it answers GET, to whoever asks', async () => {
    const wrong: string[] = [];
    for (const headers of [{}, cookie(stranger), cookie(owner)]) {
      for (const row of ROUTES.filter(({ route }) => route.startsWith('GET '))) {
        const { url } = requestOf(row, targets);
        const get = await platform.client().get(url, headers);
        const head = await platform.client().send('HEAD', url, undefined, headers);
        if (head.status !== get.status || head.bytes.length > 0) wrong.push(`${url}: ${get.status}, ${head.status}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
