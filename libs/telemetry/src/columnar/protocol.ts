import type { RawQueries } from '../queries/types.js';
import type { CopiesOfDay, DayCounts } from '../rollup/day-counts.js';

/** A Parquet file that was compared with what it was made from. */
export interface WrittenFile {
  rows: number;
  bytes: number;
  sha256: string;
}

/** What the operator's SQL answers. Days and times are text, whole numbers beyond 2^53 too. */
export interface SqlAnswer {
  columns: string[];
  rows: unknown[][];
  /** There were more rows than may be answered. */
  truncated: boolean;
}

/** What the analytics process is asked, and what it answers. */
export interface AnalyticsRequests {
  archive: { request: { day: number }; answer: WrittenFile & { revision: number } };
  /** Writes the aggregates of a bucket day to a scratch file, which is whoever asked's to take away. */
  aggregates: { request: { day: number }; answer: WrittenFile & { version: number; path: string } };
  top: { request: Timed<RawQueries['top']['query']>; answer: RawQueries['top']['answer'] };
  funnel: { request: Timed<RawQueries['funnel']['query']>; answer: RawQueries['funnel']['answer'] };
  query: { request: Timed<RawQueries['query']['query']>; answer: RawQueries['query']['answer'] };
  sql: { request: Timed<{ text: string; maxRows: number }>; answer: SqlAnswer };
  recount: { request: CopiesOfDay; answer: DayCounts };
}
export type RequestName = keyof AnalyticsRequests;

interface Timed<Query> {
  query: Query;
  nowMs: number;
}

/** How the process is set up; passed when it starts. */
export interface AnalyticsSettings {
  dataDir: string;
  rawDays: number;
  memoryLimitMb: number;
  threads: number;
  /** Where daily aggregates lie as files, when the object store is a directory. */
  aggregatesFolder?: string;
}

/** To the process. */
export type ToChild = { id: number; name: RequestName; request: unknown } | { cancel: number };
/** From the process. */
export type FromChild =
  { id: number; answer: unknown } | { id: number; error: { name: string; message: string; code?: string } };
