/** What can be measured. Crashes and errors are the events `app_crash` and `lua_error`. */
export type Metric = 'events' | 'crashes' | 'errors' | 'sessions' | 'devices';
/** Width of one point. Weeks start on Monday, months on the 1st, all in UTC. */
export type Interval = 'hour' | 'day' | 'week' | 'month';
/** What a metric can be split by in the roll-ups. */
export type Dimension = 'app_version' | 'mosis_version' | 'os' | 'country';
/** The key under which events that do not say a dimension's value are counted. */
export const UNKNOWN_KEY = '(unknown)';
/** The key of everything beyond a bound on cardinality. */
export const OTHER_KEY = '(other)';

/** A half-open range of event time, in milliseconds since 1970-01-01 UTC. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

interface Asked {
  packageId: string;
  range: TimeRange;
  /** Counts what is flagged as a bot as well. */
  includeBots: boolean;
}

export interface TimeseriesQuery extends Asked {
  metric: Metric;
  interval: Interval;
  type?: string;
  groupBy?: Dimension;
}
export interface TimeseriesAnswer {
  metric: Metric;
  interval: Interval;
  /** The range that was counted: the asked one, widened to whole hours, or to whole days where hours are gone. */
  from: string;
  to: string;
  series: { key: string | null; points: { time: string; value: number }[] }[];
}

export interface Totals {
  events: number;
  sessions: number;
  devices: number;
  crashes: number;
  errors: number;
  /**
   * Share of sessions (or devices) without a crash, 0 to 1; null when there were none. That of devices is counted over
   * the whole days which the range touches.
   */
  crash_free_sessions: number | null;
  crash_free_devices: number | null;
}
export type OverviewQuery = Asked;
export interface OverviewAnswer {
  from: string;
  to: string;
  totals: Totals;
  /** The same for the period of the same length before. */
  previous: { from: string; to: string; totals: Totals };
}

export interface BreakdownQuery extends Asked {
  metric: Metric;
  /** `type` for events only. */
  dimension: Dimension | 'type';
  type?: string;
  limit: number;
}
export interface BreakdownAnswer {
  metric: Metric;
  dimension: string;
  from: string;
  to: string;
  total: number;
  items: { key: string; value: number }[];
  /** What the items leave out; devices are counted exactly there, too. */
  rest: { keys: number; value: number };
}

export interface RetentionQuery extends Asked {
  interval: 'day' | 'week';
}
export interface RetentionAnswer {
  interval: 'day' | 'week';
  from: string;
  to: string;
  /** `retained[k]`: how many of the cohort were there k intervals after it was first seen; `retained[0]` is its size. */
  cohorts: { cohort: string; size: number; retained: number[] }[];
}

export interface StabilityQuery extends Asked {
  groupBy?: Dimension;
}
export interface StabilityAnswer {
  from: string;
  to: string;
  items: {
    key: string | null;
    sessions: number;
    crashed_sessions: number;
    crash_free_sessions: number | null;
    devices: number;
    crashed_devices: number;
    crash_free_devices: number | null;
  }[];
}

export interface CrashesQuery extends Asked {
  kind: 'app_crash' | 'lua_error';
  limit: number;
}
export interface CrashGroup {
  fingerprint: string;
  kind: 'app_crash' | 'lua_error';
  crash_type: string;
  message: string;
  frames: string[];
  crashes: number;
  devices: number;
  app_versions: string[];
  /** First and last bucket day within the range, `YYYY-MM-DD`; null when it did not happen within the range. */
  first_day: string | null;
  last_day: string | null;
}
export interface CrashesAnswer {
  from: string;
  to: string;
  items: CrashGroup[];
  rest: { groups: number; crashes: number };
}
export interface CrashQuery extends Asked {
  fingerprint: string;
}
export interface CrashAnswer extends CrashGroup {
  from: string;
  to: string;
  by_version: { key: string; value: number }[];
  days: { time: string; value: number }[];
  /** `data` of the first event of the group, unless its device was erased. */
  sample: Record<string, unknown> | null;
}

export interface EventsQuery {
  packageId: string;
  type?: string;
  limit: number;
  /** Where the page before ended. */
  cursor?: { day: number; id: number };
}
export interface RawEvent {
  /** Day of receipt, `YYYY-MM-DD`, and number within it. */
  received: string;
  id: number;
  time: string;
  type: string;
  /** Number of the device within the app; no identifier of it is stored. */
  device: number;
  session: number;
  app_version: string;
  mosis_version: string;
  os: string | null;
  country: string | null;
  device_model: string | null;
  locale: string | null;
  clock_corrected: boolean;
  clamped: boolean;
  late: boolean;
  data: Record<string, unknown> | null;
}
export interface EventsAnswer {
  items: RawEvent[];
  next: { day: number; id: number } | null;
}

export interface RejectionsQuery {
  packageId: string;
}
export interface RejectionsAnswer {
  counts: { day: string; code: string; events: number }[];
  dropped_by_sdk: { day: string; reason: string; events: number }[];
  samples: {
    received_at: string;
    code: string;
    detail: string;
    batch_id: string | null;
    index: number | null;
    app_version: string | null;
    event: string | null;
  }[];
}

/** What roll-ups and small tables answer, in the reader thread. */
export interface TelemetryQueries {
  overview: { query: OverviewQuery; answer: OverviewAnswer };
  timeseries: { query: TimeseriesQuery; answer: TimeseriesAnswer };
  breakdown: { query: BreakdownQuery; answer: BreakdownAnswer };
  retention: { query: RetentionQuery; answer: RetentionAnswer };
  stability: { query: StabilityQuery; answer: StabilityAnswer };
  crashes: { query: CrashesQuery; answer: CrashesAnswer };
  crash: { query: CrashQuery; answer: CrashAnswer | null };
  events: { query: EventsQuery; answer: EventsAnswer };
  rejections: { query: RejectionsQuery; answer: RejectionsAnswer };
}

/** A field of a raw event that an ad-hoc query may name: a known column, or `data.<key>`. */
export type RawField =
  'type' | 'app_version' | 'mosis_version' | 'os' | 'country' | 'device_model' | 'locale' | `data.${string}`;

export interface TopQuery extends Asked {
  type: string;
  /** Key inside `data`. */
  field: string;
  limit: number;
}
export interface TopAnswer {
  type: string;
  field: string;
  from: string;
  to: string;
  items: { value: string | number | boolean | null; events: number; devices: number }[];
  rest: { values: number; events: number };
}
export interface FunnelQuery extends Asked {
  /** Event types, or `type:key=value` for one value of one field; 2 to 8. */
  steps: string[];
  /** From the first step to the last, milliseconds. */
  withinMs: number;
}
export interface FunnelAnswer {
  from: string;
  to: string;
  within_seconds: number;
  steps: { step: string; devices: number }[];
}
export interface AdHocQuery extends Asked {
  metric: 'events' | 'sessions' | 'devices';
  filters: {
    field: RawField;
    op: 'eq' | 'ne' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'exists';
    value?: string | number | boolean | (string | number | boolean)[];
  }[];
  groupBy: RawField[];
  interval?: Interval;
  limit: number;
}
export interface AdHocAnswer {
  from: string;
  to: string;
  rows: { time?: string; group: Record<string, string | number | boolean | null>; value: number }[];
  truncated: boolean;
}

/** What is asked of raw events, in the analytics process. */
export interface RawQueries {
  top: { query: TopQuery; answer: TopAnswer };
  funnel: { query: FunnelQuery; answer: FunnelAnswer };
  query: { query: AdHocQuery; answer: AdHocAnswer };
}

/** A question that cannot be answered, with what is possible: a 422 for whoever asked. */
export class QueryError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'QueryError';
  }
}
