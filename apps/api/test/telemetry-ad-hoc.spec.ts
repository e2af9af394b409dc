import { createPublisher, expectStatus, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { createSender } from './support/telemetry.js';
import { tellStory, type Story } from './support/telemetry-story.js';

describe('questions to the raw events', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let story: Story;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
    story = await tellStory(platform, await createSender(platform, owner));
    // Another app's events, which nobody else's question may reach.
    const stranger = await createPublisher(platform);
    await tellStory(platform, await createSender(platform, stranger));
  });
  afterAll(() => platform.stop());

  const url = () => `/v1/apps/${owner.packageId}/telemetry`;
  const read = async (path: string) => {
    const answer = await owner.client.get(`${url()}/${path}&${story.range}`);
    expectStatus(answer, 200);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    return answer.body;
  };
  const query = async (body: Record<string, unknown>) => {
    const [from, to] = [`${story.days[0]}T00:00:00Z`, new Date().toISOString()];
    return owner.client.post(`${url()}/query`, { from, to, ...body });
  };

  it('find the most frequent values of a field', async () => {
    const all = await read('top?type=screen_view&field=screen_name');
    expect(all.items).toEqual([
      { value: 'home', events: 4, devices: 3 },
      { value: 'shop', events: 1, devices: 1 },
    ]);
    const one = await read('top?type=screen_view&field=screen_name&limit=1');
    expect(one).toMatchObject({ items: [{ value: 'home' }], rest: { values: 1, events: 1 } });
  });

  it('follow devices from step to step', async () => {
    const steps = async (text: string) =>
      (await read(`funnel?steps=${text}`)).steps.map(({ devices }: { devices: number }) => devices);
    expect(await steps('app_start,screen_view:screen_name=home,button_click')).toEqual([3, 3, 1]);
    expect(await steps('app_start,screen_view:screen_name=shop,app_crash&within=10m')).toEqual([3, 1, 1]);
    expect(await steps('app_start,button_click&within=30m')).toEqual([3, 0]);
    expect((await read('funnel?steps=app_start,app_crash&within=90')).within_seconds).toBe(90);
  });

  it('count by any field, under any filter', async () => {
    const byCountry = await query({ metric: 'devices', group_by: ['country'] });
    expectStatus(byCountry, 200);
    const values = byCountry.body.rows.map(({ group, value }: { group: object; value: number }) => ({
      ...group,
      value,
    }));
    expect(values).toEqual(
      expect.arrayContaining([
        { country: 'DE', value: 2 },
        { country: 'US', value: 1 },
      ]),
    );
    const homes = await query({
      filters: [
        { field: 'type', op: 'eq', value: 'screen_view' },
        { field: 'data.screen_name', op: 'in', value: ['home'] },
      ],
    });
    expect(homes.body).toMatchObject({ rows: [{ value: 4 }], truncated: false });
    const daily = await query({ metric: 'sessions', interval: 'day' });
    expect(
      daily.body.rows.filter(({ value }: { value: number }) => value > 0).map(({ value }: { value: number }) => value),
    ).toEqual([2, 2]);
  });

  it.each([
    ['funnel?steps=app_start', '/steps'],
    ['funnel?steps=a,b,c,d,e,f,g,h,i', '/steps'],
    ['funnel?steps=app_start,Not a type', '/steps'],
    ['funnel?steps=a,b&within=soon', '/within'],
    ['funnel?steps=a,b&within=91d', '/within'],
    ['top?type=screen_view', '/field'],
    ['top?field=screen_name', '/type'],
  ])('are questions, or are refused: %s', async (path, pointer) => {
    const answer = await owner.client.get(`${url()}/${path.replaceAll(' ', '%20')}`);
    expectProblem(answer, 'validation-failed');
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it.each([
    [{ metric: 'laughs' }],
    [{ group_by: ['device'] }],
    [{ group_by: ['data.'] }],
    [{ filters: [{ field: 'type', op: 'like', value: 'x' }] }],
    [{ limit: 0 }],
    [{ sql: 'SELECT 1' }],
    [{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
  ])('cannot ask for anything else: %j', async (body) => {
    expectProblem(await query(body), 'validation-failed');
  });

  it('hold what looks like SQL for a value', async () => {
    const evil = `x' OR '1'='1`;
    const answer = await query({
      filters: [{ field: `data.${evil}`, op: 'eq', value: evil }],
      group_by: [`data."; DROP TABLE x; --`],
    });
    expectStatus(answer, 200);
    expect(answer.body.rows.filter(({ value }: { value: number }) => value > 0)).toEqual([]);
    expectStatus(await owner.client.get(`${url()}/top?type=screen_view&field=${encodeURIComponent(evil)}`), 200);
  });
});
