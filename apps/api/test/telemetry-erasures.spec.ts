import { createPublisher, expectStatus, type Publisher } from './support/actors.js';
import { rows } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { createSender, type Sender } from './support/telemetry.js';
import { tellStory, type Story } from './support/telemetry-story.js';

describe('forgetting a device', () => {
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

  const url = () => `/v1/apps/${owner.packageId}/telemetry`;
  const overview = async () => (await owner.client.get(`${url()}/overview?${story.range}`)).body.totals;

  it('takes its rows, its counts and its presence, and of nobody else', async () => {
    expect(await overview()).toMatchObject({ events: 12, devices: 3, crashes: 1 });
    const wish = await owner.client.post(`${url()}/erasures`, { device_id: 'alice' });
    expectStatus(wish, 202);
    expect(wish.body).toMatchObject({ state: 'running', done_at: null });
    expect(wish.headers['cache-control']).toBe('private, no-store');
    await platform.idle();
    const state = await owner.client.get(`${url()}/erasures/${wish.body.erasure}`);
    expect(state.body).toMatchObject({ erasure: wish.body.erasure, state: 'done', rows_erased: 6 });
    expect(Date.parse(state.body.done_at)).toBeGreaterThanOrEqual(Date.parse(state.body.requested_at));
    expect(await overview()).toMatchObject({ events: 6, sessions: 2, devices: 2, crashes: 0, errors: 1 });
    const events = (await owner.client.get(`${url()}/events?limit=100`)).body.items as { type: string }[];
    expect(events).toHaveLength(6);
    expect(events.map(({ type }) => type)).not.toContain('app_crash');
    const retention = (await owner.client.get(`${url()}/retention?${story.range}`)).body;
    expect(
      retention.cohorts.map(({ size }: { size: number }) => size).reduce((sum: number, size: number) => sum + size),
    ).toBe(2);
    expect((await owner.client.get(`${url()}/live`)).body.devices).toBe(2);
  });

  it('of whom nothing is known is done as well', async () => {
    const wish = await owner.client.post(`${url()}/erasures`, { device_id: 'never seen' });
    expectStatus(wish, 202);
    await platform.idle();
    expect((await owner.client.get(`${url()}/erasures/${wish.body.erasure}`)).body).toMatchObject({
      state: 'done',
      rows_erased: 0,
    });
    expect(await overview()).toMatchObject({ events: 6 });
  });

  it('stands in the audit log, and the device does not', async () => {
    const logged = rows<{ subject_id: string; data: string }>(
      platform,
      `SELECT * FROM audit_logs WHERE action = 'telemetry.erasure_requested'`,
    );
    expect(logged.map(({ subject_id }) => subject_id)).toEqual([owner.packageId, owner.packageId]);
    expect(JSON.stringify(logged)).not.toContain('alice');
    expect(platform.log).not.toContain('alice');
  });

  it('is asked for once under one Idempotency-Key, however often it is sent', async () => {
    const ask = async (deviceId: string) =>
      owner.client.post(`${url()}/erasures`, { device_id: deviceId }, { 'idempotency-key': 'once' });
    const first = await ask('carl');
    expectStatus(first, 202);
    const again = await ask('carl');
    expectStatus(again, 202);
    expect(again.body).toEqual(first.body);
    expectProblem(await ask('dora'), 'idempotency-key-reused');
    await platform.idle();
  });

  it('is told about to the app that asked alone', async () => {
    const wish = await owner.client.post(`${url()}/erasures`, { device_id: 'x' });
    const stranger = await createPublisher(platform);
    const theirs = `/v1/apps/${stranger.packageId}/telemetry/erasures/${wish.body.erasure}`;
    expectProblem(await stranger.client.get(theirs), 'not-found');
    expectProblem(await owner.client.get(`${url()}/erasures/x`), 'not-found');
    expectProblem(await owner.client.post(`${url()}/erasures`, { device_id: '' }), 'validation-failed');
    expectProblem(await owner.client.post(`${url()}/erasures`, {}), 'validation-failed');
  });

  it('goes on after a failure, by itself', async () => {
    const planned = rows<{ kind: string; state: string }>(
      platform,
      `SELECT kind, state FROM jobs WHERE kind = 'telemetry.erasures'`,
    );
    expect(planned.filter(({ state }) => state === 'queued').length).toBeGreaterThanOrEqual(1);
  });
});
