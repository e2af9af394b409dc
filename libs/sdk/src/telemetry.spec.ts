import { accept, json, problem, settle } from '../test/support/fake-platform.js';
import { MemoryStorage } from '../test/support/memory-storage.js';
import { startTelemetry, unaccounted } from '../test/support/start.js';

const minute = 60_000;

describe('sessions', () => {
  it('begin with app_start when the SDK is made, and end with app_stop and its seconds', async () => {
    const { telemetry, platform } = await startTelemetry({ autoStart: true });
    await platform.advance(5 * minute);
    await telemetry.close();
    const events = platform.batches.flatMap(({ body }) => body.events);
    expect(events).toEqual([
      { type: 'app_start', timestamp: '2026-11-20T10:00:00.000Z' },
      { type: 'app_stop', timestamp: '2026-11-20T10:05:00.000Z', data: { duration_seconds: 300 } },
    ]);
    expect(new Set(platform.batches.map(({ body }) => body.session_id)).size).toBe(1);
  });

  it('wait for start() or the first event when autoStart is off', async () => {
    const { telemetry } = await startTelemetry();
    expect(telemetry.stats().generated).toBe(0);
    telemetry.start();
    telemetry.start();
    expect(telemetry.stats().generated).toBe(1);
  });

  it('are renewed after 30 idle minutes, the old one ending with its last event', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('screen_view', { screen_name: 'home' });
    await platform.advance(29 * minute);
    telemetry.track('screen_view', { screen_name: 'still here' });
    await platform.advance(30 * minute);
    telemetry.track('screen_view', { screen_name: 'again' });
    await telemetry.flush();
    const seen = platform.batches.map(({ body }) => [body.session_id, ...body.events.map((event) => event.type)]);
    const [first, last] = [seen[0]![0], seen.at(-1)![0]];
    expect(last).not.toBe(first);
    const types = (session?: string) => seen.filter(([id]) => id === session).flatMap(([, ...rest]) => rest);
    expect(types(first)).toEqual(['app_start', 'screen_view', 'screen_view', 'app_stop']);
    expect(types(last)).toEqual(['app_start', 'screen_view']);
    const stop = platform.batches.flatMap(({ body }) => body.events).find((event) => event.type === 'app_stop');
    expect(stop).toMatchObject({ timestamp: '2026-11-20T10:29:00.000Z', data: { duration_seconds: 29 * 60 } });
  });
});

describe('tracking', () => {
  it('sends type, time and data as they were given, and a crash as name, message and stack', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('perf_frame', { avg_ms: 16.6, p95_ms: 33 });
    telemetry.track('level_up', { level: 3, hard: true, note: null, gone: undefined });
    await telemetry.crash(new RangeError('out'));
    await telemetry.flush();
    const events = platform.batches[0]!.body.events.map(({ type, data }) => [type, data]);
    expect(events).toEqual([
      ['app_start', undefined],
      ['perf_frame', { avg_ms: 16.6, p95_ms: 33 }],
      ['level_up', { level: 3, hard: true, note: null }],
      ['app_crash', { crash_type: 'RangeError', message: 'out', stack: expect.any(String) }],
    ]);
  });

  it('has a crash in the storage when crash() resolves', async () => {
    const { telemetry, storage } = await startTelemetry();
    await telemetry.crash('the end');
    expect(storage.journal).toContain('the end');
  });

  it('sends the batch in the form of the contract, small ones as they are and larger ones gzipped', async () => {
    const { telemetry, platform } = await startTelemetry({
      endpoint: 'http://server.test/base/',
      context: { os: 'mosis\n1', device_model: 'x'.repeat(300), country: 'de', locale: 'de-DE' },
    });
    telemetry.track('a');
    await telemetry.flush();
    for (let i = 0; i < 30; i++) telemetry.track('screen_view', { screen_name: 'home' });
    await telemetry.flush();
    const [small, large] = platform.batches;
    expect(small!.path).toBe('/base/v1/telemetry/batches');
    expect(small!.headers).toMatchObject({ 'X-Ingest-Key': 'mi_test', 'X-Sent-At': '2026-11-20T10:00:00.000Z' });
    expect(small!.headers).not.toHaveProperty('Content-Encoding');
    expect(large!.headers).toMatchObject({ 'Content-Encoding': 'gzip' });
    const { events: _, batch_id, ...rest } = small!.body;
    expect(batch_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(rest).toEqual({
      app_id: 'org.example.app',
      app_version: '1.2.0',
      mosis_version: '1.0.0',
      device_id: telemetry.deviceId,
      session_id: expect.any(String),
      context: { os: 'mosis 1', device_model: 'x'.repeat(100), country: 'de', locale: 'de-DE' },
      dropped: {},
    });
  });

  it('counts a bad event as dropped, reports it once, and sends the rest', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('ok');
    telemetry.track('Not A Type');
    telemetry.track('x', { get a(): number { throw new Error('trap'); } }); // prettier-ignore
    telemetry.track('x', { a: 'x'.repeat(5000) });
    await telemetry.flush();
    telemetry.track('ok');
    await telemetry.flush();
    expect(platform.batches.map(({ body }) => body.dropped)).toEqual([{ invalid: 3 }, {}]);
    expect(telemetry.stats()).toEqual({
      generated: 6,
      accepted: 3,
      rejected: 0,
      dropped: { invalid: 3 },
      queued: 0,
      duplicates: 0,
    });
  });

  it('takes the time of tracking, not of sending', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('early');
    await platform.advance(30_000);
    expect(platform.batches[0]!.body.events.at(-1)!.timestamp).toBe('2026-11-20T10:00:00.000Z');
    expect(platform.batches[0]!.headers['X-Sent-At']).toBe('2026-11-20T10:00:30.000Z');
  });

  it('keeps what is tracked before the storage is open', async () => {
    const storage = new MemoryStorage();
    let open: (value: MemoryStorage) => void = () => undefined;
    const slow = new Promise<MemoryStorage>((resolve) => (open = resolve));
    const { telemetry, platform } = await startTelemetry({ storage: slow as never });
    telemetry.track('early');
    expect(telemetry.state().status).toBe('starting');
    expect(telemetry.stats()).toMatchObject({ generated: 2, queued: 2 });
    open(storage);
    await telemetry.flush();
    expect(platform.batches[0]!.body.events.map((event) => event.type)).toEqual(['app_start', 'early']);
    expect(unaccounted(telemetry.stats())).toBe(0);
  });

  it('falls back to memory where the storage cannot be opened', async () => {
    const { telemetry, platform, errors } = await startTelemetry({ storage: Promise.reject(new Error('no')) as never });
    telemetry.track('x');
    await telemetry.flush();
    expect(errors).toHaveLength(1);
    expect(platform.batches).toHaveLength(1);
  });

  it('falls back to memory where the storage cannot take the device record', async () => {
    const storage = new MemoryStorage();
    storage.erase = () => Promise.reject(new Error('read-only'));
    const { telemetry, platform } = await startTelemetry({ storage });
    telemetry.track('x');
    await telemetry.flush();
    expect(platform.batches).toHaveLength(1);
    expect(storage.journal).toBe('');
  });

  it('sends nothing under a new device id that was collected under a lost one', async () => {
    const storage = new MemoryStorage();
    const first = await startTelemetry({ storage });
    first.telemetry.track('x');
    await first.telemetry.persist();
    storage.device = '';
    const { telemetry, platform } = await startTelemetry({ storage });
    await telemetry.flush();
    expect(platform.batches).toEqual([]);
    expect(telemetry.deviceId).toBe(storage.device);
  });

  it('never throws into the app, even when its own error handler does', async () => {
    const onError = () => {
      throw new Error('handler');
    };
    const { telemetry, platform } = await startTelemetry({ onError });
    platform.answer = () => problem(422);
    telemetry.track('x');
    await telemetry.flush();
    void telemetry.crash({ get message() { throw new Error('trap'); } }); // prettier-ignore
    void telemetry.crash(Object.create(null));
    await telemetry.close();
    telemetry.track('after');
    await expect(telemetry.flush()).resolves.toBeUndefined();
  });

  it('numbers what the server rejects one by one', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = ({ body }) =>
      json(200, { batch_id: body.batch_id, accepted: 1, rejected: [{ index: 0, code: 'too-old' }], duplicate: true });
    telemetry.track('x');
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ accepted: 1, rejected: 1, queued: 0, duplicates: 1 });
  });
});

describe('opting out', () => {
  it('deletes queue, counts and device id, tells onErase, and collects nothing, also after a restart', async () => {
    const erased: string[] = [];
    const { telemetry, platform, storage } = await startTelemetry({ onErase: (id) => void erased.push(id) });
    telemetry.track('x');
    await telemetry.persist();
    const deviceId = telemetry.deviceId!;
    await telemetry.optOut();
    telemetry.track('y');
    await telemetry.flush();
    expect(erased).toEqual([deviceId]);
    expect(telemetry.stats()).toMatchObject({ generated: 0, queued: 0 });
    expect(telemetry.state().status).toBe('opted-out');
    expect(storage).toMatchObject({ device: 'opted-out', journal: '' });

    const again = await startTelemetry({ platform, storage, autoStart: true, heartbeatIntervalMs: minute });
    again.telemetry.track('z');
    await platform.advance(10 * minute);
    await again.telemetry.close();
    expect(platform.requests).toEqual([]);
    expect(again.telemetry.deviceId).toBeUndefined();
    expect(storage).toMatchObject({ device: 'opted-out', journal: '' });
  });

  it('breaks off the request on its way', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = () => new Promise(() => undefined);
    telemetry.track('x');
    void telemetry.flush();
    await settle();
    await telemetry.optOut();
    expect(platform.batches[0]!.signal.aborted).toBe(true);
  });

  it('lets nothing that is still being written come after the erasure', async () => {
    const storage = new MemoryStorage();
    const { telemetry } = await startTelemetry({ storage });
    storage.append = async (text) => {
      await settle();
      storage.journal += text;
    };
    telemetry.track('x');
    await settle();
    telemetry.track('y');
    await Promise.resolve();
    await telemetry.optOut();
    await settle();
    expect(storage).toMatchObject({ device: 'opted-out', journal: '' });
  });

  it('removes at the next start what a crash in the middle left', async () => {
    const storage = new MemoryStorage();
    const first = await startTelemetry({ storage });
    first.telemetry.track('x');
    await first.telemetry.persist();
    storage.device = 'opted-out';
    await startTelemetry({ storage });
    expect(storage).toMatchObject({ device: 'opted-out', journal: '' });
  });

  it('can be taken back, under a new device id', async () => {
    const { telemetry, platform } = await startTelemetry();
    const before = telemetry.deviceId;
    await telemetry.optOut();
    await telemetry.optIn();
    telemetry.track('x');
    await telemetry.flush();
    expect(telemetry.deviceId).not.toBe(before);
    expect(platform.batches[0]!.body.device_id).toBe(telemetry.deviceId);
  });
});

describe('closing', () => {
  it('sends what is queued', async () => {
    const { telemetry, platform } = await startTelemetry();
    telemetry.track('x');
    await telemetry.close();
    expect(platform.batches[0]!.body.events.map((event) => event.type)).toEqual(['app_start', 'x', 'app_stop']);
    expect(telemetry.stats()).toMatchObject({ accepted: 3, queued: 0 });
    expect(telemetry.state().status).toBe('closed');
  });

  it('gives up at its deadline and leaves the rest to the next start, byte for byte', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    platform.answer = () => new Promise(() => undefined);
    telemetry.track('x');
    const closed = telemetry.close();
    await platform.advance(3_000);
    await closed;
    expect(telemetry.stats()).toMatchObject({ queued: 3 });
    platform.answer = accept;
    // Broken off is not failed: the next start need not wait.
    const next = await startTelemetry({ platform, storage });
    expect(platform.batches.map(({ text }) => text)).toEqual([platform.batches[0]!.text, platform.batches[0]!.text]);
    expect(next.telemetry.stats()).toMatchObject({ generated: 3, accepted: 3, queued: 0 });
  });
});
