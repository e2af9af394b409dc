import { formatDay } from '../storage/days.js';

/** Where daily aggregates are. */
export const AGGREGATES_FOLDER = 'telemetry/aggregates';
/** What readers match with a pattern: one file a day under each. */
export const AGGREGATES_PREFIX = `${AGGREGATES_FOLDER}/`;
export const RAW_PREFIX = 'telemetry/raw/';
/** What was replaced; outside both. */
export const HISTORY_PREFIX = 'telemetry/history/';
export const MANIFEST_KEY = 'telemetry/manifest.json';

/** The key of a bucket day's aggregates. */
export function aggregatesKey(day: number): string {
  return `${AGGREGATES_PREFIX}day=${formatDay(day)}/part-0.parquet`;
}

/** The key of a partition's raw copy. */
export function rawKey(day: number): string {
  return `${RAW_PREFIX}received=${formatDay(day)}/part-0.parquet`;
}

/** The key a replaced file of aggregates is kept under; it names its bytes, so keeping it twice is keeping it once. */
export function historyKey(day: number, sha256: string): string {
  return `${HISTORY_PREFIX}aggregates/day=${formatDay(day)}/${sha256}.parquet`;
}

/** The day (`YYYY-MM-DD`) in the folder of a key; undefined for keys that are none of ours. */
export function dayInKey(key: string): string | undefined {
  return /\/(?:day|received)=(\d{4}-\d{2}-\d{2})\//.exec(key)?.[1];
}
