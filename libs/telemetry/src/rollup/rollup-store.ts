import type { RawConnection } from '@mosis/sqlite/connection';
import type { BotThresholds } from '../engine/types.js';
import { dayOf, hourOf } from '../storage/days.js';
import { isBot, type DeviceDay } from './bot-rule.js';
import { findFirstCoveredDay } from '../storage/partitions.js';
import type { BotVerdicts } from './bot-verdicts.js';
import { CountCells } from './count-cells.js';
import { DeviceSets } from './device-sets.js';
import { Measure } from './event-kinds.js';
import {
  addToEveryDimension,
  DIMENSIONS,
  expandCells,
  expandDevices,
  noCells,
  type ContextWords,
  type DimensionCells,
} from './expand.js';
import { isEarlier, type DayTally, type PartitionTally, type SessionTally } from './tally.js';

/** A tally's data, as it also comes from another thread. */
export interface TallyData {
  days: ReadonlyMap<number, DayTally>;
  sessions: ReadonlyMap<number, SessionTally>;
  partitions: ReadonlyMap<number, PartitionTally>;
}

/** One app's device on one bucket day. */
export interface DeviceDayKey {
  app: number;
  day: number;
  device: number;
}

/** What adding a tally changed. */
export interface RollupChange {
  /** Bucket days that changed, by app. */
  touched: { app: number; day: number }[];
  /** Device days that now look like a bot's and are not counted as one yet. */
  suspects: DeviceDayKey[];
}

/** When nothing was waiting to be added. */
export const NO_CHANGE: RollupChange = { touched: [], suspects: [] };

interface SessionRow {
  app: number;
  device: number;
  first_ms: number | null;
  first_context: number | null;
  crashed: number;
}

/** Writes counts into the roll-ups. Every method runs inside the caller's transaction, on the writer's connection. */
export class RollupStore {
  readonly cells: CountCells;
  readonly sets: DeviceSets;

  constructor(
    private readonly db: RawConnection,
    private readonly contextOf: (context: number) => ContextWords,
    private readonly verdicts: BotVerdicts,
    private readonly thresholds: BotThresholds,
  ) {
    this.cells = new CountCells(db);
    this.sets = new DeviceSets(db);
  }

  /** Adds a tally and moves the watermarks of its partitions, so that no row is counted twice. */
  add(tally: TallyData, nowMs: number): RollupChange {
    const touched = new Map<string, { app: number; day: number }>();
    const suspects: DeviceDayKey[] = [];
    for (const day of tally.days.values()) {
      touched.set(`${day.app}/${day.day}`, { app: day.app, day: day.day });
      this.#addDay(day, suspects);
    }
    this.#addSessions(tally.sessions, touched);
    for (const [partition, rows] of tally.partitions) this.#moveWatermark(partition, rows);
    for (const day of new Set([...touched.values()].map((entry) => entry.day))) this.touchDay(day, nowMs);
    return { touched: [...touched.values()], suspects };
  }

  /**
   * Moves what a device did on a bucket day to the bots' side, or back: counts, crashes, sessions and the verdict. The
   * tallies together hold each of its rows once.
   */
  moveDeviceDay(key: DeviceDayKey, tallies: readonly TallyData[], toBot: boolean, nowMs: number): void {
    const [from, to] = toBot ? [0, 1] : [1, 0];
    for (const day of tallies.flatMap((tally) => [...tally.days.values()])) {
      if (day.app !== key.app || day.day !== key.day) continue;
      // Whoever collected the rows did not know the verdict, so both sides of the tally are this device's.
      for (const side of day.cells) {
        const cells = expandCells(side, this.contextOf);
        this.cells.add(key.app, key.day, from, cells, -1);
        this.cells.add(key.app, key.day, to, cells, 1);
      }
      for (const side of day.crashes) {
        this.cells.addCrashes(key.app, key.day, from, side, -1, this.contextOf);
        this.cells.addCrashes(key.app, key.day, to, side, 1, this.contextOf);
      }
    }
    const sessions = this.sessionCellsOf(key);
    this.cells.add(key.app, key.day, from, sessions, -1);
    this.cells.add(key.app, key.day, to, sessions, 1);
    this.verdicts.set(key.app, key.day, key.device, toBot);
    this.touchDay(key.day, nowMs);
  }

  /** Takes the counts of a device's raw rows out again, on the side each day counts them. */
  subtract(app: number, device: number, tally: TallyData, firstCoveredDay: number, nowMs: number): number[] {
    const days: number[] = [];
    for (const day of tally.days.values()) {
      if (day.app !== app || day.day < firstCoveredDay) continue;
      const bot = this.verdicts.isBot(app, day.day, device) ? 1 : 0;
      for (const side of day.cells) this.cells.add(app, day.day, bot, expandCells(side, this.contextOf), -1);
      for (const side of day.crashes) this.cells.addCrashes(app, day.day, bot, side, -1, this.contextOf);
      this.touchDay(day.day, nowMs);
      days.push(day.day);
    }
    return days;
  }

  /** The session counts a device has on a bucket day. */
  sessionCellsOf(key: DeviceDayKey): DimensionCells[] {
    const cells = noCells();
    const rows = this.db
      .prepare(
        'SELECT first_ms, first_context, crashed FROM sessions WHERE app = ? AND device = ? AND first_ms BETWEEN ? AND ?',
      )
      .all(key.app, key.device, key.day * 86_400_000, (key.day + 1) * 86_400_000 - 1) as {
      first_ms: number;
      first_context: number;
      crashed: number;
    }[];
    for (const row of rows) {
      this.#addSessionCells(cells, row.first_ms, row.first_context, row.crashed === 1, 1);
    }
    return cells;
  }

  /** Marks a bucket day as changed, for exports and caches. */
  touchDay(day: number, nowMs: number): void {
    this.db
      .prepare(
        `INSERT INTO bucket_days (day, version, changed_ms) VALUES (?, 1, ?)
         ON CONFLICT (day) DO UPDATE SET version = version + 1, changed_ms = excluded.changed_ms`,
      )
      .run(day, nowMs);
  }

  #addDay(day: DayTally, suspects: DeviceDayKey[]): void {
    day.cells.forEach((side, bot) => {
      if (side.size > 0) this.cells.add(day.app, day.day, bot, expandCells(side, this.contextOf), 1);
    });
    day.crashes.forEach((side, bot) => this.cells.addCrashes(day.app, day.day, bot, side, 1, this.contextOf));
    for (const [hour, devices] of day.hourDevices) this.sets.addToHour(day.app, day.day, hour, devices);
    const active = expandDevices(day.contextDevices, this.contextOf);
    const crashed = expandDevices(day.crashedDevices, this.contextOf);
    for (const dimension of DIMENSIONS) {
      for (const [value, devices] of active[dimension] ?? []) {
        this.sets.addToDay(day.app, day.day, dimension, value, 0, devices);
      }
      for (const [value, devices] of crashed[dimension] ?? []) {
        this.sets.addToDay(day.app, day.day, dimension, value, 1, devices);
      }
    }
    for (const [group, devices] of day.crashDevices) this.sets.addToCrash(day.app, day.day, group, devices);
    for (const [device, counts] of day.deviceDays) this.#addDeviceDay(day, device, counts, suspects);
  }

  #addDeviceDay(day: DayTally, device: number, counts: DeviceDay, suspects: DeviceDayKey[]): void {
    const total = this.cells.addDeviceDay(day.app, day.day, device, counts);
    if (isBot(total, this.thresholds) && !this.verdicts.isBot(day.app, day.day, device)) {
      suspects.push({ app: day.app, day: day.day, device });
    }
  }

  #addSessions(sessions: ReadonlyMap<number, SessionTally>, touched: Map<string, { app: number; day: number }>): void {
    const find = this.db.prepare(
      'SELECT app, device, first_ms, first_context, crashed FROM sessions WHERE session = ?',
    );
    const update = this.db.prepare(
      'UPDATE sessions SET first_ms = ?, first_context = ?, crashed = ? WHERE session = ?',
    );
    const coveredFrom = findFirstCoveredDay(this.db);
    const changes = new Map<string, { app: number; day: number; bot: number; cells: DimensionCells[] }>();
    const note = (row: SessionRow, firstMs: number, context: number, crashed: boolean, n: number) => {
      const day = dayOf(firstMs);
      const bot = this.verdicts.isBot(row.app, day, row.device) ? 1 : 0;
      const key = `${row.app}/${day}/${bot}`;
      let change = changes.get(key);
      if (!change) changes.set(key, (change = { app: row.app, day, bot, cells: noCells() }));
      this.#addSessionCells(change.cells, firstMs, context, crashed, n);
      touched.set(`${row.app}/${day}`, { app: row.app, day });
    };
    for (const [session, seen] of sessions) {
      const row = find.get(session) as SessionRow | undefined;
      // Forgotten while its rows were on their way: nothing of it is counted any more.
      if (!row) continue;
      const known = row.first_ms !== null && row.first_context !== null;
      // Hours of days that cannot be counted again may be gone: what is counted there stays there.
      const moves =
        !known ||
        (dayOf(row.first_ms as number) >= coveredFrom &&
          isEarlier(seen.firstMs, seen.firstContext, row.first_ms as number, row.first_context as number));
      const crashed = row.crashed === 1 || seen.crashed;
      if (!moves && crashed === (row.crashed === 1)) continue;
      const firstMs = moves ? seen.firstMs : (row.first_ms as number);
      const context = moves ? seen.firstContext : (row.first_context as number);
      if (known) note(row, row.first_ms as number, row.first_context as number, row.crashed === 1, -1);
      note(row, firstMs, context, crashed, 1);
      update.run(firstMs, context, crashed ? 1 : 0, session);
    }
    for (const { app, day, bot, cells } of changes.values()) this.cells.add(app, day, bot, cells, 1);
  }

  #addSessionCells(cells: DimensionCells[], firstMs: number, context: number, crashed: boolean, n: number): void {
    const words = this.contextOf(context);
    const hour = hourOf(firstMs);
    addToEveryDimension(cells, words, Measure.sessions, hour, n);
    if (crashed) addToEveryDimension(cells, words, Measure.crashedSessions, hour, n);
  }

  #moveWatermark(partition: number, rows: PartitionTally): void {
    this.db
      .prepare(
        `UPDATE partitions SET rolled_up_to = max(rolled_up_to, ?), row_count = row_count + ?,
           first_bucket = min(coalesce(first_bucket, ?), ?), last_bucket = max(coalesce(last_bucket, ?), ?)
         WHERE day = ?`,
      )
      .run(rows.upTo, rows.rows, rows.firstBucket, rows.firstBucket, rows.lastBucket, rows.lastBucket, partition);
  }
}
