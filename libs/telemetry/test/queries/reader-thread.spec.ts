import { rmSync } from 'node:fs';
import {
  ReaderOverloadedError,
  ReaderThread,
  ReaderUnavailableError,
  type ReaderThreadOptions,
} from '../../src/queries/reader-thread.js';
import { telemetryDatabasePath } from '../../src/storage/telemetry-file.js';
import { DAY } from './support/plain-events.js';
import { CONTEXT, NOW, Scene } from './support/scene.js';

const event = { device: 1, session: 1, timeMs: NOW - 1, type: 'app_start', app_version: '1', os: '' };
let scene: Scene;
let packageId: string;
const threads: ReaderThread[] = [];
beforeEach(() => {
  scene = new Scene();
  packageId = scene.add({ events: [event], bots: new Set() });
});
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
  scene.close();
});

function start(options: Partial<ReaderThreadOptions> = {}): ReaderThread {
  const thread = new ReaderThread({ dataDir: scene.dataDir, rawDays: CONTEXT.rawDays, now: () => NOW, ...options });
  threads.push(thread);
  return thread;
}
const asked = () => ({ packageId, range: { fromMs: NOW - DAY, toMs: NOW }, includeBots: false });

/** Resolves when the thread is gone, which it tells by having no number any more. */
async function gone(thread: ReaderThread): Promise<void> {
  while (thread.threadId !== undefined) await new Promise((resolve) => setImmediate(resolve));
}

describe('The reader thread', () => {
  it('starts with the first query and answers as the query itself does', async () => {
    const thread = start();
    expect(thread.threadId).toBeUndefined();
    const answers = await Promise.all([
      thread.run('overview', asked()),
      thread.run('timeseries', { ...asked(), metric: 'devices', interval: 'hour' }),
      thread.run('rejections', { packageId }),
    ]);
    expect(answers).toEqual([
      scene.ask('overview', asked()),
      scene.ask('timeseries', { ...asked(), metric: 'devices', interval: 'hour' }),
      scene.ask('rejections', { packageId }),
    ]);
    expect(answers[0].totals.events).toBe(1);
    expect(thread.threadId).toBeDefined();
  });

  it('hands over a refusal with its code, and answers the next query', async () => {
    const thread = start();
    const refused = thread.run('overview', { ...asked(), range: { fromMs: 1, toMs: 1 } });
    await expect(refused).rejects.toMatchObject({ name: 'QueryError', code: 'empty-range' });
    await expect(thread.run('overview', asked())).resolves.toMatchObject({ totals: { events: 1 } });
  });

  it('sees what was committed after the query before', async () => {
    const thread = start();
    await thread.run('overview', asked());
    packageId = scene.add({ events: [event, event], bots: new Set() });
    await expect(thread.run('overview', asked())).resolves.toMatchObject({ totals: { events: 2 } });
  });

  it('fails what cannot be read, and reads again when it can', async () => {
    const empty = new ReaderThread({ dataDir: '/nonexistent', rawDays: 1, now: () => NOW });
    threads.push(empty);
    await expect(empty.run('overview', asked())).rejects.toThrow('A telemetry query failed');
    await expect(empty.run('overview', asked())).rejects.toThrow('A telemetry query failed');
  });

  it('rejects what cannot cross to another thread, and goes on', async () => {
    const thread = start();
    const query = { ...asked(), odd: () => 1 };
    await expect(thread.run('overview', query)).rejects.toThrow();
    await expect(thread.run('overview', asked())).resolves.toMatchObject({ totals: { events: 1 } });
  });

  it('ends when nothing is asked for a while, and starts again', async () => {
    const thread = start({ idleMs: 1 });
    await thread.run('overview', asked());
    await gone(thread);
    await expect(thread.run('overview', asked())).resolves.toMatchObject({ totals: { events: 1 } });
  });

  it('starts again when it died over a query, and answers those that waited', async () => {
    const thread = start({ maxHeapMb: 16 });
    const range = { fromMs: NOW - 3_700 * DAY, toMs: NOW };
    const tooMuch = { range, metric: 'events', interval: 'day', groupBy: 'app_version', includeBots: true } as const;
    const [answered, lost, waited] = await Promise.allSettled([
      thread.run('overview', asked()),
      thread.run('timeseries', { ...tooMuch, packageId: manyVersions() }),
      thread.run('overview', asked()),
    ]);
    expect(answered.status).toBe('fulfilled');
    expect(lost).toMatchObject({ status: 'rejected', reason: expect.any(ReaderUnavailableError) });
    expect(lost).toMatchObject({ reason: { reason: 'lost' } });
    expect(waited).toMatchObject({ status: 'fulfilled', value: { totals: { events: 1 } } });
  });

  it('refuses at once what is more than may wait', async () => {
    const thread = start({ maxWaiting: 2 });
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => thread.run('overview', asked())));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(all[3]).toMatchObject({ reason: expect.any(ReaderOverloadedError) });
  });

  it('rejects what runs and what waits when it is closed, and everything after', async () => {
    const thread = start();
    const asking = [thread.run('overview', asked()), thread.run('overview', asked())];
    const closed = thread.close();
    for (const query of [...asking, thread.run('overview', asked())]) {
      await expect(query).rejects.toMatchObject({ name: 'ReaderUnavailableError', reason: 'closed' });
    }
    await closed;
    expect(thread.threadId).toBeUndefined();
  });

  it('keeps the file free: it can be removed after closing', async () => {
    const thread = start();
    await thread.run('overview', asked());
    await thread.close();
    expect(() => rmSync(telemetryDatabasePath(scene.dataDir))).not.toThrow();
  });
});

/** Events of so many versions that a series of each, by day and for ten years, is more than a small thread can hold. */
function manyVersions(): string {
  const events = Array.from({ length: 1_000 }, (_, version) => ({ ...event, app_version: `v${version}` }));
  return scene.add({ events, bots: new Set() });
}
