import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accept, hang, json, settle } from '../test/support/fake-platform.js';
import { startTelemetry, unaccounted } from '../test/support/start.js';
import { openFileStorage } from './storage/file-storage.js';
import { MemoryStorage } from './storage/memory-storage.js';
import type { TelemetryStorage } from './storage/storage.js';
import { decodeUtf8, encodeUtf8 } from './text.js';

const day = 86_400_000;

async function keyOf(storage: TelemetryStorage, prefix: string): Promise<string> {
  return (await storage.keys()).find((key) => key.startsWith(prefix))!;
}

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

  it('gives up on a batch in doubt after 14 days', async () => {
    const { telemetry, platform } = await startTelemetry();
    platform.answer = () => json(503, {}, { 'retry-after': '80000' });
    telemetry.track('x');
    await telemetry.flush();
    await platform.advance(15 * day);
    expect(telemetry.stats()).toMatchObject({ queued: 0, dropped: { too_old: 2 } });
  });
});

describe('a restart', () => {
  it('keeps events that were not sealed, in a batch of their own session and version', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    telemetry.track('x');
    await telemetry.persist();
    const next = await startTelemetry({ platform, storage, appVersion: '2.0.0' });
    next.telemetry.track('y');
    await next.telemetry.flush();
    expect(platform.batches.map(({ body }) => [body.app_version, body.events.length])).toEqual([
      ['1.2.0', 2],
      ['2.0.0', 2],
    ]);
    expect(platform.batches[0]!.body.session_id).not.toBe(platform.batches[1]!.body.session_id);
    expect(next.telemetry.stats()).toMatchObject({ generated: 4, accepted: 4 });
  });

  it('skips and counts a torn line of the journal', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    telemetry.track('x');
    await telemetry.persist();
    const key = await keyOf(storage, 'j.');
    const text = decodeUtf8((await storage.read(key))!);
    await storage.write(key, encodeUtf8(text.slice(0, -5)));
    const next = await startTelemetry({ platform, storage });
    expect(next.telemetry.stats()).toMatchObject({ generated: 2, accepted: 1, dropped: { corrupt: 1 }, queued: 0 });
  });

  it('skips and counts a torn or missing batch file', async () => {
    const { telemetry, platform, storage, errors } = await startTelemetry();
    platform.answer = () => json(503, {}, { 'retry-after': '60' });
    for (const type of ['a', 'b', 'c']) {
      telemetry.track(type);
      await telemetry.flush();
    }
    const [first, second] = (await storage.keys()).filter((key) => key.startsWith('b.'));
    await storage.write(first!, (await storage.read(first!))!.slice(0, 40));
    await storage.remove(second!);
    platform.answer = accept;
    await platform.advance(120_000);
    expect(telemetry.stats()).toMatchObject({ generated: 4, accepted: 1, dropped: { corrupt: 3 }, queued: 0 });
    expect(errors).toHaveLength(2);
  });

  it('sends what lies there when the state itself is torn, and begins to count anew', async () => {
    const { telemetry, platform, storage } = await startTelemetry();
    platform.answer = () => json(503, {}, { 'retry-after': '60' });
    telemetry.track('a');
    await telemetry.flush();
    telemetry.track('b');
    await telemetry.persist();
    await storage.write('state', encodeUtf8('{"version":1,"gen'));
    platform.answer = accept;
    const next = await startTelemetry({ platform, storage });
    expect(next.telemetry.stats()).toMatchObject({ generated: 3, accepted: 3, queued: 0 });
    expect(platform.batches[1]!.text).toBe(platform.batches[0]!.text);
    expect(next.telemetry.deviceId).toBe(telemetry.deviceId);
  });

  it('leaves no files behind once all is sent', async () => {
    const { telemetry, storage } = await startTelemetry();
    for (let round = 0; round < 5; round++) {
      telemetry.track('x');
      await telemetry.flush();
    }
    await telemetry.close();
    expect((await storage.keys()).sort()).toEqual(['device', 'state']);
  });
});

describe('a failing storage', () => {
  it('holds back sending until it works again, and loses nothing meanwhile', async () => {
    const storage = new MemoryStorage();
    const { telemetry, platform, errors } = await startTelemetry({ storage });
    const { write, append } = storage;
    storage.write = storage.append = () => Promise.reject(new Error('disk full'));
    telemetry.track('a');
    await settle();
    telemetry.track('b');
    await telemetry.flush();
    expect(platform.batches).toHaveLength(0);
    expect(errors.length).toBeGreaterThan(0);
    Object.assign(storage, { write, append });
    await platform.advance(60_000);
    expect(platform.batches.flatMap(({ body }) => body.events.map((event) => event.type))).toEqual([
      'app_start',
      'a',
      'b',
    ]);
    expect(telemetry.stats()).toMatchObject({ accepted: 3, queued: 0 });
  });
});

describe.each(['memory', 'file'])('the %s storage', (kind) => {
  let directory: string;
  let storage: TelemetryStorage;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'telemetry-storage-'));
    storage = kind === 'file' ? await openFileStorage(directory) : new MemoryStorage();
  });
  afterEach(async () => {
    await storage.close();
    await rm(directory, { recursive: true });
  });

  const textOf = async (key: string) => {
    const bytes = await storage.read(key);
    return bytes && decodeUtf8(bytes);
  };

  it('reads what was written, appended and replaced', async () => {
    expect(await textOf('a')).toBeUndefined();
    await storage.append('a', encodeUtf8('1'));
    await storage.append('b', encodeUtf8('2'));
    await storage.append('a', encodeUtf8('3'));
    expect([await textOf('a'), await textOf('b')]).toEqual(['13', '2']);
    await storage.write('b', encodeUtf8('new'));
    expect(await textOf('b')).toBe('new');
    expect((await storage.keys()).sort()).toEqual(['a', 'b']);
  });

  it('forgets what was removed, and can begin it anew', async () => {
    await storage.append('a', encodeUtf8('1'));
    await storage.remove('a');
    await storage.remove('absent');
    await storage.append('a', encodeUtf8('2'));
    expect(await textOf('a')).toBe('2');
    await storage.write('b', encodeUtf8('1'));
    await storage.clear('b');
    expect(await storage.keys()).toEqual(['b']);
  });
});

describe('the file storage', () => {
  it('removes what a crash left in the middle of a write', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'telemetry-storage-'));
    await writeFile(join(directory, 'state.tmp'), 'half');
    const storage = await openFileStorage(directory);
    expect(await readdir(directory)).toEqual([]);
    await storage.close();
    await rm(directory, { recursive: true });
  });
});
