import type { RawConnection } from '@mosis/sqlite/connection';
import { RoaringBitmap32, readBitmap, unionOf, using } from '../bitmaps.js';
import { codeOf } from './counts.js';
import { spansOf, type CountedRange, type HourSpan } from './counted-range.js';
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
  const rows = rowsOf<{ hour: number; devices: Buffer }>(
    db,
    'SELECT hour, devices FROM hour_devices WHERE day = ? AND app = ? AND hour >= ? AND hour < ?',
    ...[day, app, fromHour, toHour],
  );
  visitWithoutBots(db, app, day, includeBots, rows, ({ hour }, devices) => visit(hour, devices));
}

/** Visits the devices of the app as a whole, day after day of a range, edge days by their hours. */
export function eachDaySet(
  db: RawConnection,
  sets: DeviceSets,
  range: CountedRange,
  visit: (day: number, devices: RoaringBitmap32) => void,
): void {
  for (const { day, hours } of spansOf(range)) {
    if (hours) eachHourSet(db, sets, hours, (_hour, devices) => visit(day, devices));
    else eachValueSet(db, sets, undefined, day, (_value, devices) => visit(day, devices));
  }
}

/** How many devices of the app a range has, each counted once. */
export function countDevices(db: RawConnection, sets: DeviceSets, range: CountedRange): number {
  return using(new RoaringBitmap32(), (union) => {
    eachDaySet(db, sets, range, (_day, devices) => union.orInPlace(devices));
    return union.size;
  });
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
