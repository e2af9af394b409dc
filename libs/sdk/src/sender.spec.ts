import { accept, FakePlatform, hang, json, problem, settle } from '../test/support/fake-platform.js';
import { startTelemetry, unaccounted } from '../test/support/start.js';

const hour = 3_600_000;

/** An SDK with one event sent, met by the given answer. */
async function afterAnswer(answer: () => Promise<Response> | Response) {
  const started = await startTelemetry();
  started.platform.answer = answer;
  started.telemetry.track('x');
  await started.telemetry.flush();
  return started;
}

describe('sending', () => {
  it.each([
    ['no network', () => Promise.reject(new TypeError('fetch failed'))],
    ['408', () => json(408, {})],
    ['429', () => json(429, {})],
    ['500', () => json(500, {})],
    ['503', () => json(503, {})],
    ['a login page with 200', () => new Response('<html>', { status: 200 })],
    ['the 404 of a proxy', () => new Response('404 page not found', { status: 404 })],
    ['a login page with 400', () => new Response('<html>', { status: 400 })],
    ['the JSON of a gateway with 404', () => json(404, { message: 'no Route matched' })],
    [
      'the error code of a gateway with 400',
      () => json(400, { code: 'InvalidURI' }, { 'content-type': 'application/json' }),
    ],
    [
      'a problem without a code',
      () => json(404, { title: 'Not Found' }, { 'content-type': 'application/problem+json' }),
    ],
    ['a problem that is null', () => json(404, null, { 'content-type': 'application/problem+json' })],
    ['an answer cut short', () => new Response('{"accepted":', { status: 200 })],
    ['a receipt for more than was sent', () => json(200, { accepted: 99 })],
  ])('retries after %s with the same bytes', async (_, answer) => {
    const { telemetry, platform } = await afterAnswer(answer);
    expect(telemetry.state()).toMatchObject({ status: 'waiting' });
    expect(telemetry.stats()).toMatchObject({ queued: 2, accepted: 0 });
    platform.answer = accept;
    await platform.advance(2_000);
    expect(platform.batches).toHaveLength(2);
    expect(platform.batches[1]!.text).toBe(platform.batches[0]!.text);
    expect(telemetry.stats()).toMatchObject({ queued: 0, accepted: 2 });
    expect(telemetry.state()).toEqual({ status: 'ready' });
  });

  it.each([400, 404, 409, 413, 415, 422])('drops the batch after %i, counts it, and goes on', async (status) => {
    const { telemetry, platform, errors } = await afterAnswer(() => problem(status));
    expect(telemetry.stats()).toMatchObject({ queued: 0, dropped: { rejected_batch: 2 } });
    expect(String(errors[0])).toContain('why');
    platform.answer = accept;
    telemetry.track('y');
    await telemetry.flush();
    expect(platform.batches[1]!.body.dropped).toEqual({ rejected_batch: 2 });
  });

  it('keeps a batch whose first answer was lost when a stranger answers the second', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('x');
    let stored = 0;
    platform.answer = ({ body }) => {
      stored = body.events.length;
      throw new TypeError('connection lost');
    };
    await telemetry.flush();
    platform.answer = () => json(404, { message: 'no Route matched' });
    await telemetry.flush();
    platform.answer = () => json(200, { accepted: stored, duplicate: true });
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ queued: 0, accepted: stored, dropped: {} });
    expect(platform.batches).toHaveLength(3);
  });

  it('hands the counts of a dropped batch to the next one, each count exactly once', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('Invalid');
    platform.answer = () => problem(422);
    await telemetry.flush();
    platform.answer = accept;
    telemetry.track('y');
    await telemetry.flush();
    telemetry.track('y');
    await telemetry.flush();
    expect(platform.batches.map(({ body }) => body.dropped)).toEqual([
      { invalid: 1 },
      { invalid: 1, rejected_batch: 1 },
      {},
    ]);
  });

  it('breaks off a request at its timeout', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = hang;
    telemetry.track('x');
    const flushed = telemetry.flush();
    await platform.advance(30_000);
    await flushed;
    expect(platform.batches[0]!.signal.aborted).toBe(true);
    expect(telemetry.state()).toMatchObject({ status: 'waiting', httpStatus: 0 });
  });

  it('has one request in flight at a time', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = hang;
    telemetry.track('x');
    void telemetry.flush();
    await settle();
    telemetry.track('y');
    void telemetry.flush();
    await platform.advance(29_000);
    expect(platform.batches).toHaveLength(1);
  });

  it('backs off exponentially up to 15 minutes, with full jitter but never at once', async () => {
    const waits: number[] = [];
    const { telemetry, platform } = await startTelemetry();
    platform.randomValue = 0.999;
    platform.answer = () => json(500, {});
    telemetry.track('x');
    await telemetry.flush();
    for (let round = 0; round < 12; round++) {
      const waitMs = telemetry.state().nextAttemptAt!.getTime() - platform.nowMs;
      waits.push(Math.round(waitMs / 999));
      await platform.advance(waitMs);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    platform.randomValue = 0;
    await platform.advance(telemetry.state().nextAttemptAt!.getTime() - platform.nowMs);
    expect(telemetry.state().nextAttemptAt!.getTime() - platform.nowMs).toBe(250);
  });

  it('honours Retry-After in seconds, in spite of flush() and of a restart', async () => {
    const { telemetry, platform, storage } = await afterAnswer(() => json(503, {}, { 'retry-after': '600' }));
    platform.answer = accept;
    await telemetry.flush();
    await telemetry.close();
    const next = await startTelemetry({ platform, storage });
    await next.telemetry.flush();
    await platform.advance(599_000);
    expect(platform.batches).toHaveLength(1);
    await platform.advance(61_000);
    expect(platform.batches.length).toBeGreaterThan(1);
    expect(platform.batches[1]!.text).toBe(platform.batches[0]!.text);
  });

  it('counts a Retry-After date from the server’s clock, and never waits longer than a day', async () => {
    const dates = { date: 'Fri, 01 Jan 2021 00:00:00 GMT', 'retry-after': 'Fri, 01 Jan 2021 00:10:00 GMT' };
    const dated = await afterAnswer(() => json(429, {}, dates));
    const waitMs = dated.telemetry.state().nextAttemptAt!.getTime() - dated.platform.nowMs;
    expect(waitMs).toBe(630_000);
    const long = await afterAnswer(() => json(429, {}, { 'retry-after': '99999999' }));
    expect(long.telemetry.state().nextAttemptAt!.getTime() - long.platform.nowMs).toBe(24 * hour);
  });

  it.each([401, 403])('keeps the queue after %i and asks again once a day', async (status) => {
    const { telemetry, platform, storage } = await afterAnswer(() => json(status, {}));
    expect(telemetry.state()).toMatchObject({ status: 'refused', httpStatus: status });
    await telemetry.close();
    const next = await startTelemetry({ platform, storage });
    expect(next.telemetry.state()).toMatchObject({ status: 'refused', httpStatus: status });
    await next.telemetry.flush();
    await platform.advance(23 * hour);
    expect(platform.batches).toHaveLength(1);
    await platform.advance(hour);
    expect(platform.batches).toHaveLength(2);
    platform.answer = accept;
    await platform.advance(24 * hour);
    expect(next.telemetry.stats()).toMatchObject({ accepted: 3, queued: 0 });
  });

  it('asks at once with another ingest key', async () => {
    const { telemetry, platform, storage } = await afterAnswer(() => json(401, {}));
    await telemetry.close();
    platform.answer = accept;
    const next = await startTelemetry({ platform, storage, ingestKey: 'mi_new' });
    expect(next.telemetry.stats()).toMatchObject({ queued: 0, accepted: 3 });
  });

  it('does not wait for ever when the clock is set back', async () => {
    const { telemetry, platform } = await afterAnswer(() => json(503, {}, { 'retry-after': '60' }));
    platform.answer = accept;
    platform.nowMs -= 365 * 24 * hour;
    await telemetry.flush();
    expect(telemetry.stats().queued).toBe(0);
  });

  it('lets an event wait 30 seconds at most, whatever else was going on', async () => {
    const { telemetry, platform } = await startTelemetry();
    let answer: () => void = () => undefined;
    platform.answer = (request) => new Promise((resolve) => (answer = () => resolve(accept(request))));
    telemetry.track('x');
    void telemetry.flush();
    await platform.advance(10_000);
    telemetry.track('y');
    await platform.advance(10_000);
    answer();
    await platform.advance(19_000);
    expect(platform.batches).toHaveLength(1);
    await platform.advance(1_000);
    expect(platform.batches).toHaveLength(2);
  });

  it('forgets the wait that a flush has shown to be needless', async () => {
    const { telemetry, platform } = await startTelemetry({ sessionIdleMs: 10 * hour });
    platform.answer = () => json(503, {});
    platform.randomValue = 0.999;
    telemetry.track('x');
    await telemetry.flush();
    for (let round = 0; round < 10; round++) await platform.advance(900_000);
    platform.answer = () => Promise.reject(new TypeError('offline'));
    await platform.advance(900_000);
    platform.answer = accept;
    await telemetry.flush();
    expect(telemetry.state().status).toBe('ready');
    const sent = platform.batches.length;
    telemetry.track('y');
    await platform.advance(30_000);
    expect(platform.batches).toHaveLength(sent + 1);
  });

  it('sends no more small batches than it must while nothing gets through', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = () => json(503, {}, { 'retry-after': '3600' });
    for (let i = 0; i < 120; i++) {
      telemetry.track('x');
      await platform.advance(25_000);
    }
    platform.answer = accept;
    await platform.advance(2 * hour);
    await telemetry.flush();
    expect(platform.batches.length).toBeLessThan(5);
    expect(telemetry.stats()).toMatchObject({ accepted: 121, queued: 0 });
    expect(unaccounted(telemetry.stats())).toBe(0);
  });
});

describe('heartbeats', () => {
  const beating = (platform = new FakePlatform()) =>
    startTelemetry({ heartbeatIntervalMs: 60_000, autoStart: true, platform });

  it('say which device, session and version is there, once a minute', async () => {
    const { telemetry, platform } = await beating();
    await platform.advance(300_000);
    expect(platform.heartbeats).toHaveLength(5);
    expect(platform.heartbeats[0]!.body).toEqual({
      app_id: 'org.example.app',
      device_id: telemetry.deviceId,
      session_id: platform.batches[0]!.body.session_id,
      app_version: '1.2.0',
    });
  });

  it('never pile up: while one is on its way the next are skipped, not queued', async () => {
    const platform = new FakePlatform();
    await startTelemetry({ heartbeatIntervalMs: 5_000, autoStart: true, platform });
    platform.answer = (request) => (request.path.endsWith('/heartbeats') ? hang() : accept(request));
    await platform.advance(32_000);
    expect(platform.heartbeats).toHaveLength(1);
    await platform.advance(5_000);
    expect(platform.heartbeats).toHaveLength(2);
  });

  it('are not retried when they fail', async () => {
    const { platform } = await beating();
    platform.answer = (request) => (request.path.endsWith('/heartbeats') ? json(500, {}) : accept(request));
    await platform.advance(300_000);
    expect(platform.heartbeats).toHaveLength(5);
  });

  it('end while the key is refused, also when a heartbeat is what met the refusal', async () => {
    const { telemetry, platform } = await beating();
    await platform.advance(0);
    platform.answer = () => json(403, {});
    await platform.advance(600_000);
    expect(platform.heartbeats).toHaveLength(1);
    expect(telemetry.state()).toMatchObject({ status: 'refused', httpStatus: 403 });
  });

  it('end with the session and with close()', async () => {
    const { telemetry, platform } = await beating();
    await platform.advance(120_000);
    const before = platform.heartbeats.length;
    telemetry.stop();
    await platform.advance(300_000);
    expect(platform.heartbeats).toHaveLength(before);
    telemetry.start();
    await platform.advance(60_000);
    expect(platform.heartbeats.length).toBeGreaterThan(before);
    await telemetry.close();
    const closed = platform.heartbeats.length;
    await platform.advance(300_000);
    expect(platform.heartbeats).toHaveLength(closed);
  });
});

describe('on a page', () => {
  /** A platform with the window of a visible page. */
  function inPage() {
    const platform = new FakePlatform();
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    platform.page = Object.assign(new EventTarget(), { document });
    const show = (visibilityState: string) => {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event('visibilitychange'));
    };
    const tell = (type: string) => (platform.page as EventTarget).dispatchEvent(new Event(type));
    return { platform, show, tell };
  }

  it('sends when hidden, in requests that outlive the page', async () => {
    const { platform, show } = inPage();
    const { telemetry } = await startTelemetry({ platform });
    telemetry.track('x');
    show('hidden');
    await settle();
    expect(platform.batches.map(({ keepAlive }) => keepAlive)).toEqual([true]);
  });

  it('sends heartbeats only while it is visible', async () => {
    const { platform, show } = inPage();
    await startTelemetry({ platform, heartbeatIntervalMs: 60_000, autoStart: true });
    show('hidden');
    await platform.advance(300_000);
    expect(platform.heartbeats).toHaveLength(0);
    show('visible');
    await platform.advance(60_000);
    expect(platform.heartbeats).toHaveLength(1);
  });

  it('ends the session on leaving, and listens no more once it is closed', async () => {
    const { platform, tell } = inPage();
    const { telemetry } = await startTelemetry({ platform, autoStart: true });
    tell('pagehide');
    await settle();
    expect(platform.batches.at(-1)!.body.events.at(-1)!.type).toBe('app_stop');
    telemetry.start();
    await telemetry.close();
    const { generated } = telemetry.stats();
    tell('pagehide');
    await settle();
    expect(telemetry.stats()).toMatchObject({ generated, accepted: generated });
  });

  it('tries at once when the network is back', async () => {
    const { platform, tell } = inPage();
    const { telemetry } = await startTelemetry({ platform });
    platform.answer = () => Promise.reject(new TypeError('offline'));
    platform.randomValue = 0.999;
    telemetry.track('x');
    await telemetry.flush();
    platform.answer = accept;
    tell('online');
    await settle();
    expect(telemetry.stats().accepted).toBe(2);
  });
});
