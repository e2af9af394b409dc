import { DAY_MS, HOUR_MS, dayOf, formatDay, hourOf } from '../storage/days.js';
import type { QueryContext } from './snapshot.js';
import { QueryError, type TimeRange } from './types.js';

/** The widest range any answer covers, days. */
export const MAX_RANGE_DAYS = 3_700;
/** The most points of a series by hour: 92 days. */
export const MAX_HOUR_POINTS = 92 * 24;

/** Hours of one day, half-open: `fromHour` counts, `toHour` (1 to 24) does not. */
export interface HourSpan {
  day: number;
  fromHour: number;
  toHour: number;
}

/** A range as it is counted: whole days from the daily roll-ups, and hours of the days at its edges. */
export interface CountedRange {
  fromMs: number;
  toMs: number;
  /** Half-open. */
  wholeDays: { from: number; to: number };
  /** Days that are in the range only in part: none, the first, the last, or both; in order. */
  edges: HourSpan[];
}

/** The first day whose hours are still there. */
export function firstDayOfHours({ nowMs, rawDays }: QueryContext): number {
  return dayOf(nowMs) - rawDays + 1;
}

/**
 * Widens a range outward to whole days.
 *
 * @throws QueryError `empty-range`, `range-too-wide`
 */
export function toWholeDays(range: TimeRange, maxDays = MAX_RANGE_DAYS): CountedRange {
  checkRange(range, maxDays);
  return countedRange(floorTo(range.fromMs, DAY_MS), ceilTo(range.toMs, DAY_MS));
}

/**
 * Widens a range outward to whole hours at each edge whose hours are still there, to whole days at an older one.
 *
 * @throws QueryError `empty-range`, `range-too-wide`
 */
export function toHoursOrDays(range: TimeRange, context: QueryContext): CountedRange {
  checkRange(range, MAX_RANGE_DAYS);
  const stepAt = (timeMs: number) => (dayOf(timeMs) >= firstDayOfHours(context) ? HOUR_MS : DAY_MS);
  return countedRange(floorTo(range.fromMs, stepAt(range.fromMs)), ceilTo(range.toMs, stepAt(range.toMs)));
}

/**
 * Widens a range outward to whole hours, all of which must still be there.
 *
 * @throws QueryError `empty-range`, `range-too-wide`, `not-possible` when hours of it are gone
 */
export function toWholeHours(range: TimeRange, context: QueryContext): CountedRange {
  checkRange(range, MAX_RANGE_DAYS);
  const fromMs = floorTo(range.fromMs, HOUR_MS);
  const toMs = ceilTo(range.toMs, HOUR_MS);
  if ((toMs - fromMs) / HOUR_MS > MAX_HOUR_POINTS) {
    throw new QueryError(
      'range-too-wide',
      `By hour a range has at most ${MAX_HOUR_POINTS} hours: ask for less, or by day.`,
    );
  }
  const first = firstDayOfHours(context);
  if (dayOf(fromMs) < first) {
    throw new QueryError(
      'not-possible',
      `Hours last ${context.rawDays} days: by hour a range starts on ${formatDay(first)} or later. Days, weeks and months last for ever.`,
    );
  }
  return countedRange(fromMs, toMs);
}

/** `from` and `to` of an answer. */
export function formatRange(range: TimeRange): { from: string; to: string } {
  return { from: formatTime(range.fromMs), to: formatTime(range.toMs) };
}

/** A moment as RFC 3339 in UTC. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function countedRange(fromMs: number, toMs: number): CountedRange {
  const firstDay = dayOf(fromMs);
  const lastDay = dayOf(toMs - 1);
  const fromHour = hourOf(fromMs);
  const toHour = hourOf(toMs - 1) + 1;
  const edges: HourSpan[] = [];
  if (firstDay === lastDay) {
    if (fromHour > 0 || toHour < 24) edges.push({ day: firstDay, fromHour, toHour });
  } else {
    if (fromHour > 0) edges.push({ day: firstDay, fromHour, toHour: 24 });
    if (toHour < 24) edges.push({ day: lastDay, fromHour: 0, toHour });
  }
  const from = ceilTo(fromMs, DAY_MS) / DAY_MS;
  // Inside one day both edges are the same one: its whole days are none, not less than none.
  const to = Math.max(from, floorTo(toMs, DAY_MS) / DAY_MS);
  return { fromMs, toMs, wholeDays: { from, to }, edges };
}

function checkRange({ fromMs, toMs }: TimeRange, maxDays: number): void {
  if (!(fromMs < toMs)) throw new QueryError('empty-range', 'A range ends after it starts: from is before to.');
  if (toMs - fromMs > maxDays * DAY_MS) {
    throw new QueryError('range-too-wide', `A range has at most ${maxDays} days.`);
  }
}

function floorTo(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}

function ceilTo(timeMs: number, stepMs: number): number {
  return Math.ceil(timeMs / stepMs) * stepMs;
}
