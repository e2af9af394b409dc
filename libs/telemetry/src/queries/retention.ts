import type { RawConnection } from '@mosis/sqlite/connection';
import { RoaringBitmap32 } from '../bitmaps.js';
import { DimensionCode } from '../rollup/event-kinds.js';
import { DAY_MS, dayOf, formatDay } from '../storage/days.js';
import { nextInterval, startOfInterval } from './buckets.js';
import { formatRange, toWholeDays } from './counted-range.js';
import { eachValueSet } from './device-sets.js';
import { findApp } from './dictionary.js';
import { inSnapshot, rowsOf, type QueryContext } from './snapshot.js';
import { QueryError, type RetentionAnswer, type RetentionQuery } from './types.js';

/** The most intervals one answer covers. */
const MAX_INTERVALS = { day: 366, week: 53 };

/**
 * Who came back: devices by the interval in which they were first seen over all days there ever were, and how many of
 * them were there in each interval after, up to the end of the range. A device counts from the first day it was a person.
 *
 * @throws QueryError `not-possible`, or when the range is empty or too wide
 */
export function retention(db: RawConnection, query: RetentionQuery, _context: QueryContext): RetentionAnswer {
  const { interval, includeBots } = query;
  const starts = startsOf(query);
  const [firstDay = 0] = starts;
  const endDay = nextInterval(starts[starts.length - 1] ?? 0, interval);
  const indexOf = (day: number) => Math.floor((day - firstDay) / (interval === 'week' ? 7 : 1));
  const retained = starts.map((_start, index) => new Array<number>(starts.length - index).fill(0));

  inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    if (app === undefined) return;
    const seen = new RoaringBitmap32();
    const active = new RoaringBitmap32();
    const cohorts: { index: number; devices: RoaringBitmap32 }[] = [];
    let current = 0;
    const finish = () => {
      const fresh = RoaringBitmap32.andNot(active, seen);
      if (fresh.isEmpty) fresh.dispose();
      else cohorts.push({ index: current, devices: fresh });
      for (const { index, devices } of cohorts) {
        (retained[index] ?? [])[current - index] = devices.andCardinality(active);
      }
      seen.orInPlace(active);
      active.clear();
    };
    for (const day of activeDays(db, app, endDay)) {
      eachValueSet(db, { app, includeBots }, undefined, day, (_value, devices) => {
        if (day < firstDay) {
          seen.orInPlace(devices);
          return;
        }
        if (indexOf(day) !== current) finish();
        current = indexOf(day);
        active.orInPlace(devices);
      });
    }
    finish();
  });

  return {
    interval,
    ...formatRange({ fromMs: firstDay * DAY_MS, toMs: endDay * DAY_MS }),
    cohorts: starts.map((start, index) => ({
      cohort: formatDay(start),
      size: retained[index]?.[0] ?? 0,
      retained: retained[index] ?? [],
    })),
  };
}

/** The first days of the intervals that a range touches. */
function startsOf({ interval, range }: RetentionQuery): number[] {
  if (!Object.hasOwn(MAX_INTERVALS, interval)) throw new QueryError('not-possible', 'Retention is by day or by week.');
  const { fromMs, toMs } = toWholeDays(range);
  const endDay = dayOf(toMs);
  const starts: number[] = [];
  for (let day = startOfInterval(dayOf(fromMs), interval); day < endDay; day = nextInterval(day, interval)) {
    starts.push(day);
  }
  if (starts.length > MAX_INTERVALS[interval]) {
    const most = `${MAX_INTERVALS[interval]} ${interval}s`;
    throw new QueryError('range-too-wide', `Retention by ${interval} covers at most ${most}.`);
  }
  return starts;
}

/** The days before `endDay` on which the app had a device, in order: a device is new only against all of them. */
function activeDays(db: RawConnection, app: number, endDay: number): number[] {
  const sql = `SELECT day FROM day_devices WHERE app = ? AND dimension = ${DimensionCode.none} AND crashed = 0 AND day < ? ORDER BY day`;
  return rowsOf<{ day: number }>(db, sql, app, endDay).map(({ day }) => day);
}
