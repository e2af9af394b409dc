import type { RawConnection } from '@mosis/sqlite/connection';
import { RoaringBitmap32 } from '../bitmaps.js';
import { formatDay } from '../storage/days.js';
import type { CountedRange } from './counted-range.js';
import { visitWithoutBots } from './device-sets.js';
import type { Words } from './dictionary.js';
import { addTo, rankKeys } from './keys.js';
import { rowsOf } from './snapshot.js';
import type { CrashGroup } from './types.js';

/** A crash group as it is stored. */
export interface CrashGroupRow {
  crash_group: number;
  fingerprint: Buffer;
  kind: CrashGroup['kind'];
  crash_type: string;
  message: string;
  frames: string;
}

/** What a group did within a range. */
export interface CrashTally {
  crashes: number;
  byVersion: Map<string, number>;
  byDay: Map<number, number>;
}

/** Days one statement reads, so that none of them is long. */
const DAYS_AT_ONCE = 100;

/** Adds up the crashes of an app's groups within a range; groups without any are not there. */
export function tallyCrashes(
  db: RawConnection,
  words: Words,
  app: number,
  includeBots: boolean,
  { wholeDays }: CountedRange,
  counts: (crashGroup: number) => boolean,
): Map<number, CrashTally> {
  const tallies = new Map<number, CrashTally>();
  for (let day = wholeDays.from; day < wholeDays.to; day += DAYS_AT_ONCE) {
    const rows = rowsOf<{ day: number; crash_group: number; app_version: number; crashes: number }>(
      db,
      `SELECT day, crash_group, app_version, crashes FROM crash_days
       WHERE app = ? AND day >= ? AND day < ? AND bot <= ? AND crashes > 0`,
      ...[app, day, Math.min(day + DAYS_AT_ONCE, wholeDays.to), Number(includeBots)],
    );
    for (const row of rows) {
      if (!counts(row.crash_group)) continue;
      let tally = tallies.get(row.crash_group);
      if (!tally) tallies.set(row.crash_group, (tally = { crashes: 0, byVersion: new Map(), byDay: new Map() }));
      tally.crashes += row.crashes;
      addTo(tally.byVersion, words.keyOf(row.app_version), row.crashes);
      addTo(tally.byDay, row.day, row.crashes);
    }
  }
  return tallies;
}

/** How many devices had each of some groups within a range. */
export function countCrashDevices(
  db: RawConnection,
  app: number,
  includeBots: boolean,
  { wholeDays }: CountedRange,
  crashGroups: number[],
): Map<number, number> {
  const unions = new Map(crashGroups.map((crashGroup) => [crashGroup, new RoaringBitmap32()]));
  const wanted = JSON.stringify(crashGroups);
  for (let day = wholeDays.from; day < wholeDays.to; day += 1) {
    const rows = rowsOf<{ crash_group: number; devices: Buffer }>(
      db,
      `SELECT crash_group, devices FROM crash_devices
       WHERE app = ? AND day = ? AND crash_group IN (SELECT value FROM json_each(?))`,
      ...[app, day, wanted],
    );
    visitWithoutBots(db, app, day, includeBots, rows, (row, devices) => {
      unions.get(row.crash_group)?.orInPlace(devices);
    });
  }
  return new Map([...unions].map(([crashGroup, union]) => [crashGroup, union.size]));
}

/** A group as it is answered. */
export function presentGroup(row: CrashGroupRow, tally: CrashTally | undefined, devices: number): CrashGroup {
  const days = [...(tally?.byDay.keys() ?? [])].sort((a, b) => a - b);
  const format = (day: number | undefined) => (day === undefined ? null : formatDay(day));
  return {
    fingerprint: row.fingerprint.toString('hex'),
    kind: row.kind,
    crash_type: row.crash_type,
    message: row.message,
    frames: JSON.parse(row.frames) as string[],
    crashes: tally?.crashes ?? 0,
    devices,
    app_versions: rankKeys(tally?.byVersion ?? new Map<string, number>()),
    first_day: format(days[0]),
    last_day: format(days[days.length - 1]),
  };
}
