import type { RawConnection } from '@mosis/sqlite/connection';
import { DimensionCode, Measure } from '../rollup/event-kinds.js';
import type { CountedRange, HourSpan } from './counted-range.js';
import { findTypeWord } from './dictionary.js';
import { rowsOf } from './snapshot.js';
import type { Dimension, Metric } from './types.js';

/** Metrics that are sums of counts; devices are sets. */
export type CountMetric = Exclude<Metric, 'devices'>;

/** Which measures of the roll-ups count, both ends included: event types are 1 and up. */
export interface Measures {
  low: number;
  high: number;
}

/** What is counted: an app's rows under one dimension. */
export interface Counted {
  app: number;
  dimension: Dimension | undefined;
  measures: Measures;
  includeBots: boolean;
}

/** All event types. */
export const ALL_TYPES: Measures = { low: 1, high: Number.MAX_SAFE_INTEGER };
const NOTHING: Measures = { low: 1, high: 0 };

/** Days one statement reads, so that none of them is long. */
const DAYS_AT_ONCE = 100;

/** The measures of a metric, of one event type only when one is named. */
export function measuresOf(db: RawConnection, app: number, metric: CountMetric, type?: string): Measures {
  if (metric === 'sessions') return only(Measure.sessions);
  const own = metric === 'events' ? undefined : { crashes: 'app_crash', errors: 'lua_error' }[metric];
  // Crashes of another type than a crash's there are none.
  if (own !== undefined && type !== undefined && type !== own) return NOTHING;
  const counted = own ?? type;
  if (counted === undefined) return ALL_TYPES;
  const word = findTypeWord(db, app, counted);
  return word === undefined ? NOTHING : only(word);
}

/** One measure alone. */
export function only(measure: number): Measures {
  return { low: measure, high: measure };
}

/** Visits the counts of a range by day and value of the dimension; a day may be visited more than once. */
export function eachDayCount(
  db: RawConnection,
  counted: Counted,
  range: CountedRange,
  visit: (day: number, value: number, n: number) => void,
): void {
  for (const edge of range.edges) {
    for (const { value, n } of hourRows(db, counted, edge)) visit(edge.day, value, n);
  }
  const { app, dimension, measures, includeBots } = counted;
  for (let day = range.wholeDays.from; day < range.wholeDays.to; day += DAYS_AT_ONCE) {
    const rows = rowsOf<{ day: number; value: number; n: number }>(
      db,
      `SELECT day, value, SUM(n) AS n FROM day_counts
       WHERE app = ? AND dimension = ? AND day >= ? AND day < ? AND measure BETWEEN ? AND ? AND bot <= ?
       GROUP BY day, value`,
      app,
      codeOf(dimension),
      day,
      Math.min(day + DAYS_AT_ONCE, range.wholeDays.to),
      measures.low,
      measures.high,
      Number(includeBots),
    );
    for (const row of rows) visit(row.day, row.value, row.n);
  }
}

/** Visits the counts of hours by hour and value of the dimension. */
export function eachHourCount(
  db: RawConnection,
  counted: Counted,
  hours: HourSpan,
  visit: (hour: number, value: number, n: number) => void,
): void {
  for (const { hour, value, n } of hourRows(db, counted, hours)) visit(hour, value, n);
}

/** The counts of a range by measure: event types by their words, sessions below zero. */
export function countByMeasure(
  db: RawConnection,
  counted: Omit<Counted, 'dimension'>,
  range: CountedRange,
): Map<number, number> {
  const { app, measures, includeBots } = counted;
  const totals = new Map<number, number>();
  const add = (rows: { measure: number; n: number }[]) => {
    for (const { measure, n } of rows) totals.set(measure, (totals.get(measure) ?? 0) + n);
  };
  const which = [measures.low, measures.high, Number(includeBots)];
  for (const { day, fromHour, toHour } of range.edges) {
    add(
      rowsOf(
        db,
        `SELECT measure, SUM(n) AS n FROM hour_counts
         WHERE day = ? AND app = ? AND dimension = ${DimensionCode.none} AND hour >= ? AND hour < ?
           AND measure BETWEEN ? AND ? AND bot <= ?
         GROUP BY measure`,
        ...[day, app, fromHour, toHour],
        ...which,
      ),
    );
  }
  for (let day = range.wholeDays.from; day < range.wholeDays.to; day += DAYS_AT_ONCE) {
    add(
      rowsOf(
        db,
        `SELECT measure, SUM(n) AS n FROM day_counts
         WHERE app = ? AND dimension = ${DimensionCode.none} AND day >= ? AND day < ?
           AND measure BETWEEN ? AND ? AND bot <= ?
         GROUP BY measure`,
        ...[app, day, Math.min(day + DAYS_AT_ONCE, range.wholeDays.to)],
        ...which,
      ),
    );
  }
  return totals;
}

/** How a dimension is stored. */
export function codeOf(dimension: Dimension | undefined): number {
  return dimension === undefined ? DimensionCode.none : DimensionCode[dimension];
}

function hourRows(
  db: RawConnection,
  { app, dimension, measures, includeBots }: Counted,
  { day, fromHour, toHour }: HourSpan,
): { hour: number; value: number; n: number }[] {
  return rowsOf(
    db,
    `SELECT hour, value, SUM(n) AS n FROM hour_counts
     WHERE day = ? AND app = ? AND dimension = ? AND hour >= ? AND hour < ? AND measure BETWEEN ? AND ? AND bot <= ?
     GROUP BY hour, value`,
    ...[day, app, codeOf(dimension), fromHour, toHour, measures.low, measures.high, Number(includeBots)],
  );
}
