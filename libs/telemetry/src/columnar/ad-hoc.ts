import { QueryError, type AdHocAnswer, type AdHocQuery } from '../queries/types.js';
import type { Session } from './duck.js';
import { compareField, fieldAsJson, fieldEquals, scalarOf, type Scalar } from './fields.js';
import { checkLimit, rangeText } from './questions.js';
import { askedEvents, Bound, type RawDeps } from './raw-events.js';

const MAX_FILTERS = 20;
const MAX_GROUPS = 4;
const MAX_CHOICES = 100;

const METRICS = new Map<string, string>([
  ['events', 'count(*)'],
  ['sessions', 'count(DISTINCT e.session)'],
  ['devices', 'count(DISTINCT e.device)'],
]);
const INTERVALS = ['hour', 'day', 'week', 'month'];
const OPERATORS = new Map([
  ['gt', '>'],
  ['gte', '>='],
  ['lt', '<'],
  ['lte', '<='],
] as const);

/**
 * Counts events, sessions or devices, exactly, by fields and time. `ne` is true also of events without the field; weeks
 * start on Monday, all in UTC.
 *
 * @throws QueryError that says what is possible
 */
export async function adHoc(session: Session, deps: RawDeps, query: AdHocQuery, nowMs: number): Promise<AdHocAnswer> {
  const metric = METRICS.get(query.metric);
  if (metric === undefined) throw new QueryError('not-possible', `metric is one of ${[...METRICS.keys()].join(', ')}.`);
  if (query.interval !== undefined && !INTERVALS.includes(query.interval)) {
    throw new QueryError('not-possible', `interval is one of ${INTERVALS.join(', ')}.`);
  }
  if (query.filters.length > MAX_FILTERS || query.groupBy.length > MAX_GROUPS) {
    throw new QueryError('not-possible', `At most ${MAX_FILTERS} filters and ${MAX_GROUPS} fields to group by.`);
  }
  checkLimit(query.limit);
  const bound = new Bound();
  // Read before there are events, so that a question that makes no sense is refused in an empty app too.
  const conditions = ['true', ...query.filters.map((filter) => condition(filter, bound))];
  const groups = query.groupBy.map((field, index) => `${fieldAsJson(field, bound)} AS g${index}`);
  if (query.interval !== undefined) groups.unshift(`epoch_ms(date_trunc('${query.interval}', e.time)) AS ms`);
  const answer = rangeText(query.range);
  const events = await askedEvents(session, deps, query, nowMs, bound);
  if (events === undefined) return { ...answer, rows: [], truncated: false };

  const names = [...(query.interval === undefined ? [] : ['ms']), ...query.groupBy.map((_, index) => `g${index}`)];
  const rows = await session.rows<Record<string, string | bigint | null>>(
    `SELECT ${[...groups, `${metric} AS value`].join(', ')} FROM ${events} e WHERE ${conditions.join(' AND ')}
     ${names.length > 0 ? `GROUP BY ${names.join(', ')}` : ''}
     ORDER BY ${[...(query.interval === undefined ? [] : ['ms']), 'value DESC', ...names].join(', ')}
     LIMIT ${query.limit + 1}`,
    bound.values,
  );
  return {
    ...answer,
    rows: rows.slice(0, query.limit).map((row) => ({
      ...(query.interval === undefined ? {} : { time: new Date(Number(row.ms)).toISOString() }),
      group: Object.fromEntries(
        query.groupBy.map((field, index) => [field, scalarOf(row[`g${index}`] as string | null)]),
      ),
      value: Number(row.value),
    })),
    truncated: rows.length > query.limit,
  };
}

function condition({ field, op, value }: AdHocQuery['filters'][number], bound: Bound): string {
  if (op === 'exists') {
    if (value !== undefined && typeof value !== 'boolean') refuse('exists takes true, false or nothing');
    return `${fieldAsJson(field, bound)} ${value === false ? 'IS NULL' : 'IS NOT NULL'}`;
  }
  if (op === 'in') {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CHOICES || !value.every(isScalar)) {
      return refuse(`in takes a list of 1 to ${MAX_CHOICES} values`);
    }
    return `(${value.map((choice) => fieldEquals(field, choice, bound)).join(' OR ')})`;
  }
  if (!isScalar(value)) return refuse(`${op} takes one value`);
  if (op === 'eq') return fieldEquals(field, value, bound);
  if (op === 'ne') return `NOT ${fieldEquals(field, value, bound)}`;
  const operator = OPERATORS.get(op);
  return operator
    ? compareField(field, operator, value, bound)
    : refuse('op is eq, ne, in, gt, gte, lt, lte or exists');
}

function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  );
}

function refuse(why: string): never {
  throw new QueryError('not-possible', `${why[0]?.toUpperCase()}${why.slice(1)}.`);
}
