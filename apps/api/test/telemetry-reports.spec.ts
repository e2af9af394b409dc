import {
  addApiKey,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  signUp,
  type Publisher,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { newApp } from './support/steps.js';
import { createSender, type Sender } from './support/telemetry.js';
import { tellStory, type Story } from './support/telemetry-story.js';

describe('what telemetry tells', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let sender: Sender;
  let story: Story;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
    sender = await createSender(platform, owner);
    story = await tellStory(platform, sender);
  });
  afterAll(() => platform.stop());

  const ask = (path: string, headers: Record<string, string> = {}) =>
    owner.client.get(`/v1/apps/${owner.packageId}/telemetry/${path}`, headers);
  const read = async (path: string) => {
    const answer = await ask(`${path}${path.includes('?') ? '&' : '?'}${story.range}`);
    expectStatus(answer, 200);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    return answer.body;
  };
  const values = (points: { value: number }[]) => points.map(({ value }) => value);

  it('in totals, against the period before', async () => {
    const none = {
      events: 0,
      sessions: 0,
      devices: 0,
      crashes: 0,
      errors: 0,
      crash_free_sessions: null,
      crash_free_devices: null,
    };
    const { totals, previous } = await read('overview');
    expect(totals).toEqual({
      events: 12,
      sessions: 4,
      devices: 3,
      crashes: 1,
      errors: 1,
      crash_free_sessions: 3 / 4,
      crash_free_devices: 2 / 3,
    });
    expect(previous.totals).toEqual(none);
  });

  it('by the day, zero included, and split by version', async () => {
    const days = story.days.map((day) => `${day}T00:00:00.000Z`);
    const { series } = await read('timeseries?metric=events');
    expect(series).toHaveLength(1);
    expect(series[0].key).toBeNull();
    expect(series[0].points.map(({ time }: { time: string }) => new Date(time).toISOString())).toEqual(days);
    expect(values(series[0].points)).toEqual([7, 5, 0]);
    for (const [metric, counts] of Object.entries({
      devices: [2, 2, 0],
      sessions: [2, 2, 0],
      crashes: [1, 0, 0],
      errors: [0, 1, 0],
    }))
      expect([metric, values((await read(`timeseries?metric=${metric}`)).series[0].points)]).toEqual([metric, counts]);
    expect(values((await read('timeseries?metric=events&type=screen_view')).series[0].points)).toEqual([3, 2, 0]);
    const crashes = async (type: string) => (await read(`timeseries?metric=crashes&type=${type}`)).series[0].points;
    expect([values(await crashes('app_crash')), values(await crashes('screen_view'))]).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
    const split = (await read('timeseries?metric=events&group_by=app_version')).series as {
      key: string;
      points: { value: number }[];
    }[];
    expect(Object.fromEntries(split.map(({ key, points }) => [key, values(points)]))).toEqual({
      '1.0.0': [7, 2, 0],
      '2.0.0': [0, 3, 0],
    });
  });

  it('by the hour, in a range that need not be aligned', async () => {
    const answer = await ask(
      `timeseries?metric=events&interval=hour&from=${story.days[0]}T09:30:00Z&to=${story.days[0]}T13:00:00%2B01:00`,
    );
    expectStatus(answer, 200);
    expect(values(answer.body.series[0].points)).toEqual([0, 6, 1]);
    expect(new Date(answer.body.from).toISOString()).toBe(`${story.days[0]}T09:00:00.000Z`);
  });

  it('without a range for the last seven days, and by the hour for the last 24 hours', async () => {
    expect(
      values((await ask('timeseries?metric=events')).body.series[0].points).reduce((sum, value) => sum + value),
    ).toBe(12);
    const hourly = (await ask('timeseries?metric=events&interval=hour')).body.series[0].points;
    expect([24, 25]).toContain(hourly.length);
    expect((await ask('overview')).body.totals.events).toBe(12);
  });

  it('by what is most frequent, and the rest', async () => {
    const types = await read('breakdown?metric=events&dimension=type&limit=2');
    expect(types).toMatchObject({
      total: 12,
      items: [
        { key: 'screen_view', value: 5 },
        { key: 'app_start', value: 4 },
      ],
      rest: { keys: 3, value: 3 },
    });
    expect((await read('breakdown?metric=crashes&dimension=type')).items).toEqual([{ key: 'app_crash', value: 1 }]);
    expect((await read('breakdown?metric=devices&dimension=country')).items).toEqual([
      { key: 'DE', value: 2 },
      { key: 'US', value: 1 },
    ]);
    expect(await read('breakdown?metric=sessions&dimension=app_version')).toMatchObject({
      total: 4,
      items: [
        { key: '1.0.0', value: 3 },
        { key: '2.0.0', value: 1 },
      ],
    });
  });

  it('of who came back', async () => {
    const { cohorts } = await read('retention');
    const byDay = Object.fromEntries(
      cohorts.map((one: { cohort: string; size: number; retained: number[] }) => [one.cohort.slice(0, 10), one]),
    );
    expect(byDay[story.days[0]]).toMatchObject({ size: 2 });
    expect(byDay[story.days[0]].retained.slice(0, 3)).toEqual([2, 1, 0]);
    expect(byDay[story.days[1]]).toMatchObject({ size: 1 });
    expect(byDay[story.days[1]].retained.slice(0, 2)).toEqual([1, 0]);
  });

  it('of sessions and devices without a crash', async () => {
    const { items } = await read('stability?group_by=app_version');
    const byVersion = Object.fromEntries(items.map((item: { key: string }) => [item.key, item]));
    expect(byVersion['1.0.0']).toMatchObject({
      sessions: 3,
      crashed_sessions: 1,
      devices: 2,
      crashed_devices: 1,
      crash_free_devices: 0.5,
    });
    expect(byVersion['2.0.0']).toMatchObject({ sessions: 1, crashed_sessions: 0, crash_free_sessions: 1 });
  });

  it('of crashes, and of one group of them', async () => {
    const { items } = await read('crashes');
    expect(items).toHaveLength(1);
    const [group] = items;
    expect(group).toMatchObject({
      kind: 'app_crash',
      crash_type: 'SIGSEGV',
      crashes: 1,
      devices: 1,
      app_versions: ['1.0.0'],
      first_day: story.days[0],
    });
    const one = await read(`crashes/${group.fingerprint}`);
    expect(one).toMatchObject({
      fingerprint: group.fingerprint,
      by_version: [{ key: '1.0.0', value: 1 }],
      sample: { message: 'segfault at 0x1234' },
    });
    expect((await read('crashes?kind=lua_error')).items).toMatchObject([{ kind: 'lua_error', crashes: 1 }]);
    for (const fingerprint of ['0'.repeat(32), 'x', '..%2f'])
      expectProblem(await ask(`crashes/${fingerprint}`), 'not-found');
  });

  it('event by event, newest first, in pages, with numbers instead of device ids', async () => {
    const seen: { type: string; device: number; data: unknown }[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const { items, next_cursor } = (await ask(`events?limit=5${cursor ? `&cursor=${cursor}` : ''}`)).body;
      expect(items.length).toBeLessThanOrEqual(5);
      seen.push(...items);
      cursor = next_cursor as string | null;
      expect(page).toBeLessThan(5);
    }
    expect(seen.map(({ type }) => type)).toEqual([
      'screen_view',
      'lua_error',
      'app_start',
      'screen_view',
      'app_start',
      'button_click',
      'screen_view',
      'app_start',
      'app_crash',
      'screen_view',
      'screen_view',
      'app_start',
    ]);
    expect(new Set(seen.map(({ device }) => device)).size).toBe(3);
    expect(JSON.stringify(seen)).not.toMatch(/alice|bob|carol/);
    expect((await ask('events?type=button_click')).body.items).toMatchObject([
      { data: { element_id: 'buy' }, country: 'US', late: true },
    ]);
    for (const bad of ['x', Buffer.from('["a",1]').toString('base64url'), Buffer.from('[1.5,1]').toString('base64url')])
      expectProblem(await ask(`events?cursor=${bad}`), 'cursor-invalid');
  });

  it('of what was refused, and what SDKs gave up', async () => {
    const app = await newApp(owner);
    const other = await createSender(platform, app);
    const answer = await other.post(
      other.batch([{ type: 'Bad Name' }, { type: 'fine' }], { more: { dropped: { queue_full: 3 } } }),
    );
    expect(answer.body).toMatchObject({ accepted: 1, rejected: [{ index: 0 }] });
    const { code } = answer.body.rejected[0];
    await platform.telemetry.settled();
    const body = (await app.client.get(`/v1/apps/${app.packageId}/telemetry/rejections`)).body;
    expect(body.counts).toMatchObject([{ code, events: 1 }]);
    expect(body.dropped_by_sdk).toMatchObject([{ reason: 'queue_full', events: 3 }]);
    expect(body.samples).toMatchObject([{ code, index: 0, batch_id: answer.body.batch_id }]);
  });

  it('as CSV, by query or by Accept, with nothing that a spreadsheet would run', async () => {
    const app = await newApp(owner);
    const other = await createSender(platform, app);
    await other.send([{ type: 'x' }], { appVersion: '=HYPERLINK("http://evil")' });
    await platform.telemetry.settled();
    const byQuery = await ask(`timeseries?metric=events&format=csv&${story.range}`);
    expect(byQuery.headers['content-type']).toBe('text/csv; charset=utf-8');
    const lines = String(byQuery.body).split('\r\n');
    expect(lines[0]).toBe('time,key,value');
    expect(lines[1]).toMatch(new RegExp(`^${story.days[0]}T00:00:00(\\.000)?Z,,7$`));
    expect(lines).toHaveLength(5);
    const byAccept = await ask(`breakdown?metric=events&dimension=app_version&${story.range}`, { accept: 'text/csv' });
    expect(byAccept.body).toBe('key,value\r\n1.0.0,9\r\n2.0.0,3\r\n');
    const evil = await app.client.get(
      `/v1/apps/${app.packageId}/telemetry/breakdown?metric=events&dimension=app_version&format=csv`,
    );
    expect(evil.body).toBe(`key,value\r\n"'=HYPERLINK(""http://evil"")",1\r\n`);
    // Where text is Japanese, a spreadsheet takes the wide forms for the same signs.
    await other.send([{ type: 'x' }, { type: 'x' }], { appVersion: '＝1+1' });
    await platform.telemetry.settled();
    const wide = await app.client.get(
      `/v1/apps/${app.packageId}/telemetry/breakdown?metric=events&dimension=app_version&limit=1&format=csv`,
    );
    expect(wide.body).toBe(`key,value\r\n'＝1+1,2\r\n`);
    expect((await ask('timeseries?metric=events', { accept: '*/*' })).headers['content-type']).toContain('json');
  });

  it.each([
    ['timeseries', 'metric'],
    ['timeseries?metric=laughs', 'metric'],
    ['timeseries?metric=events&interval=minute', 'interval'],
    ['timeseries?metric=events&type=Bad Type', 'type'],
    ['timeseries?metric=events&group_by=device', 'group_by'],
    ['timeseries?metric=events&from=yesterday', 'from'],
    ['timeseries?metric=events&from=2026-01-01', 'from'],
    ['timeseries?metric=events&from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['timeseries?metric=events&from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['timeseries?metric=events&from=1999-12-31T00:00:00Z&to=2000-01-01T00:00:00Z', 'from'],
    ['timeseries?metric=events&from=2002-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['timeseries?metric=events&interval=hour&from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z', 'from'],
    ['overview?to=2200-01-01T00:00:00Z', 'to'],
    ['overview?include_bots=yes', 'include_bots'],
    ['overview?colour=red', 'colour'],
    ['breakdown?metric=events', 'dimension'],
    ['breakdown?metric=events&dimension=os&limit=0', 'limit'],
    ['events?limit=101', 'limit'],
  ])('only where the question is one: %s', async (path, name) => {
    const answer = await ask(path.replace(' ', '%20'));
    expectProblem(answer, 'validation-failed');
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toContain(`/${name}`);
  });

  it('only what is kept, and says what that is', async () => {
    for (const path of ['timeseries?metric=sessions&type=app_start', 'breakdown?metric=devices&dimension=type']) {
      const answer = await ask(path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 422, 'not-possible']);
      expectProblem(answer, 'not-possible');
      expect(answer.body.detail.length).toBeGreaterThan(20);
    }
  });

  describe('to nobody else:', () => {
    it('an app that was deleted sends and shows nothing any more, also to admins', async () => {
      const app = await newApp(owner);
      const gone = await createSender(platform, app);
      await gone.send([{ type: 'x' }]);
      expectStatus(await app.client.delete(`/v1/apps/${app.packageId}`), 204);
      const admin = await createAdmin(platform);
      for (const { client } of [owner, admin])
        for (const path of ['overview', 'events', 'rejections', 'live', 'top?type=x&field=a'])
          expectProblem(await client.get(`/v1/apps/${app.packageId}/telemetry/${path}`), 'not-found');
      expectProblem(await gone.post(gone.batch([{ type: 'x' }])), 'invalid-ingest-key');
      const again = await owner.client.post('/v1/apps', { package_id: app.packageId, name: 'Again' });
      expectProblem(again, 'package-id-retired');
    });

    it('a device in another app is another device, and counts there alone', async () => {
      const stranger = await createPublisher(platform);
      const other = await createSender(platform, stranger);
      await other.send([{ type: 'app_start' }], { deviceId: 'alice' });
      await platform.telemetry.settled();
      const theirs = await stranger.client.get(`/v1/apps/${stranger.packageId}/telemetry/overview`);
      expect(theirs.body.totals).toMatchObject({ events: 1, devices: 1 });
      expect((await read('overview')).totals).toMatchObject({ events: 12, devices: 3 });
      const live = await stranger.client.get(`/v1/apps/${stranger.packageId}/telemetry/live`);
      expect(live.body).toMatchObject({ devices: 1, sessions: 1 });
    });

    it('the owner and admins read, strangers and reviewers do not, though reviewers see the app', async () => {
      const reviewer = await createReviewer(platform);
      await publishVersion(owner, reviewer);
      const url = `/v1/apps/${owner.packageId}/telemetry/overview`;
      expect((await reviewer.client.get(`/v1/apps/${owner.packageId}`)).status).toBe(200);
      for (const person of [reviewer, await signUp(platform)]) expectProblem(await person.client.get(url), 'not-found');
      const admin = await createAdmin(platform);
      expectStatus(await admin.client.get(url), 200);
      const adminKey = await addApiKey(admin, ['telemetry:read']);
      expectProblem(await admin.client.withKey(adminKey).get(url), 'not-found');
    });

    it('a key needs telemetry:read, and telemetry:erase to forget', async () => {
      const url = `/v1/apps/${owner.packageId}/telemetry`;
      const reader = owner.client.withKey(await addApiKey(owner, ['telemetry:read']));
      const eraser = owner.client.withKey(await addApiKey(owner, ['telemetry:erase']));
      expectStatus(await reader.get(`${url}/overview`), 200);
      expectProblem(await eraser.get(`${url}/overview`), 'permission-missing');
      expectProblem(await reader.post(`${url}/erasures`, { device_id: 'nobody' }), 'permission-missing');
    });

    it('the package id is found in any case, and it is one app', async () => {
      const answer = await owner.client.get(
        `/v1/apps/${owner.packageId.toUpperCase()}/telemetry/overview?${story.range}`,
      );
      expect(answer.body.totals).toMatchObject({ events: 12 });
    });
  });
});
