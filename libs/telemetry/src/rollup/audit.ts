import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import type { BotThresholds } from '../engine/types.js';
import { DAY_MS } from '../storage/days.js';
import { findFirstCoveredDay, findLastRowId, listPartitions } from '../storage/partitions.js';
import { addDayCounts } from './add-day-counts.js';
import { DayCells, type CellDifferences } from './day-cells.js';
import { isBot, type DeviceDay } from './bot-rule.js';
import type { CountedCopies, RecordedCopy } from './day-counts.js';
import type { RollupDifference } from './differences.js';
import { Measure } from './event-kinds.js';
import {
  addToEveryDimension,
  DIMENSIONS,
  expandCells,
  expandDevices,
  splitContextKey,
  type ContextWords,
} from './expand.js';
import { readStoredCells } from './stored-cells.js';
import { tallyRawRows, type RowReading } from './raw-rows.js';
import { isStillTrue, partitionsOf, readBots, wholeCopies } from './recount-plan.js';
import { isEarlier, RollupTally, type DayTally } from './tally.js';

/** What a recount of one bucket day found, by app. */
export interface DayAudit {
  day: number;
  /** False for a day some of whose raw rows are gone: it cannot be counted again. */
  covered: boolean;
  /** False for a day that is not covered, or that changed (an erasure, a verdict) while it was counted. */
  conclusive: boolean;
  /** Cells compared. */
  cells: number;
  /** Counts of hours and days that differ, of all apps. */
  counts: CellDifferences;
  apps: { app: number; differences: RollupDifference[] }[];
  /** Sessions whose stored first event is not what their rows say; counted, not repaired. */
  sessionProblems: string[];
  /** Device days whose verdict is not what the rule says with the thresholds of now. */
  verdicts: { app: number; device: number; bot: boolean }[];
}

interface Snapshot {
  upTo: Map<number, number>;
  /** Partitions whose copy holds all their rows, which are all rolled up. */
  copies: RecordedCopy[];
  state: string;
  cells: DayCells;
  crashes: Map<string, number>;
  sets: Map<string, number[]>;
  bots: Map<number, Set<number>>;
  deviceDays: Map<string, DeviceDay>;
  sessions: Map<number, { app: number; device: number; firstMs: number; context: number; crashed: boolean }>;
}

/** What a recount says a day's roll-ups should hold. */
interface Counted {
  cells: DayCells;
  /** Crashes by group, version and side; sets by their table and key. */
  crashes: Map<string, number>;
  sets: Map<string, Set<number>>;
}

/** Days an event may be older than its receipt, and one more for a clock that is not believed at once. */
const LATEST_DAYS = 8;

/**
 * Counts a bucket day again from the raw rows that were rolled up, and compares. Roll-ups and watermarks are read in one
 * snapshot; the rows up to the watermarks do not change any more, so they are read afterwards in short statements while
 * the writer goes on. Partitions that were counted from their copies are not read again, provided that the copies hold just
 * the rows that are rolled up now; otherwise the audit is not conclusive.
 */
export function auditDay(
  db: RawConnection,
  day: number,
  context: { contextOf: (context: number) => ContextWords; reading: RowReading; thresholds: BotThresholds },
  counted?: CountedCopies,
): DayAudit {
  const audit: DayAudit = {
    day,
    covered: true,
    conclusive: true,
    cells: 0,
    counts: new DayCells().compare(new DayCells()).differences,
    apps: [],
    sessionProblems: [],
    verdicts: [],
  };
  if (day < findFirstCoveredDay(db)) return { ...audit, covered: false, conclusive: false };
  const stored = db.transaction(() => readSnapshot(db, day))();
  if (counted && !isStillTrue(counted, stored)) return { ...audit, conclusive: false };
  const copied = new Set(counted?.copies.map((copy) => copy.day));
  const tally = new RollupTally((app, _day, device) => stored.bots.get(app)?.has(device) ?? false);
  for (const [partition, upTo] of stored.upTo) {
    if (copied.has(partition)) continue;
    tallyRawRows(db, partition, { after: 0, upTo }, { bucketDay: day }, context.reading, tally);
  }
  if (readState(db, day) !== stored.state) return { ...audit, conclusive: false };
  const should: Counted = { cells: new DayCells(), crashes: new Map(), sets: new Map() };
  if (counted) addDayCounts(counted.counts, day, context.reading, tally, (app) => should.cells.of(app));
  for (const dayTally of tally.days.values()) {
    const sides = should.cells.of(dayTally.app);
    dayTally.cells.forEach((side, bot) => expandCells(side, context.contextOf, sides[bot]));
    countDay(should, dayTally, context.contextOf);
  }
  for (const { app, device, firstMs, context: words, crashed } of stored.sessions.values()) {
    const side = should.cells.of(app)[stored.bots.get(app)?.has(device) ? 1 : 0];
    const hour = Math.floor((firstMs - day * DAY_MS) / 3_600_000);
    addToEveryDimension(side, context.contextOf(words), Measure.sessions, hour, 1);
    if (crashed) addToEveryDimension(side, context.contextOf(words), Measure.crashedSessions, hour, 1);
  }
  should.cells.sumUp();
  compareSessions(tally, stored, day, audit);
  compare(stored, should, tally, audit);
  judge(tally, stored, context.thresholds, audit);
  return audit;
}

function readState(db: RawConnection, day: number): string {
  const revisions = db.prepare('SELECT day, revision FROM partitions ORDER BY day').all();
  const bots = db.prepare('SELECT app, devices FROM bot_days WHERE day = ? ORDER BY app').all(day) as {
    app: number;
    devices: Buffer;
  }[];
  const running = db.prepare(`SELECT count(*) FROM erasures WHERE state = 'running'`).pluck().get();
  return JSON.stringify([revisions, bots.map(({ app, devices }) => [app, devices.toString('base64')]), running]);
}

function readSnapshot(db: RawConnection, day: number): Snapshot {
  const partitions = partitionsOf(db, day);
  const apps = db.prepare('SELECT app FROM apps').pluck().all() as number[];
  const snapshot: Snapshot = {
    upTo: new Map(
      partitions.map((partition) => [
        partition.day,
        Math.min(partition.rolled_up_to, findLastRowId(db, partition.day)),
      ]),
    ),
    copies: wholeCopies(db, partitions),
    state: readState(db, day),
    cells: readStoredCells(db, day, apps),
    crashes: new Map(),
    sets: new Map(),
    bots: readBots(db, day),
    deviceDays: new Map(),
    sessions: new Map(),
  };
  const each = <Row>(sql: string, read: (row: Row) => void) => {
    for (const row of db.prepare(sql).iterate(day) as Iterable<Row>) read(row);
  };
  const daySets = db.prepare('SELECT * FROM day_devices WHERE app = ? AND dimension = ? AND crashed = ? AND day = ?');
  const crashDays = db.prepare('SELECT * FROM crash_days WHERE app = ? AND day = ?');
  const crashSets = db.prepare('SELECT * FROM crash_devices WHERE app = ? AND day = ?');
  for (const app of apps) {
    for (const dimension of DIMENSIONS) {
      for (const crashed of [0, 1]) {
        for (const row of daySets.iterate(app, dimension, crashed, day) as Iterable<{
          value: number;
          devices: Buffer;
        }>) {
          snapshot.sets.set(`day_devices/${app}/${dimension}/${row.value}/${crashed}`, members(row.devices));
        }
      }
    }
    for (const row of crashDays.iterate(app, day) as Iterable<Record<string, number>>) {
      snapshot.crashes.set(`crash_days/${app}/${row.crash_group}/${row.app_version}/${row.bot}`, row.crashes as number);
    }
    for (const row of crashSets.iterate(app, day) as Iterable<{ crash_group: number; devices: Buffer }>) {
      snapshot.sets.set(`crash_devices/${app}/${row.crash_group}`, members(row.devices));
    }
  }
  each<{ app: number; hour: number; devices: Buffer }>('SELECT * FROM hour_devices WHERE day = ?', (row) =>
    snapshot.sets.set(`hour_devices/${row.app}/${row.hour}`, members(row.devices)),
  );
  each<DeviceDay & { app: number; device: number }>('SELECT * FROM device_days WHERE day = ?', (row) =>
    snapshot.deviceDays.set(`${row.app}/${row.device}`, {
      events: row.events,
      interactions: row.interactions,
      hours: row.hours,
    }),
  );
  readSessions(db, day, partitions, snapshot);
  return snapshot;
}

/** Sessions are numbered as they come, so those that began on a day are among the ones of a few partitions. */
function readSessions(
  db: RawConnection,
  day: number,
  partitions: readonly { day: number }[],
  snapshot: Snapshot,
): void {
  const last = partitions.at(-1);
  if (!last) return;
  const all = listPartitions(db);
  const first = all.find((partition) => partition.day >= day - LATEST_DAYS || partitions.includes(partition));
  const after = all.find((partition) => partition.day > last.day);
  const rows = db
    .prepare(
      `SELECT session, app, device, first_ms AS firstMs, first_context AS context, crashed FROM sessions
       WHERE session >= ? AND session < ? AND first_ms >= ? AND first_ms < ?`,
    )
    .iterate(
      first?.first_session ?? 0,
      after?.first_session ?? Number.MAX_SAFE_INTEGER,
      day * DAY_MS,
      (day + 1) * DAY_MS,
    );
  for (const row of rows as Iterable<{
    session: number;
    app: number;
    device: number;
    firstMs: number;
    context: number;
    crashed: number;
  }>) {
    snapshot.sessions.set(row.session, { ...row, crashed: row.crashed === 1 });
  }
}

function members(blob: Buffer): number[] {
  return using(readBitmap(blob), (bitmap) => bitmap.toArray());
}

function countDay(counted: Counted, day: DayTally, contextOf: (context: number) => ContextWords): void {
  const { app } = day;
  for (const [hour, devices] of day.hourDevices) counted.sets.set(`hour_devices/${app}/${hour}`, devices);
  [day.contextDevices, day.crashedDevices].forEach((sets, crashed) => {
    expandDevices(sets, contextOf).forEach((values, dimension) => {
      for (const [value, devices] of values) {
        counted.sets.set(`day_devices/${app}/${dimension}/${value}/${crashed}`, devices);
      }
    });
  });
  for (const [group, devices] of day.crashDevices) counted.sets.set(`crash_devices/${app}/${group}`, devices);
  day.crashes.forEach((crashes, bot) => {
    for (const [key, n] of crashes) {
      const { left: group, context } = splitContextKey(key);
      const crash = `crash_days/${app}/${group}/${contextOf(context).app_version}/${bot}`;
      counted.crashes.set(crash, (counted.crashes.get(crash) ?? 0) + n);
    }
  });
}

function compare(stored: Snapshot, counted: Counted, tally: RollupTally, audit: DayAudit): void {
  const differences = new Map<number, RollupDifference[]>();
  const note = (app: number, difference: RollupDifference) => {
    const list = differences.get(app);
    if (list) list.push(difference);
    else differences.set(app, [difference]);
  };
  const { compared, differences: counts } = counted.cells.compare(stored.cells);
  audit.cells += compared;
  audit.counts = counts;
  const compareCrashes = (key: string, should: number, is: number) => {
    audit.cells += 1;
    if (should !== is) note(Number(key.split('/')[1]), crashDifference(key, should - is));
  };
  for (const [key, n] of counted.crashes) compareCrashes(key, n, stored.crashes.get(key) ?? 0);
  for (const [key, n] of stored.crashes) if (!counted.crashes.has(key)) compareCrashes(key, 0, n);
  const compareSet = (key: string, should: ReadonlySet<number>, is: readonly number[]) => {
    audit.cells += 1;
    const surplus = is.filter((device) => !should.has(device));
    // As many as there should be, and none that should not: the same ones.
    if (surplus.length === 0 && is.length === should.size) return;
    const known = new Set(is);
    const missing = [...should].filter((device) => !known.has(device));
    note(Number(key.split('/')[1]), setDifference(key, missing, surplus));
  };
  for (const [key, devices] of counted.sets) compareSet(key, devices, stored.sets.get(key) ?? []);
  for (const [key, devices] of stored.sets) if (!counted.sets.has(key)) compareSet(key, new Set(), devices);
  for (const { app, deviceDays } of tally.days.values()) {
    for (const [device, should] of deviceDays) {
      audit.cells += 1;
      const is = stored.deviceDays.get(`${app}/${device}`);
      if (is?.events === should.events && is.interactions === should.interactions && is.hours === should.hours)
        continue;
      note(app, { table: 'device_days', device, ...should });
    }
  }
  for (const [app, list] of differences) audit.apps.push({ app, differences: list });
}

function crashDifference(key: string, n: number): RollupDifference {
  const [, , crashGroup = 0, version = 0, bot = 0] = key.split('/').map(Number);
  return { table: 'crash_days', crashGroup, version, bot, n };
}

function setDifference(key: string, missing: number[], surplus: number[]): RollupDifference {
  const [table, , ...rest] = key.split('/');
  const [a = 0, b = 0, c = 0] = rest.map(Number);
  if (table === 'hour_devices') return { table, hour: a, missing, surplus };
  if (table === 'day_devices') return { table, dimension: a, value: b, crashed: c as 0 | 1, missing, surplus };
  return { table: 'crash_devices', crashGroup: a, missing, surplus };
}

/** A session's stored first event must be its earliest row, as far as this day's rows can tell. */
function compareSessions(tally: RollupTally, stored: Snapshot, day: number, audit: DayAudit): void {
  for (const [session, seen] of tally.sessions) {
    const known = stored.sessions.get(session);
    if (!known) continue;
    const wrong =
      isEarlier(seen.firstMs, seen.firstContext, known.firstMs, known.context) ||
      known.firstMs !== seen.firstMs ||
      known.context !== seen.firstContext ||
      (seen.crashed && !known.crashed);
    if (wrong && audit.sessionProblems.length < 20) {
      audit.sessionProblems.push(`session ${session} on day ${day}: stored first event differs from its rows`);
    }
  }
}

function judge(tally: RollupTally, stored: Snapshot, thresholds: BotThresholds, audit: DayAudit): void {
  for (const { app, deviceDays } of tally.days.values()) {
    for (const [device, deviceDay] of deviceDays) {
      const bot = isBot(deviceDay, thresholds);
      if (bot !== (stored.bots.get(app)?.has(device) ?? false)) audit.verdicts.push({ app, device, bot });
    }
  }
}
