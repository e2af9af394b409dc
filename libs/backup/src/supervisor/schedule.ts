import type { ReplicaSchedule } from '../litestream/config.js';
import type { DatabaseName } from '../location.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** Days of the past that telemetry.db keeps restorable at most: its raw days have Parquet copies, and a snapshot is large. */
const TELEMETRY_RETENTION_DAYS = 3;

type Interval = Omit<ReplicaSchedule, 'retentionMs'>;

/**
 * How often each database is copied. What a loss of the machine can cost is `monitorIntervalMs + syncIntervalMs` and the
 * time of one upload: below two seconds. `syncIntervalMs` also bounds the objects: one a second while somebody writes,
 * 86,400 a day; a database that nobody writes to makes none.
 *
 * A restore reads one snapshot and every segment after it, so the time between snapshots bounds its length. core.db is
 * small: a snapshot each three hours keeps a restore at seconds. telemetry.db may have tens of gigabytes: a snapshot a day
 * reads and sends all of it once a day.
 *
 * Checkpoints: Litestream holds the WAL, and folds it into the file from `minCheckpointPages` pages of 4 KiB on (or once a
 * minute), beside readers. From `maxCheckpointPages` on it makes writers wait until every reader is done, and a commit that
 * waits for five seconds fails (measured). So that is far away for core.db, whose commits wait in the HTTP thread: no read
 * lasts until 200 MiB are written there. telemetry.db may write as much in ten seconds, and nothing else bounds its WAL under
 * full ingest; its own readers read in short statements, and its writer leaves moments without a commit from there on, or
 * Litestream would not get the lock. The faster they come, the further the WAL gets meanwhile: ten minutes of 86,000 events/s
 * reached 143 MB from 20,000 pages on. Each of its checkpoints starts a new file of the WAL's copy.
 */
export const REPLICA_INTERVALS: Record<DatabaseName, Interval> = {
  core: {
    monitorIntervalMs: 500,
    syncIntervalMs: SECOND_MS,
    snapshotIntervalMs: 3 * HOUR_MS,
    retentionCheckIntervalMs: HOUR_MS,
    minCheckpointPages: 1_000,
    maxCheckpointPages: 50_000,
  },
  telemetry: {
    monitorIntervalMs: 500,
    syncIntervalMs: SECOND_MS,
    snapshotIntervalMs: DAY_MS,
    retentionCheckIntervalMs: 6 * HOUR_MS,
    minCheckpointPages: 8_000,
    maxCheckpointPages: 13_000,
  },
};

/** The schedule of a database when the past of `retentionDays` days is to stay restorable. */
export function scheduleOf(database: DatabaseName, retentionDays: number): ReplicaSchedule {
  const intervals = REPLICA_INTERVALS[database];
  const days = database === 'telemetry' ? Math.min(retentionDays, TELEMETRY_RETENTION_DAYS) : retentionDays;
  // The oldest moment that can be restored is that of the oldest snapshot: it has to be one interval older than asked for.
  return { ...intervals, retentionMs: days * DAY_MS + intervals.snapshotIntervalMs };
}
