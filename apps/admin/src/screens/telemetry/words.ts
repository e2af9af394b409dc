import type { Dimension, Interval, Metric, Range } from './telemetry-search';

export const METRIC_WORDS: Record<Metric, string> = {
  devices: 'Devices',
  sessions: 'Sessions',
  events: 'Events',
  crashes: 'Crashes',
  errors: 'Errors',
};

export const RANGE_WORDS: Record<Range, string> = {
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '28d': 'Last 28 days',
  '90d': 'Last 90 days',
  '365d': 'Last 365 days',
};

export const INTERVAL_WORDS: Record<Interval, string> = {
  hour: 'by hour',
  day: 'by day',
  week: 'by week',
  month: 'by month',
};

export const DIMENSION_WORDS: Record<Dimension, string> = {
  app_version: 'app version',
  mosis_version: 'Mosis version',
  os: 'operating system',
  country: 'country',
};

/** A bucket's beginning, in UTC like the buckets themselves: `11-27`, by the hour `11-27 18:00`. */
export function bucketWords(time: string, interval: Interval): string {
  if (interval === 'hour') return `${time.slice(5, 10)} ${time.slice(11, 16)}`;
  return interval === 'month' ? time.slice(0, 7) : time.slice(5, 10);
}

/** A share with one digit, rounded down: `99.9 %`, and 100 only for the whole. What has no base has no share. */
export function percentWords(share: number | null): string {
  return share === null ? 'no data' : `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)} %`;
}

/** What a value of a dimension is called; devices need not say everything. */
export function keyWords(key: string | null): string {
  return key === null || key === '' ? 'not said' : key;
}
