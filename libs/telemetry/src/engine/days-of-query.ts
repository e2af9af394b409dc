import type { TelemetryQueries, TimeRange } from '../queries/types.js';
import { dayOf, HOUR_MS } from '../storage/days.js';
import type { DayRange } from './answer-cache.js';

/** The bucket days an answer depends on: a change of any of them makes it stale. */
export function daysOfQuery<Name extends keyof TelemetryQueries>(
  name: Name,
  query: TelemetryQueries[Name]['query'],
  nowMs: number,
): DayRange {
  if (!('range' in query)) return { first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY };
  const { fromMs, toMs } = query.range;
  // Whole weeks and months are read at the edges of some answers.
  const last = Math.max(dayOf(toMs), dayOf(nowMs)) + 31;
  if (name === 'retention') return { first: Number.NEGATIVE_INFINITY, last };
  const firstMs = name === 'overview' ? fromMs - (toMs - fromMs) : fromMs;
  return { first: dayOf(firstMs) - 31, last: dayOf(toMs) + 31 };
}

/** Roll-ups know whole hours, and "until now" is asked at another moment each time. */
export function widenToHours<Query extends object>(query: Query): Query {
  if (!('range' in query)) return query;
  const { fromMs, toMs } = query.range as TimeRange;
  if (!(fromMs < toMs)) return query;
  const range = { fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs: Math.ceil(toMs / HOUR_MS) * HOUR_MS };
  return { ...query, range };
}
