import { DAY_MS, HOUR_MS, dayOf } from '../storage/days.js';
import type { CountedRange } from './counted-range.js';
import type { Interval } from './types.js';

/** The intervals of a range, in order. */
export interface Buckets {
  /** When each starts; the first may start before the range. */
  startsMs: number[];
  /** Which of them a moment of the range belongs to. */
  indexAt(timeMs: number): number;
  /** Which of them a day of the range belongs to; not for hours. */
  indexOfDay(day: number): number;
}

/** The first day of the interval a day belongs to. 1970-01-01 was a Thursday, so weeks start on day 4 modulo 7. */
export function startOfInterval(day: number, interval: Exclude<Interval, 'hour'>): number {
  if (interval === 'day') return day;
  if (interval === 'week') return day - ((((day + 3) % 7) + 7) % 7);
  return day - (new Date(day * DAY_MS).getUTCDate() - 1);
}

/** The first day after the interval that starts on `startDay`. */
export function nextInterval(startDay: number, interval: Exclude<Interval, 'hour'>): number {
  if (interval === 'day') return startDay + 1;
  if (interval === 'week') return startDay + 7;
  const start = new Date(startDay * DAY_MS);
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1) / DAY_MS;
}

/** Splits a range into hours, days, weeks from Monday, or months. */
export function bucketsOf(range: CountedRange, interval: Interval): Buckets {
  if (interval === 'hour') return hoursOf(range);
  const startsMs: number[] = [];
  const byDay: number[] = [];
  const firstDay = dayOf(range.fromMs);
  const endDay = dayOf(range.toMs - 1) + 1;
  for (let start = startOfInterval(firstDay, interval); start < endDay;) {
    const next = nextInterval(start, interval);
    for (let day = Math.max(start, firstDay); day < Math.min(next, endDay); day += 1) byDay.push(startsMs.length);
    startsMs.push(start * DAY_MS);
    start = next;
  }
  const indexOfDay = (day: number) => {
    const index = byDay[day - firstDay];
    if (index === undefined) throw new RangeError(`Day ${day} is not in the range.`);
    return index;
  };
  return { startsMs, indexOfDay, indexAt: (timeMs) => indexOfDay(dayOf(timeMs)) };
}

function hoursOf(range: CountedRange): Buckets {
  const startsMs: number[] = [];
  for (let hourMs = range.fromMs; hourMs < range.toMs; hourMs += HOUR_MS) startsMs.push(hourMs);
  return {
    startsMs,
    indexAt: (timeMs) => Math.floor((timeMs - range.fromMs) / HOUR_MS),
    indexOfDay: () => {
      throw new RangeError('A day has more than one hour.');
    },
  };
}
