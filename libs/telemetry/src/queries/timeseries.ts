import type { RawConnection } from '@mosis/sqlite/connection';
import type { RoaringBitmap32 } from '../bitmaps.js';
import { HOUR_MS, DAY_MS, dayOf, hourOf } from '../storage/days.js';
import { bucketsOf, type Buckets } from './buckets.js';
import { eachDayCount, eachHourCount, measuresOf, type CountMetric, type Counted } from './counts.js';
import {
  formatRange,
  formatTime,
  toHoursOrDays,
  toWholeDays,
  toWholeHours,
  type CountedRange,
  type HourSpan,
} from './counted-range.js';
import { eachDaySet, eachHourSet, eachValueSet, UnionByKey, type DeviceSets } from './device-sets.js';
import { Words, findApp } from './dictionary.js';
import { chooseShown } from './keys.js';
import { OrdinalSet } from './ordinal-set.js';
import { checkTimeseries } from './possible.js';
import { inSnapshot, type QueryContext } from './snapshot.js';
import { OTHER_KEY, type Dimension, type TimeseriesAnswer, type TimeseriesQuery } from './types.js';

type Values = number[];

/**
 * One metric over time: a point per interval, zero included, as one series or one per key of a dimension.
 *
 * @throws QueryError when the roll-ups cannot tell, or the range is empty or too wide
 */
export function timeseries(db: RawConnection, query: TimeseriesQuery, context: QueryContext): TimeseriesAnswer {
  checkTimeseries(query);
  const range = rangeOf(query, context);
  const buckets = bucketsOf(range, query.interval);
  const series = inSnapshot(db, () => seriesOf(db, query, range, buckets));
  return {
    metric: query.metric,
    interval: query.interval,
    ...formatRange(range),
    series: series.map(({ key, values }) => ({
      key,
      points: values.map((value, index) => ({ time: formatTime(buckets.startsMs[index] ?? 0), value })),
    })),
  };
}

function rangeOf({ interval, metric, groupBy, range }: TimeseriesQuery, context: QueryContext): CountedRange {
  if (interval === 'hour') return toWholeHours(range, context);
  return metric === 'devices' && groupBy !== undefined ? toWholeDays(range) : toHoursOrDays(range, context);
}

function seriesOf(
  db: RawConnection,
  query: TimeseriesQuery,
  range: CountedRange,
  buckets: Buckets,
): { key: string | null; values: Values }[] {
  const { metric, groupBy, includeBots } = query;
  const zeros = (): Values => new Array<number>(buckets.startsMs.length).fill(0);
  const app = findApp(db, query.packageId);
  if (app === undefined) return groupBy === undefined ? [{ key: null, values: zeros() }] : [];
  if (metric === 'devices') {
    const sets = { app, includeBots };
    if (groupBy !== undefined) return devicesByKey(db, sets, groupBy, range, buckets, zeros);
    return [{ key: null, values: devices(db, sets, query.interval === 'hour', range, buckets, zeros()) }];
  }
  return counts(db, query, metric, app, range, buckets, zeros);
}

function counts(
  db: RawConnection,
  { interval, type, groupBy, includeBots }: TimeseriesQuery,
  metric: CountMetric,
  app: number,
  range: CountedRange,
  buckets: Buckets,
  zeros: () => Values,
): { key: string | null; values: Values }[] {
  const words = new Words(db);
  const byKey = new Map<string, Values>();
  const add = (bucket: number, word: number, n: number) => {
    const key = words.keyOf(word);
    let values = byKey.get(key);
    if (!values) byKey.set(key, (values = zeros()));
    values[bucket] = (values[bucket] ?? 0) + n;
  };
  const counted: Counted = { app, dimension: groupBy, measures: measuresOf(db, app, metric, type), includeBots };
  if (interval === 'hour') {
    for (const hours of hoursByDay(range)) {
      eachHourCount(db, counted, hours, (hour, word, n) => add(buckets.indexAt(timeOf(hours.day, hour)), word, n));
    }
  } else {
    eachDayCount(db, counted, range, (day, word, n) => add(buckets.indexOfDay(day), word, n));
  }
  if (groupBy === undefined) return [{ key: null, values: [...byKey.values()][0] ?? zeros() }];
  return shownSeries(byKey, zeros);
}

function shownSeries(byKey: Map<string, Values>, zeros: () => Values): { key: string; values: Values }[] {
  const totals = new Map([...byKey].map(([key, values]) => [key, values.reduce((sum, value) => sum + value, 0)]));
  const { shown, others } = chooseShown(totals);
  const series = shown.map((key) => ({ key, values: byKey.get(key) ?? zeros() }));
  if (others.length === 0) return series;
  const rest = zeros();
  for (const key of others) byKey.get(key)?.forEach((value, index) => (rest[index] = (rest[index] ?? 0) + value));
  return [...series, { key: OTHER_KEY, values: rest }];
}

function devices(
  db: RawConnection,
  sets: DeviceSets,
  byHour: boolean,
  range: CountedRange,
  buckets: Buckets,
  values: Values,
): Values {
  if (byHour) {
    for (const hours of hoursByDay(range)) {
      eachHourSet(db, sets, hours, (hour, set) => (values[buckets.indexAt(timeOf(hours.day, hour))] = set.size));
    }
    return values;
  }
  // Days come in order, so one interval's set is held at a time.
  const union = new OrdinalSet();
  let current = 0;
  const finish = () => {
    values[current] = union.size;
    union.clear();
  };
  eachDaySet(db, sets, range, (day, devices, bots) => {
    const bucket = buckets.indexOfDay(day);
    if (bucket !== current) finish();
    current = bucket;
    union.add(devices, bots);
  });
  finish();
  return values;
}

/** Twice over the days: which keys are greatest is known only by the union of the whole range. */
function devicesByKey(
  db: RawConnection,
  sets: DeviceSets,
  dimension: Dimension,
  range: CountedRange,
  buckets: Buckets,
  zeros: () => Values,
): { key: string; values: Values }[] {
  const words = new Words(db);
  const { from, to } = range.wholeDays;
  const unions = new UnionByKey();
  const eachDay = (visit: (day: number, key: string, set: RoaringBitmap32) => void) => {
    for (let day = from; day < to; day += 1) {
      eachValueSet(db, sets, dimension, day, (word, set) => visit(day, words.keyOf(word), set));
    }
  };
  eachDay((_day, key, set) => unions.add(key, set));
  const { shown, others } = chooseShown(unions.sizes());
  const series = new Map(shown.map((key) => [key, { key, values: zeros() }]));
  if (others.length > 0) series.set(OTHER_KEY, { key: OTHER_KEY, values: zeros() });

  unions.clear();
  let current = 0;
  const finish = () => {
    for (const [key, size] of unions.sizes()) (series.get(key)?.values ?? [])[current] = size;
    unions.clear();
  };
  eachDay((day, key, set) => {
    const bucket = buckets.indexOfDay(day);
    if (bucket !== current) finish();
    current = bucket;
    unions.add(series.has(key) ? key : OTHER_KEY, set);
  });
  finish();
  return [...series.values()];
}

/** The hours of a range, day by day. */
function* hoursByDay({ fromMs, toMs }: CountedRange): Generator<HourSpan> {
  const lastDay = dayOf(toMs - 1);
  for (let day = dayOf(fromMs); day <= lastDay; day += 1) {
    const fromHour = hourOf(Math.max(fromMs, day * DAY_MS));
    yield { day, fromHour, toHour: day === lastDay ? hourOf(toMs - 1) + 1 : 24 };
  }
}

function timeOf(day: number, hour: number): number {
  return day * DAY_MS + hour * HOUR_MS;
}
