import type { RawConnection } from '@mosis/sqlite/connection';
import { RoaringBitmap32, readBitmap, unionOf, using } from '../bitmaps.js';
import { codeOf } from './counts.js';
import type { CountedRange, HourSpan } from './counted-range.js';
import { OrdinalSet } from './ordinal-set.js';
import { rowOf, rowsOf } from './snapshot.js';
import type { Dimension } from './types.js';

/** Which devices: an app's, active or with a crash, with or without the bots of each day. */
export interface DeviceSets {
  app: number;
  includeBots: boolean;
  /** Only those that had a crash on the day. */
  crashed?: boolean;
}

/**
 * Visits the devices of a day by value of a dimension (value 0 alone without one). The set is the visitor's only during
 * the visit.
 */
export function eachValueSet(
  db: RawConnection,
  { app, includeBots, crashed }: DeviceSets,
  dimension: Dimension | undefined,
  day: number,
  visit: (value: number, devices: RoaringBitmap32) => void,
): void {
  const rows = rowsOf<{ value: number; devices: Buffer }>(
    db,
    'SELECT value, devices FROM day_devices WHERE app = ? AND dimension = ? AND crashed = ? AND day = ?',
    ...[app, codeOf(dimension), Number(crashed ?? false), day],
  );
  visitWithoutBots(db, app, day, includeBots, rows, ({ value }, devices) => visit(value, devices));
}

/** Visits the devices of hours, of the app as a whole. The set is the visitor's only during the visit. */
export function eachHourSet(
  db: RawConnection,
  { app, includeBots }: DeviceSets,
  { day, fromHour, toHour }: HourSpan,
  visit: (hour: number, devices: RoaringBitmap32) => void,
): void {
  const rows = hourRows(db, app, { day, fromHour, toHour });
  visitWithoutBots(db, app, day, includeBots, rows, ({ hour }, devices) => visit(hour, devices));
}

/** Days whose sets are in memory at once. */
const DAYS_PER_READ = 64;

/**
 * Visits the devices of the app as a whole, day after day of a range, edge days by their hours: a bitmap as it is stored, and
 * those of the bots in it that do not count.
 */
export function eachDaySet(
  db: RawConnection,
  sets: DeviceSets,
  range: CountedRange,
  visit: (day: number, devices: Buffer, bots: Buffer | undefined) => void,
): void {
  const { app, includeBots } = sets;
  const { from, to } = range.wholeDays;
  const visitHours = ({ day, fromHour, toHour }: HourSpan): void => {
    const bots = includeBots ? undefined : botsByDay(db, app, day, day + 1).get(day);
    for (const { devices } of hourRows(db, app, { day, fromHour, toHour })) visit(day, devices, bots);
  };
  for (const hours of range.edges) if (hours.day < from) visitHours(hours);
  for (let first = from; first < to; first += DAYS_PER_READ) {
    const end = Math.min(first + DAYS_PER_READ, to);
    const bots = includeBots ? undefined : botsByDay(db, app, first, end);
    const rows = rowsOf<{ day: number; devices: Buffer }>(
      db,
      `SELECT day, devices FROM day_devices WHERE app = ? AND dimension = ? AND crashed = ? AND day >= ? AND day < ?
       ORDER BY day`,
      ...[app, codeOf(undefined), Number(sets.crashed ?? false), first, end],
    );
    for (const { day, devices } of rows) visit(day, devices, bots?.get(day));
  }
  for (const hours of range.edges) if (hours.day >= to) visitHours(hours);
}

/** How many devices of the app a range has, each counted once. */
export function countDevices(db: RawConnection, sets: DeviceSets, range: CountedRange): number {
  const union = new OrdinalSet();
  eachDaySet(db, sets, range, (_day, devices, bots) => union.add(devices, bots));
  return union.size;
}

function hourRows(
  db: RawConnection,
  app: number,
  { day, fromHour, toHour }: HourSpan,
): { hour: number; devices: Buffer }[] {
  return rowsOf(
    db,
    'SELECT hour, devices FROM hour_devices WHERE day = ? AND app = ? AND hour >= ? AND hour < ?',
    ...[day, app, fromHour, toHour],
  );
}

function botsByDay(db: RawConnection, app: number, from: number, to: number): Map<number, Buffer> {
  const sql = 'SELECT day, devices FROM bot_days WHERE app = ? AND day >= ? AND day < ?';
  const rows = rowsOf<{ day: number; devices: Buffer }>(db, sql, app, from, to);
  return new Map(rows.map(({ day, devices }) => [day, devices]));
}

/** Visits sets that were stored with bots: each without those of its day, unless they count. */
export function visitWithoutBots<Row extends { devices: Buffer }>(
  db: RawConnection,
  app: number,
  day: number,
  includeBots: boolean,
  rows: readonly Row[],
  visit: (row: Row, devices: RoaringBitmap32) => void,
): void {
  if (rows.length === 0) return;
  const taken = includeBots ? undefined : findBots(db, app, day);
  using(taken ?? new RoaringBitmap32(), (bots) => {
    for (const row of rows) {
      using(readBitmap(row.devices), (devices) => {
        devices.andNotInPlace(bots);
        if (!devices.isEmpty) visit(row, devices);
      });
    }
  });
}

function findBots(db: RawConnection, app: number, day: number): RoaringBitmap32 | undefined {
  const row = rowOf<{ devices: Buffer }>(db, 'SELECT devices FROM bot_days WHERE app = ? AND day = ?', app, day);
  return row && readBitmap(row.devices);
}

/** Sets by key that grow; each key's is made when it is first named. */
export class UnionByKey {
  readonly #unions = new Map<string, RoaringBitmap32>();

  add(key: string, devices: RoaringBitmap32): void {
    const union = this.#unions.get(key);
    if (union) union.orInPlace(devices);
    else this.#unions.set(key, devices.clone());
  }

  /** How many each key has. */
  sizes(): Map<string, number> {
    return new Map([...this.#unions].map(([key, union]) => [key, union.size]));
  }

  /** How many any of `keys` has. */
  sizeOf(keys: Iterable<string>): number {
    const wanted = [...keys].flatMap((key) => this.#unions.get(key) ?? []);
    return using(unionOf(wanted), (union) => union.size);
  }

  /** Forgets all of them and frees their memory. */
  clear(): void {
    for (const union of this.#unions.values()) union.dispose();
    this.#unions.clear();
  }
}
