import type { DuckDBDoubleVector } from '@duckdb/node-api';
import type { RawConnection } from '@mosis/sqlite/connection';
import { QueryError, type FunnelAnswer, type FunnelQuery, type TimeRange } from '../queries/types.js';
import { DAY_MS } from '../storage/days.js';
import type { Session } from './duck.js';
import { checkType, pointerTo } from './fields.js';
import { DEVICES_PER_WALK, FunnelWalk } from './funnel-walk.js';
import { checkRange, rangeText } from './questions.js';
import { askedEvents, Bound, type RawDeps } from './raw-events.js';

const MIN_STEPS = 2;
const MAX_STEPS = 8;
/** Every set of steps an event can be. */
const MASKS = 1 << MAX_STEPS;

/** Rows of the partitions one statement reads, roughly: sorting them stays within DuckDB's memory. */
export const ROWS_PER_SLICE = 12_000_000;

/**
 * How many devices went through the first k steps, each step an event of its own that follows the one before (by time, then
 * by receipt), the last within `withinMs` of the first. DuckDB finds and sorts the events, some days of event time after the
 * other; the devices are followed here, in one pass.
 *
 * @throws QueryError `invalid-steps`, `invalid-type`
 */
export async function funnel(
  session: Session,
  deps: RawDeps,
  query: FunnelQuery,
  nowMs: number,
): Promise<FunnelAnswer> {
  if (query.steps.length < MIN_STEPS || query.steps.length > MAX_STEPS) {
    throw new QueryError('invalid-steps', `A funnel has ${MIN_STEPS} to ${MAX_STEPS} steps.`);
  }
  if (!Number.isSafeInteger(query.withinMs) || query.withinMs < 0) {
    throw new QueryError('invalid-within', 'within is a time of 0 or more.');
  }
  const steps = query.steps.map(readStep);
  checkRange(query.range);
  const reached = steps.map(() => 0);
  for (let first = 0; first === 0 || first < countDevices(deps.db, query.packageId); first += DEVICES_PER_WALK) {
    const walk = new FunnelWalk(steps.length, query.withinMs);
    for (const range of slices(deps.db, query.range)) {
      const bound = new Bound();
      const events = await askedEvents(session, deps, { ...query, range }, nowMs, bound);
      if (events !== undefined) await follow(session, walk, sortedEvents(events, steps, first, bound), bound);
    }
    walk.reached.forEach((count, step) => (reached[step] = (reached[step] as number) + count));
  }
  return {
    ...rangeText(query.range),
    within_seconds: query.withinMs / 1000,
    steps: query.steps.map((step, index) => ({ step, devices: reached[index] as number })),
  };
}

interface Step {
  type: string;
  field?: { key: string; value: string };
}

/** Reads `type` or `type:key=value`. */
function readStep(text: string): Step {
  const [, type = '', key, value] = /^([^:]*)(?::([^=]+)=(.*))?$/s.exec(text) ?? [];
  checkType(type);
  return key === undefined ? { type } : { type, field: { key, value: value ?? '' } };
}

/** How many ordinals an app has given to devices. */
function countDevices(db: RawConnection, packageId: string): number {
  const devices = db.prepare('SELECT next_ordinal FROM apps WHERE package_id = ?').pluck().get(packageId);
  return (devices as number | undefined) ?? 0;
}

/** The range in parts, in order: so many days each that their partitions hold about `ROWS_PER_SLICE` rows. */
function* slices(db: RawConnection, { fromMs, toMs }: TimeRange): Iterable<TimeRange> {
  const days = db.prepare('SELECT day, row_count AS n FROM partitions ORDER BY day').all() as {
    day: number;
    n: number;
  }[];
  let startMs = fromMs;
  let rows = 0;
  for (const { day, n } of days) {
    const dayMs = day * DAY_MS;
    if (rows > 0 && rows + n > ROWS_PER_SLICE && dayMs > startMs && dayMs < toMs) {
      yield { fromMs: startMs, toMs: dayMs };
      startMs = dayMs;
      rows = 0;
    }
    if (dayMs + DAY_MS > startMs) rows += n;
  }
  yield { fromMs: startMs, toMs };
}

/** Times, and devices with the steps their event can be, in the order of events. */
function sortedEvents(events: string, steps: Step[], firstDevice: number, bound: Bound): string {
  const matches = steps.map(({ type, field }) => {
    const isType = `e.type = ${bound.add(type)}::VARCHAR`;
    if (!field) return isType;
    const text = `json_extract_string(e.data, ${bound.add(pointerTo(field.key))}::VARCHAR)`;
    return `(${isType} AND coalesce(${text} = ${bound.add(field.value)}::VARCHAR, false))`;
  });
  const mask = matches.map((match, index) => `CASE WHEN ${match} THEN ${1 << index} ELSE 0 END`);
  // Two numbers for each event, as doubles: JavaScript reads those many times faster than bigints.
  return `SELECT ms, steps FROM (
      SELECT epoch_ms(e.time)::DOUBLE AS ms, received, id,
        ((e.device::BIGINT - ${firstDevice}) * ${MASKS} + ${mask.join(' + ')})::DOUBLE AS steps
      FROM ${events} e WHERE (${matches.join(' OR ')})
        AND e.device BETWEEN ${firstDevice} AND ${firstDevice + DEVICES_PER_WALK - 1})
    ORDER BY ms, received, id`;
}

async function follow(session: Session, walk: FunnelWalk, sql: string, bound: Bound): Promise<void> {
  session.check();
  const result = await session.connection.stream(sql, bound.values);
  for (;;) {
    const chunk = await result.fetchChunk();
    session.check();
    if (chunk === null || chunk.rowCount === 0) return;
    const times = chunk.getColumnVector(0) as DuckDBDoubleVector;
    const steps = chunk.getColumnVector(1) as DuckDBDoubleVector;
    for (let row = 0; row < chunk.rowCount; row++) {
      const packed = steps.getItem(row) as number;
      walk.add(times.getItem(row) as number, Math.floor(packed / MASKS), packed % MASKS);
    }
  }
}
