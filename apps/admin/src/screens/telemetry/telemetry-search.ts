import { readWord } from '../../ui/paging';
import { compact } from '../../ui/with-filter';

export const METRICS = ['devices', 'sessions', 'events', 'crashes', 'errors'] as const;
export const RANGES = ['24h', '7d', '28d', '90d', '365d'] as const;
export const INTERVALS = ['hour', 'day', 'week', 'month'] as const;
export const DIMENSIONS = ['app_version', 'mosis_version', 'os', 'country'] as const;

export type Metric = (typeof METRICS)[number];
export type Range = (typeof RANGES)[number];
export type Interval = (typeof INTERVALS)[number];
export type Dimension = (typeof DIMENSIONS)[number];

/** What the address of an app's telemetry says; what is absent is the usual. */
export interface TelemetrySearch {
  range?: Range;
  metric?: Metric;
  interval?: Interval;
  by?: Dimension;
  bots?: 'true';
}

/** Reads the choices from an address; what makes no sense is left out. */
export function readTelemetrySearch(search: Record<string, unknown>): TelemetrySearch {
  return compact({
    range: readWord(search.range, RANGES),
    metric: readWord(search.metric, METRICS),
    interval: readWord(search.interval, INTERVALS),
    by: readWord(search.by, DIMENSIONS),
    bots: readWord(String(search.bots), ['true'] as const),
  });
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RANGE_MS: Record<Range, number> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '28d': 28 * DAY_MS,
  '90d': 90 * DAY_MS,
  '365d': 365 * DAY_MS,
};
/** Hours are kept 90 days, and 90 days of them are more points than a chart can show. */
const LONGEST_BY_HOUR_MS = 7 * DAY_MS;

/** A range as the API takes it; `to` is the end of the hour or day that is running, so that every bucket is whole. */
export interface AskedRange {
  from: string;
  to: string;
}

/** The choices with what is usual filled in, and the range that they come to at a moment. */
export function resolveTelemetrySearch(search: TelemetrySearch, nowMs: number) {
  const range = search.range ?? '28d';
  const isLong = RANGE_MS[range] > LONGEST_BY_HOUR_MS;
  const usual: Interval = range === '24h' ? 'hour' : range === '365d' ? 'week' : 'day';
  const interval = search.interval === 'hour' && isLong ? usual : (search.interval ?? usual);
  const step = interval === 'hour' ? HOUR_MS : DAY_MS;
  const toMs = Math.ceil((nowMs + 1) / step) * step;
  const asked: AskedRange = {
    from: new Date(toMs - RANGE_MS[range]).toISOString(),
    to: new Date(toMs).toISOString(),
  };
  return { range, interval, metric: search.metric ?? 'devices', by: search.by, mayBeByHour: !isLong, asked };
}
