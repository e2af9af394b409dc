import type { RawConnection } from '@mosis/sqlite/connection';
import { countByMeasure, eachDayCount, measuresOf, type CountMetric } from './counts.js';
import { formatRange, toHoursOrDays, toWholeDays, type CountedRange } from './counted-range.js';
import { UnionByKey, eachValueSet } from './device-sets.js';
import { Words, findApp } from './dictionary.js';
import { addTo, rankKeys } from './keys.js';
import { checkBreakdown } from './possible.js';
import { inSnapshot, type QueryContext } from './snapshot.js';
import type { BreakdownAnswer, BreakdownQuery, Dimension } from './types.js';

/**
 * The greatest values of a dimension and the rest. Devices are counted once each, in the total and in the rest as well.
 *
 * @throws QueryError when the roll-ups cannot tell, or the range is empty or too wide
 */
export function breakdown(db: RawConnection, query: BreakdownQuery, context: QueryContext): BreakdownAnswer {
  checkBreakdown(query);
  const { metric, dimension, limit } = query;
  const range = metric === 'devices' ? toWholeDays(query.range) : toHoursOrDays(query.range, context);
  return inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    const { totals, sumOf } = app === undefined ? NOTHING : totalsByKey(db, app, query, range);
    const keys = rankKeys(totals);
    const rest = keys.slice(limit);
    return {
      metric,
      dimension,
      ...formatRange(range),
      total: sumOf(keys),
      items: keys.slice(0, limit).map((key) => ({ key, value: totals.get(key) ?? 0 })),
      rest: { keys: rest.length, value: sumOf(rest) },
    };
  });
}

interface TotalsByKey {
  totals: Map<string, number>;
  /** What several keys have together. */
  sumOf: (keys: string[]) => number;
}

const NOTHING: TotalsByKey = { totals: new Map(), sumOf: () => 0 };

function totalsByKey(
  db: RawConnection,
  app: number,
  { metric, dimension, type, includeBots }: BreakdownQuery,
  range: CountedRange,
): TotalsByKey {
  if (metric === 'devices') return devicesByKey(db, app, dimension as Dimension, includeBots, range);
  const totals =
    dimension === 'type'
      ? countsByType(db, app, metric, type, includeBots, range)
      : countsByKey(db, app, metric, type, dimension, includeBots, range);
  return { totals, sumOf: (keys) => keys.reduce((sum, key) => sum + (totals.get(key) ?? 0), 0) };
}

function countsByType(
  db: RawConnection,
  app: number,
  metric: CountMetric,
  type: string | undefined,
  includeBots: boolean,
  range: CountedRange,
): Map<string, number> {
  const measures = measuresOf(db, app, metric, type);
  const words = new Words(db);
  const totals = new Map<string, number>();
  for (const [word, n] of countByMeasure(db, { app, measures, includeBots }, range))
    addTo(totals, words.keyOf(word), n);
  return totals;
}

function countsByKey(
  db: RawConnection,
  app: number,
  metric: CountMetric,
  type: string | undefined,
  dimension: Dimension,
  includeBots: boolean,
  range: CountedRange,
): Map<string, number> {
  const words = new Words(db);
  const totals = new Map<string, number>();
  const counted = { app, dimension, measures: measuresOf(db, app, metric, type), includeBots };
  eachDayCount(db, counted, range, (_day, word, n) => addTo(totals, words.keyOf(word), n));
  return totals;
}

function devicesByKey(
  db: RawConnection,
  app: number,
  dimension: Dimension,
  includeBots: boolean,
  { wholeDays }: CountedRange,
): TotalsByKey {
  const words = new Words(db);
  const unions = new UnionByKey();
  for (let day = wholeDays.from; day < wholeDays.to; day += 1) {
    eachValueSet(db, { app, includeBots }, dimension, day, (word, devices) => unions.add(words.keyOf(word), devices));
  }
  return { totals: unions.sizes(), sumOf: (keys) => unions.sizeOf(keys) };
}
