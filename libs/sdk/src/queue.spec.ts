import { accept, hang, json, problem, settle } from '../test/support/fake-platform.js';
import { MemoryStorage } from '../test/support/memory-storage.js';
import { startTelemetry, unaccounted } from '../test/support/start.js';
import type { TelemetryOptions } from './options.js';
import { createQueue } from './queue.js';

const day = 86_400_000;

describe('the limits of the queue', () => {
  it('seals a batch at 500 events and below 1 MiB', async () => {
    const { telemetry, platform } = await startTelemetry();
    for (let i = 0; i < 999; i++) telemetry.track('x');
    await telemetry.flush();
    expect(platform.batches.map(({ body }) => body.events.length)).toEqual([500, 500]);
    for (let i = 0; i < 400; i++) telemetry.track('x', { a: '\u20ac'.repeat(1300) });
    await telemetry.flush();
    const sizes = platform.batches.map(({ text }) => Buffer.byteLength(text));
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    expect(telemetry.stats()).toMatchObject({ accepted: 1400, queued: 0 });
  });

  it('drops whole batches, oldest first, but never one that the server may hold', async () => {
    const { telemetry, platform } = await startTelemetry({ maxQueueEvents: 100 });
    platform.answer = hang;
    for (let i = 0; i < 10; i++) telemetry.track('x', { i });
    await settle();
    for (let i = 10; i < 200; i++) telemetry.track('x', { i });
    expect(telemetry.stats().queued).toBeLessThanOrEqual(100);
    expect(unaccounted(telemetry.stats())).toBe(0);
    platform.answer = accept;
    await platform.advance(60_000);
    await telemetry.flush();
    const numbers = platform.batches.slice(1).flatMap(({ body }) => body.events.map((event) => event.data?.i));
    expect(numbers.slice(0, 3)).toEqual([undefined, 0, 1]);
    expect(numbers.at(-1)).toBe(199);
    const { dropped, accepted } = telemetry.stats();
    expect(accepted + dropped.queue_full!).toBe(201);
    telemetry.track('y');
    await telemetry.flush();
    const reported = platform.batches.slice(1).reduce((sum, { body }) => sum + (body.dropped?.queue_full ?? 0), 0);
    expect(reported).toBe(dropped.queue_full);
  });

  it('keeps within its bytes', async () => {
    const { telemetry, platform } = await startTelemetry({ maxQueueBytes: 50_000 });
    platform.answer = () => json(503, {}, { 'retry-after': '9999' });
    for (let i = 0; i < 500; i++) telemetry.track('x', { text: 'x'.repeat(1000) });
    await telemetry.persist();
    expect(telemetry.stats().queued).toBeLessThan(50);
    expect(unaccounted(telemetry.stats())).toBe(0);
  });

  it('drops what has become too old unsent, and asks about what was sent', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = () => json(401, {});
    telemetry.track('in_doubt');
    await telemetry.flush();
    telemetry.track('unsent');
    await telemetry.flush();
    await platform.advance(7 * day);
    expect(telemetry.stats()).toMatchObject({ queued: 2, dropped: { too_old: 1 } });
    platform.answer = ({ body }) => json(200, { batch_id: body.batch_id, accepted: 2, rejected: [], duplicate: true });
    await platform.advance(2 * day);
    expect(telemetry.stats()).toMatchObject({ accepted: 2, queued: 0, dropped: { too_old: 1 } });
  });

  it('gives up on a batch in doubt after twice that age, and does not call it too old', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = () => json(503, {}, { 'retry-after': '80000' });
    telemetry.track('x');
    await telemetry.flush();
    await platform.advance(15 * day);
    expect(telemetry.stats()).toMatchObject({ queued: 0, dropped: { unanswered: 2 } });
  });
});

describe('a restart', () => {
  it('keeps events that were not sealed, in a batch of their own session and version', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    telemetry.track('x');
    await telemetry.persist();
    const next = await startTelemetry({ platform, storage, appVersion: '2.0.0', autoStart: true });
    next.telemetry.track('y');
    await next.telemetry.flush();
    expect(platform.batches.map(({ body }) => [body.app_version, body.events.length])).toEqual([
      ['1.2.0', 2],
      ['2.0.0', 2],
    ]);
    expect(platform.batches[0]!.body.session_id).not.toBe(platform.batches[1]!.body.session_id);
    expect(next.telemetry.stats()).toMatchObject({ generated: 4, accepted: 4 });
  });

  it('goes on from any prefix of the journal: what was cut off never was', async () => {
    const { telemetry, platform, storage } = await startTelemetry({ maxQueueEvents: 30 });
    const answers = [accept, () => json(503, {}, { 'retry-after': '1' }), () => problem(422), accept, accept];
    platform.answer = (request) => (answers.shift() ?? (() => json(503, {})))(request);
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 7; i++) telemetry.track(i === 3 ? 'Not A Type' : 'x', { i });
      await telemetry.flush();
      await platform.advance(2_000);
    }
    const whole = telemetry.stats();
    expect(Object.keys(whole.dropped).sort()).toEqual(['invalid', 'queue_full', 'rejected_batch']);
    const { journal } = storage;
    let last = 0;
    for (let length = 0; length <= journal.length; length += 7) {
      const queue = createQueue({} as TelemetryOptions, platform, () => undefined);
      queue.open(undefined, journal.slice(0, length));
      const stats = { ...queue.state, queued: queue.countQueued() };
      expect(unaccounted(stats)).toBe(0);
      expect(stats.generated).toBeGreaterThanOrEqual(last);
      last = stats.generated;
    }
    expect(last).toBe(whole.generated);
  });

  it('sends a batch in doubt again byte for byte, with whatever settings and events there are by then', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    platform.answer = hang;
    telemetry.track('x', { text: 'ü😀"\\\n\u2028' });
    telemetry.track('Not A Type');
    void telemetry.flush();
    await settle();
    platform.answer = accept;
    const next = await startTelemetry({ platform, storage, appVersion: '2.0.0', context: { os: 'other' } });
    next.telemetry.track('y');
    await next.telemetry.flush();
    expect(platform.batches).toHaveLength(3);
    expect(platform.batches[1]!.text).toBe(platform.batches[0]!.text);
    expect(next.telemetry.stats()).toMatchObject({ generated: 5, accepted: 4, dropped: { invalid: 1 }, queued: 0 });
  });

  it('finds every batch that was sent, even after a loss of power', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    platform.answer = (request) => {
      const queue = createQueue({} as TelemetryOptions, platform, () => undefined);
      queue.open(undefined, storage.lasting);
      expect(queue.state.batches[0]).toMatchObject({ id: request.body.batch_id, sent: true });
      expect(queue.state.batches[0]!.events).toHaveLength(request.body.events.length);
      return accept(request);
    };
    for (let round = 0; round < 5; round++) {
      telemetry.track('x');
      await telemetry.persist();
      telemetry.track('y');
      await telemetry.flush();
    }
    expect(telemetry.stats()).toMatchObject({ accepted: 11, queued: 0 });
  });

  it('keeps the journal short: what is settled goes', async () => {
    const { telemetry, storage } = await startTelemetry();
    const lengths: number[] = [];
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 20; i++) telemetry.track('x', { text: 'x'.repeat(100) });
      await telemetry.flush();
      lengths.push(storage.journal.length);
    }
    expect(Math.max(...lengths)).toBeLessThan(120_000);
    expect(telemetry.stats()).toMatchObject({ generated: 4001, accepted: 4001 });
  });
});

describe('a failing storage', () => {
  it('holds back sending until it works again, and loses nothing meanwhile', async () => {
    const storage = new MemoryStorage();
    const { telemetry, platform, errors } = await startTelemetry({ storage });
    const { replace, append } = storage;
    storage.replace = storage.append = () => Promise.reject(new Error('disk full'));
    telemetry.track('a');
    await settle();
    telemetry.track('b');
    await telemetry.flush();
    expect(platform.batches).toHaveLength(0);
    expect(errors.length).toBeGreaterThan(0);
    await platform.advance(300_000);
    expect(errors.length).toBeLessThan(20);
    Object.assign(storage, { replace, append });
    await platform.advance(60_000);
    expect(platform.batches.flatMap(({ body }) => body.events.map((event) => event.type))).toEqual([
      'app_start',
      'a',
      'b',
    ]);
    expect(telemetry.stats()).toMatchObject({ accepted: 3, queued: 0 });
  });

  it('begins the journal anew after an addition that got half through', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    telemetry.track('a');
    await telemetry.persist();
    const { append } = storage;
    storage.append = async (text) => {
      storage.journal += text.slice(0, text.length / 2);
      throw new Error('disk full');
    };
    telemetry.track('b');
    await settle();
    storage.append = append;
    telemetry.track('c');
    await telemetry.persist();
    const next = await startTelemetry({ platform, storage });
    expect(next.telemetry.stats()).toMatchObject({ generated: 4 });
  });
});
