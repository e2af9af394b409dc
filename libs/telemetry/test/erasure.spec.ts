import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { bodyOf, sessionIdOf, someEvents, type SentBatch } from './support/batches.js';
import { DirectEngine, TINY_BOTS } from './support/direct-engine.js';
import { compareWithRecount, membersOf } from './support/rollups.js';
import { countRawEvents, listRawTables } from './support/raw-events.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

const APP = 'com.example.one';
const MARKER = 'marker-of-the-forgotten';
/** The device that is to be forgotten has this ordinal in every test here. */
const ORDINAL = 1;

function batchOf(device: number, session: number, more: Partial<SentBatch> = {}): SentBatch {
  const data = { note: device === ORDINAL ? `${MARKER}-${'x'.repeat(200)}` : 'nobody' };
  const events = [
    ...someEvents(5, 'screen_view').map((event) => ({ ...event, data })),
    { type: 'app_crash', agoMs: HOUR_MS, data: { message: 'nil value', ...data } },
    { type: 'level_up', agoMs: 3 * DAY_MS, data },
  ];
  return {
    packageId: APP,
    deviceId: `device-${device}`,
    sessionId: sessionIdOf(session * 10 + device),
    context: { country: 'DE' },
    events,
    ...more,
  };
}

/** Four days of three devices; the one to be forgotten is a bot on the last of them and was the first to crash. */
function peopledEngine(options: ConstructorParameters<typeof DirectEngine>[0] = {}): DirectEngine {
  const engine = new DirectEngine({ bots: TINY_BOTS, ...options });
  engine.upload(batchOf(0, 0, { events: someEvents(1) }));
  for (let day = 0; day < 4; day += 1) {
    engine.upload(batchOf(1, day), batchOf(0, day), batchOf(2, day));
    if (day === 3) engine.upload(batchOf(1, day), batchOf(1, 7));
    engine.flush();
    engine.judge();
    engine.clock.advance(DAY_MS);
  }
  return engine;
}

/** What still speaks of a device, in words; empty when it is forgotten. */
function tracesOf(engine: DirectEngine, app = 1, device = ORDINAL): string[] {
  const { db } = engine;
  const traces: string[] = [];
  const look = (what: string, sql: string) => {
    const n = db.prepare(sql).pluck().get(app, device) as number;
    if (n > 0) traces.push(`${n} ${what}`);
  };
  for (const { table } of listRawTables(db)) look(table, `SELECT count(*) FROM ${table} WHERE app = ? AND device = ?`);
  look('devices', 'SELECT count(*) FROM devices WHERE app = ? AND ordinal = ?');
  look('sessions', 'SELECT count(*) FROM sessions WHERE app = ? AND device = ?');
  look('device_days', 'SELECT count(*) FROM device_days WHERE app = ? AND device = ?');
  look('samples', 'SELECT count(*) FROM crash_groups WHERE app = ? AND sample_device = ?');
  look('erasures', 'SELECT count(*) FROM erasures WHERE app = ? AND device = ?');
  for (const table of ['hour_devices', 'day_devices', 'bot_days', 'crash_devices']) {
    const blobs = db.prepare(`SELECT devices FROM ${table} WHERE app = ?`).pluck().all(app) as Buffer[];
    const n = blobs.filter((blob) => membersOf(blob).includes(device)).length;
    if (n > 0) traces.push(`${n} bits in ${table}`);
  }
  return traces;
}

describe('an erasure', () => {
  it('leaves no row, bit, session, sample or mapping, and roll-ups that equal a recount', async () => {
    const engine = peopledEngine();
    expect(tracesOf(engine)).toHaveLength(12);
    const rowsBefore = countRawEvents(engine.db);
    const { erasure } = await engine.erase(APP, 'device-1');
    expect(await engine.runErasures()).toEqual({ done: 1 });
    expect(tracesOf(engine)).toEqual([]);
    expect(compareWithRecount(engine.db)).toEqual([]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    expect(engine.call('findErasure', { erasure })).toMatchObject({ state: 'done', rows_erased: 6 * 7 });
    expect(countRawEvents(engine.db)).toBe(rowsBefore - 6 * 7);
    engine.close();
  });

  it('overwrites the bytes of what it erases in the file', async () => {
    const engine = peopledEngine();
    const bytesOfFile = () => {
      engine.db.pragma('wal_checkpoint(TRUNCATE)');
      return readFileSync(engine.file);
    };
    // Rows of every length, over many pages and beyond them, between those of others; and a group of crashes each.
    for (let round = 0; round < 60; round += 1) {
      const note = `${MARKER}-${'y'.repeat((round * 613) % 3_900)}`;
      const crash = { type: 'app_crash', agoMs: 0, data: { crash_type: `Kind${'z'.repeat(round)}`, note } };
      engine.upload(
        batchOf(1, round, { events: [...someEvents(20).map((event) => ({ ...event, data: { note } })), crash] }),
      );
      engine.upload(batchOf(0, round), batchOf(2, round));
    }
    engine.flush();
    expect(bytesOfFile().includes(MARKER)).toBe(true);
    await engine.erase(APP, 'device-1');
    await engine.runErasures();
    expect(bytesOfFile().includes(MARKER)).toBe(false);
    engine.close();
  });

  it('takes what was kept of its refused events, known or not, and leaves those of others', async () => {
    const engine = new DirectEngine();
    const refused = (deviceId: string, more: Partial<SentBatch> = {}) => {
      const text = `${MARKER} of ${deviceId}`;
      const bad = { type: 'Not a type', agoMs: 0, data: { text } };
      engine.upload(batchOf(0, 0, { deviceId, events: [bad, ...(more.events ?? [])] }));
    };
    refused('device-1', { events: someEvents(1) });
    refused('only-refused');
    refused('device-2');
    // Of an upload that cannot be read nobody knows whose it is.
    engine.uploadBodies([{ packageId: APP, body: Buffer.from(`{"${MARKER}": 1}`) }]);
    const kept = () => {
      engine.db.pragma('wal_checkpoint(TRUNCATE)');
      return {
        samples: engine.db.prepare('SELECT event FROM rejection_samples').pluck().all(),
        inFile: ['device-1', 'only-refused', 'device-2'].filter((id) =>
          readFileSync(engine.file).includes(`${MARKER} of ${id}`),
        ),
      };
    };
    expect(kept().samples).toHaveLength(4);
    await engine.erase(APP, 'device-1');
    await engine.erase(APP, 'only-refused');
    await engine.runErasures();
    expect(kept()).toEqual({ samples: [expect.stringContaining('of device-2')], inFile: ['device-2'] });
    engine.close();
  });

  it('takes the text of a crash that nobody else had', async () => {
    const engine = new DirectEngine();
    const crash = (device: number, message: string) =>
      engine.upload(
        batchOf(device, device, { events: [{ type: 'app_crash', agoMs: 0, data: { crash_type: 'x', message } }] }),
      );
    crash(0, 'shared by both');
    crash(ORDINAL, 'shared by both');
    crash(ORDINAL, `of ${MARKER} alone`);
    engine.flush();
    const messages = () => engine.db.prepare('SELECT message FROM crash_groups ORDER BY message').pluck().all();
    expect(messages()).toHaveLength(2);
    await engine.erase(APP, 'device-1');
    await engine.runErasures();
    expect(messages()).toEqual(['shared by both']);
    engine.db.pragma('wal_checkpoint(TRUNCATE)');
    expect(readFileSync(engine.file).includes(MARKER)).toBe(false);
    // The same crash again, of somebody else, is a group again.
    crash(2, `of ${MARKER} alone`);
    engine.flush();
    expect(messages()).toHaveLength(2);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('goes on after a death at any step', async () => {
    let steps = 0;
    for (;;) {
      const engine = peopledEngine();
      await engine.erase(APP, 'device-1');
      engine.stepsUntilDeath = steps;
      const died = await engine.runErasures().then(
        () => false,
        () => true,
      );
      engine.reopen();
      if (died) await engine.runErasures();
      expect(tracesOf(engine)).toEqual([]);
      expect(compareWithRecount(engine.db)).toEqual([]);
      expect(await engine.runAudit()).toMatchObject({ differences: 0 });
      engine.close();
      if (!died) break;
      steps += 1;
    }
    // The log, the list, four partitions, the end.
    expect(steps).toBeGreaterThanOrEqual(7);
  });

  it('forgets what was sent before it and keeps what the device sends afterwards, as of somebody new', async () => {
    const engine = peopledEngine();
    await engine.erase(APP, 'device-1');
    engine.upload(batchOf(1, 8));
    engine.flush();
    await engine.runErasures();
    expect(tracesOf(engine)).toEqual([]);
    expect(tracesOf(engine, 1, 3)).not.toEqual([]);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('takes what waits for the roll-ups with it, and works through more rows than one step takes', async () => {
    const engine = peopledEngine();
    for (let part = 0; part < 12; part += 1) {
      engine.upload(batchOf(1, 20 + part, { events: someEvents(450, 'level_up') }));
      engine.upload(batchOf(2, 20 + part, { events: someEvents(3) }));
    }
    await engine.erase(APP, 'device-1');
    await engine.runErasures();
    expect(tracesOf(engine)).toEqual([]);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('is done again when an older copy of the file is restored beside the same object store', async () => {
    const engine = peopledEngine();
    const older = mkdtempSync(join(tmpdir(), 'mosis-telemetry-older-'));
    engine.db.pragma('wal_checkpoint(TRUNCATE)');
    cpSync(engine.file, join(older, 'telemetry.db'));
    await engine.erase(APP, 'device-1');
    await engine.erase(APP, 'never-seen');
    await engine.runErasures();
    const restored = new DirectEngine({
      bots: TINY_BOTS,
      clock: engine.clock,
      dataDir: older,
      objects: engine.objects,
    });
    expect(tracesOf(restored)).not.toEqual([]);
    await restored.runErasures();
    expect(tracesOf(restored)).toEqual([]);
    expect(compareWithRecount(restored.db)).toEqual([]);
    expect(await restored.runAudit()).toMatchObject({ differences: 0 });
    restored.close();
    engine.close();
  });

  it('is done although another one cannot be read where erasures are written down', async () => {
    const engine = peopledEngine();
    await engine.objects.putBytes('telemetry/erasures/00-damaged.json', Buffer.from('{'));
    await engine.erase(APP, 'device-1');
    await expect(engine.runErasures()).rejects.toThrow(SyntaxError);
    expect(tracesOf(engine)).toEqual([]);
    engine.close();
  });

  it('asked for twice, and of a device nobody knows, is done as well', async () => {
    const engine = peopledEngine();
    const asked = [
      await engine.erase(APP, 'device-1'),
      await engine.erase(APP, 'device-1'),
      await engine.erase('com.example.unknown', 'device-1'),
    ];
    // The second is not done before the first: rows of the device are still there.
    expect(asked.map(({ state }) => state)).toEqual(['running', 'running', 'done']);
    await engine.runErasures();
    for (const { erasure } of asked) expect(engine.call('findErasure', { erasure })).toMatchObject({ state: 'done' });
    expect(compareWithRecount(engine.db)).toEqual([]);
    rmSync(engine.dataDir, { recursive: true, force: true });
    engine.close();
  });

  it('takes only a bit, not the counts, from days whose raw rows are gone', async () => {
    const engine = peopledEngine();
    const dayCounts = () =>
      engine.db
        .prepare('SELECT sum(n) FROM day_counts WHERE dimension = 0 AND day < ?')
        .pluck()
        .get(firstDay + 2);
    const firstDay = Math.floor(engine.clock.wallMs / DAY_MS) - 4;
    engine.clock.advance(6 * DAY_MS);
    for (let day = 0; day < 4; day += 1) {
      engine.uploadBodies([{ packageId: APP, body: bodyOf(batchOf(0, 30 + day), engine.clock.wallMs, randomUUID()) }]);
      await engine.runRetention();
      engine.clock.advance(DAY_MS);
    }
    expect((await engine.runRetention()).held).toEqual([]);
    // Three days with rows, and the one that has just begun.
    expect(listRawTables(engine.db)).toHaveLength(4);
    const before = dayCounts();
    await engine.erase(APP, 'device-1');
    await engine.runErasures();
    expect(tracesOf(engine)).toEqual([]);
    expect(dayCounts()).toBe(before);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });
});
