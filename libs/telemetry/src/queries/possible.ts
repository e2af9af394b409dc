import {
  QueryError,
  type BreakdownQuery,
  type Dimension,
  type Interval,
  type Metric,
  type TimeseriesQuery,
} from './types.js';

const METRICS: readonly string[] = ['events', 'crashes', 'errors', 'sessions', 'devices'] satisfies Metric[];
const INTERVALS: readonly string[] = ['hour', 'day', 'week', 'month'] satisfies Interval[];
const DIMENSIONS: readonly string[] = ['app_version', 'mosis_version', 'os', 'country'] satisfies Dimension[];

/** Metrics that are events, so that each has a type. */
const TYPED: readonly string[] = ['events', 'crashes', 'errors'] satisfies Metric[];

/** The most items a list may be asked for. */
export const MAX_LIMIT = 1_000;

/**
 * Refuses what the roll-ups cannot tell.
 *
 * @throws QueryError `not-possible`
 */
export function checkTimeseries(query: TimeseriesQuery): void {
  checkMetric(query.metric);
  if (!INTERVALS.includes(query.interval)) refuse(`interval is one of ${list(INTERVALS)}`);
  checkGroupBy(query.groupBy);
  checkType(query.metric, query.type);
  if (query.metric === 'devices' && query.interval === 'hour' && query.groupBy !== undefined) {
    refuse('devices by hour are known for the app as a whole only: leave group_by out, or ask by day, week or month');
  }
}

/**
 * Refuses what the roll-ups cannot tell.
 *
 * @throws QueryError `not-possible`, `invalid-limit`
 */
export function checkBreakdown(query: BreakdownQuery): void {
  checkMetric(query.metric);
  checkLimit(query.limit);
  checkType(query.metric, query.type);
  if (query.dimension === 'type') {
    if (!TYPED.includes(query.metric))
      refuse(`only events have types: ${query.metric} are broken down by ${list(DIMENSIONS)}`);
  } else if (!DIMENSIONS.includes(query.dimension)) {
    refuse(
      `${query.metric} are broken down by ${list(TYPED.includes(query.metric) ? ['type', ...DIMENSIONS] : DIMENSIONS)}`,
    );
  }
}

/** @throws QueryError `not-possible` unless it is a dimension of the roll-ups, or nothing */
export function checkGroupBy(groupBy: string | undefined): void {
  if (groupBy !== undefined && !DIMENSIONS.includes(groupBy)) refuse(`group_by is one of ${list(DIMENSIONS)}`);
}

/** @throws QueryError `invalid-limit` unless it is 1 to 1,000 */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new QueryError('invalid-limit', `limit is a whole number from 1 to ${MAX_LIMIT}.`);
  }
}

function checkMetric(metric: string): void {
  if (!METRICS.includes(metric)) refuse(`metric is one of ${list(METRICS)}`);
}

function checkType(metric: Metric, type: string | undefined): void {
  if (type === undefined || TYPED.includes(metric)) return;
  refuse(`type goes with ${list(TYPED)}; ${metric} are not counted by type`);
}

function refuse(what: string): never {
  throw new QueryError('not-possible', `${what.charAt(0).toUpperCase()}${what.slice(1)}.`);
}

function list(values: readonly string[]): string {
  return values.join(', ');
}
