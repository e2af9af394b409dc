import type { ObjectStore } from '@mosis/object-store';

/** How the engine is set up. */
export interface EngineOptions {
  /** Holds telemetry.db (migrated) and archive/; the caller owns the directory's lock. */
  dataDir: string;
  objects: ObjectStore;
  /** Days a partition is kept. */
  rawDays: number;
  /** Whether daily aggregates go to the object store, and whether the raw archive goes there, too. */
  exportAggregates: boolean;
  exportRaw: boolean;
  bots: BotThresholds;
  limits: IngestLimits;
  /** Free bytes on the data's volume below which uploads are refused. */
  minFreeBytes: number;
  /** Longest time an upload waits for others to share its commit, milliseconds. */
  gatherMs: number;
  /** Memory DuckDB may use, mebibytes. */
  analyticsMemoryMb: number;
  /** Rows of a bucket day's partitions from which on a recount reads their Parquet copies; 100,000 by default. */
  recountCopiesFromRows?: number;
  /** Wall clock, milliseconds. */
  now: () => number;
  /** A clock that never jumps, milliseconds; the machine's by default. */
  monotonic?: () => number;
  log: EngineLog;
  /** Looks at the file and changes nothing in it: uploads and maintenance fail, counts stay as they were written. */
  readOnly?: boolean;
  /** `false` leaves the WAL of telemetry.db to Litestream; {@link TelemetryEngine.setAutoCheckpoint} changes it. */
  autoCheckpoint?: boolean;
  /** Pages of the WAL from which Litestream waits for a moment without a commit, so that it can begin it anew. */
  checkpointPages?: number;
}

/** Limits of ingest; `undefined` switches one off (RATE_LIMITS=off). */
export interface IngestLimits {
  /** Uploads a second of one ingest key, and how many at once. */
  perKey?: { ratePerSecond: number; burst: number };
  perAddress?: { ratePerSecond: number; burst: number };
  /** Events a second of one device, and how many at once. */
  perDevice?: { ratePerSecond: number; burst: number };
  /** Events an app may store a day of receipt; beyond it `quota-spent` (403). */
  eventsPerAppDay: number;
  /** Devices never seen before that an app may bring a day. */
  newDevicesPerAppDay: number;
  /** Bytes that may wait for the writer, over all apps and of one. */
  waitingBytes: number;
  waitingBytesPerApp: number;
}

/** A device's bucket day is a bot's when it reaches one of these: rates no person reaches. */
export interface BotThresholds {
  eventsPerDay: number;
  interactionsPerDay: number;
  /** Distinct hours of the day with an interaction. */
  activeHours: number;
}

/** Where the engine says what it does; structured fields first. */
export interface EngineLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** One upload as it came from the network; the body is not decoded yet. */
export interface UploadRequest {
  /** The app the ingest key belongs to, spelled as in the store. */
  packageId: string;
  keyId: string;
  /** For the limit per address; never stored. */
  address: string;
  body: Buffer;
  contentEncoding: string | undefined;
  sentAt: string | undefined;
}

/** What a device is answered. `stored` is only ever said after the commit has been synced. */
export type UploadOutcome =
  | {
      kind: 'stored';
      answer: {
        batch_id: string;
        accepted: number;
        rejected: { index: number; code: string; detail: string }[];
        duplicate: boolean;
      };
    }
  | {
      kind: 'refused';
      status: number;
      code: string;
      detail: string;
      errors?: { pointer: string; code: string; detail: string }[];
      retryAfterSeconds?: number;
    };

/** One device to be forgotten. */
export interface ErasureState {
  erasure: string;
  state: 'running' | 'done';
  requested_at: string;
  done_at: string | null;
  rows_erased: number;
}

/** What one audit found. */
export interface AuditReport {
  days: { day: string; cells: number; differences: number; repaired: boolean }[];
  differences: number;
  /** Days that some raw rows are gone of, so that they cannot be counted again. */
  uncovered: number;
  /** Days that changed each time they were counted; the next audit tries them again. */
  undecided: string[];
  durationMs: number;
  /** The first differences, in words. */
  examples: string[];
}

/** What one run of retention did. */
export interface RetentionReport {
  dropped: string[];
  held: { day: string; why: string }[];
}

/** What telemetry.db holds, and what waits for a copy. */
export interface StorageReport {
  partitions: number;
  rawRows: number;
  /** `YYYY-MM-DD` of receipt; null when there are none. */
  oldestPartition: string | null;
  /** Closed partitions without a verified Parquet copy. */
  archiveWaiting: number;
  /** Past bucket days whose export is not current. */
  exportWaiting: number;
}

/** What operators see; what is stored is as of the last look, at most some seconds ago. */
export interface EngineStatus extends StorageReport {
  writer: {
    uploads: number;
    events: number;
    commits: number;
    refused: Record<string, number>;
    waitingUploads: number;
    waitingBytes: number;
    /** Milliseconds since the oldest row that is not rolled up was stored; 0 when none waits. */
    rollupLagMs: number;
    restarts: number;
  };
  databaseBytes: number;
  walBytes: number;
  freeBytes: number;
  clockJumpMs: number;
}
