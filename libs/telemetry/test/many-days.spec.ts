import { rmSync, statSync } from 'node:fs';
import { sessionIdOf, someEvents } from './support/batches.js';
import { seededRandom } from './support/batches.js';
import { DirectEngine, TINY_BOTS } from './support/direct-engine.js';
import { newDataDir, openEngine, upload } from './support/open-engine.js';
import { countRawEvents, listRawTables, readRawEvents, type RawEventRow } from './support/raw-events.js';
import { differencesOf, recount } from './support/recount.js';
import { report } from './support/report.js';
import { compareCoveredDays, membersOf, readBots, readRollups } from './support/rollups.js';
import { DAY_MS, HOUR_MS, TestClock } from './support/test-clock.js';

const APP = 'com.example.one';
const RAW_DAYS = 8;
/** TELEMETRY_LONG=1: ten times the load of each of the hundred days. */
const BATCHES_A_DAY = process.env.TELEMETRY_LONG ? 200 : 20;
const DAYS = 100;

/** Sends a day's load in order of time and ends at the same hour of the next day. */
function liveDay(engine: DirectEngine, day: number, random: () => number, batches: number): void {
  for (let index = 0; index < batches; index += 1) {
    const device = Math.floor(random() * 12);
    const late = random() < 0.1 ? Math.floor(random() * 6 * DAY_MS) : 0;
    const events = [
      ...someEvents(4 + Math.floor(random() * 3), 'screen_view', late),
      ...(random() < 0.1 ? [{ type: 'app_crash', agoMs: late, data: { message: 'nil value' } }] : []),
    ];
    engine.upload({
      packageId: random() < 0.3 ? 'com.example.two' : APP,
      deviceId: `d${device}`,
      sessionId: sessionIdOf(day * 20 + device),
      context: { country: random() < 0.5 ? 'DE' : 'IE' },
      events,
    });
    engine.clock.advance(DAY_MS / batches);
  }
  engine.flush();
  engine.judge();
}

function inBoth(left: ReadonlySet<number>, right: ReadonlySet<number>): number[] {
  return [...left].filter((each) => right.has(each)).sort((a, b) => a - b);
}

describe('a hundred days', () => {
  it('keep every count of a day for ever, and of raw rows, hours and sessions only what is in time', async () => {
    const random = seededRandom(11);
    const engine = new DirectEngine({ bots: TINY_BOTS });
    const all: RawEventRow[] = [];
    const dropped: string[] = [];
    const sizes: number[] = [];
    for (let day = 0; day < DAYS; day += 1) {
      liveDay(engine, day, random, BATCHES_A_DAY);
      // Midnight has passed half-way: the rows of the partition before are all there are.
      const today = Math.floor(engine.clock.wallMs / DAY_MS);
      all.push(...readRawEvents(engine.db, { partition: today - 1 }));
      const run = await engine.runRetention();
      expect(run.dropped.length).toBeLessThanOrEqual(3);
      dropped.push(...run.dropped);
      if (day % 10 === 9) expect(await engine.runAudit()).toMatchObject({ differences: 0 });
      engine.db.pragma('wal_checkpoint(TRUNCATE)');
      sizes.push(statSync(engine.file).size);
    }
    const today = Math.floor(engine.clock.wallMs / DAY_MS);
    all.push(...readRawEvents(engine.db, { partition: today }));
    const { db } = engine;
    expect(
      compareCoveredDays(
        db,
        all.filter(({ partition }) => partition < today - RAW_DAYS),
      ),
    ).toEqual([]);
    // Counts and sets of days are never purged: they equal a recount of everything that was ever stored.
    const forEver = (key: string) => /^(day_counts|day_devices|crash_days|crash_devices)/.test(key);
    expect(differencesOf(readRollups(db), recount(all, readBots(db)), forEver)).toEqual([]);
    expect(dropped).toHaveLength(DAYS - RAW_DAYS);
    expect(listRawTables(db).map(({ day }) => day)).toEqual(
      Array.from({ length: RAW_DAYS + 1 }, (_, index) => today - RAW_DAYS + index),
    );
    for (const table of ['hour_counts', 'hour_devices', 'device_days']) {
      expect(db.prepare(`SELECT min(day) FROM ${table}`).pluck().get()).toBe(today - RAW_DAYS);
    }
    expect(db.prepare('SELECT min(last_partition) FROM sessions').pluck().get()).toBeGreaterThanOrEqual(
      today - RAW_DAYS,
    );
    expect(
      db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name GLOB 'ledger_*'`).pluck().get(),
    ).toBeLessThanOrEqual(5);
    expect(db.prepare('SELECT min(day) FROM receipts').pluck().get()).toBeGreaterThanOrEqual(today - RAW_DAYS);
    report({
      days: DAYS,
      events: all.length,
      kept: countRawEvents(db),
      dropped: dropped.length,
      lastBytes: sizes.at(-1),
    });

    // Any range of days: exact devices and who came back, by the bitmaps and by the rows.
    const sets = new Map(
      (
        db.prepare('SELECT day, devices FROM day_devices WHERE app = 1 AND dimension = 0 AND crashed = 0').all() as {
          day: number;
          devices: Buffer;
        }[]
      ).map(({ day, devices }) => [day, new Set(membersOf(devices))]),
    );
    const rowsOfApp = all.filter(({ app }) => app === 1);
    const union = (from: number, to: number) =>
      [...sets]
        .filter(([day]) => day >= from && day < to)
        .reduce((sum, [, set]) => new Set([...sum, ...set]), new Set<number>());
    const seen = (from: number, to: number) =>
      new Set(
        rowsOfApp.filter(({ timeMs }) => timeMs >= from * DAY_MS && timeMs < to * DAY_MS).map(({ device }) => device),
      );
    for (let round = 0; round < 60; round += 1) {
      const from = today - Math.floor(random() * DAYS);
      const to = from + 1 + Math.floor(random() * 31);
      expect(inBoth(union(from, to), union(from, to))).toEqual(inBoth(seen(from, to), seen(from, to)));
      const back = inBoth(union(from, from + 1), union(to, to + 1));
      expect(back).toEqual(inBoth(seen(from, from + 1), seen(to, to + 1)));
    }
    engine.close();
  }, 600_000);

  it('of equal load leave the file as large as the first ones that retention saw', async () => {
    const engine = new DirectEngine();
    const sizes: number[] = [];
    for (let day = 0; day < RAW_DAYS + 4 + 30; day += 1) {
      const random = seededRandom(5);
      for (let index = 0; index < 12; index += 1) {
        const events = someEvents(250).map((event) => ({ ...event, data: { note: 'x'.repeat(60 + index) } }));
        const deviceId = `d${Math.floor(random() * 40)}`;
        engine.upload({ packageId: APP, deviceId, sessionId: sessionIdOf(day * 100 + index), events });
        engine.clock.advance(HOUR_MS);
      }
      engine.flush();
      await engine.runRetention();
      engine.clock.advance(12 * HOUR_MS);
      engine.db.pragma('wal_checkpoint(TRUNCATE)');
      if (day >= RAW_DAYS + 3) sizes.push(statSync(engine.file).size);
    }
    const [first = 0, ...rest] = sizes;
    report({ firstBytes: first, largestBytes: Math.max(...rest), lastBytes: rest.at(-1) });
    expect(rest).toHaveLength(30);
    for (const size of rest) expect(Math.abs(size / first - 1)).toBeLessThanOrEqual(0.1);
    engine.close();
  });
});

describe('rows that have served their time', () => {
  it('cannot be reached by a question even before they are dropped, and three partitions go at most at once', async () => {
    const clock = new TestClock();
    const dataDir = newDataDir();
    const engine = await openEngine(dataDir, clock);
    const deviceId = 'd';
    for (let day = 0; day < 16; day += 1) {
      const events = someEvents(2).map((event) => ({ ...event, data: { day } }));
      await upload(engine, clock, { packageId: APP, deviceId, sessionId: sessionIdOf(day), events });
      clock.advance(DAY_MS);
    }
    const query = { packageId: APP, limit: 200 } as Parameters<typeof engine.query<'events'>>[1];
    const reachable = async () => (await engine.query('events', query)).items.map(({ data }) => data?.day);
    const before = await reachable();
    expect(Math.min(...before.map(Number))).toBe(16 - RAW_DAYS + 1);
    expect(before).toHaveLength(2 * (RAW_DAYS - 1));
    expect((await engine.runRetention()).dropped).toHaveLength(3);
    const second = await engine.runRetention();
    expect(second.dropped).toHaveLength(3);
    expect(second.held).toHaveLength(2);
    expect((await engine.runRetention()).dropped).toHaveLength(2);
    expect((await engine.runRetention()).dropped).toHaveLength(0);
    expect(await reachable()).toEqual(before);
    const range = { fromMs: clock.wallMs - 40 * DAY_MS, toMs: clock.wallMs };
    const overview = await engine.query('overview', { packageId: APP, range, includeBots: false });
    expect(JSON.stringify(overview)).toContain('32');
    await engine.close();
    rmSync(dataDir, { recursive: true });
  });
});
