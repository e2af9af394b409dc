import type { RawConnection } from '@mosis/sqlite/connection';
import { eventsTable, eventsTableSql } from './day-tables.js';

/** A row of `partitions`. */
export interface PartitionRow {
  day: number;
  rolled_up_to: number;
  row_count: number;
  first_session: number;
  first_bucket: number | null;
  last_bucket: number | null;
  revision: number;
  archive_revision: number | null;
  archive_rows: number | null;
  archive_bytes: number | null;
  archive_sha256: string | null;
  archived_ms: number | null;
  exported_sha256: string | null;
  exported_ms: number | null;
}

/** Every partition, oldest first. */
export function listPartitions(db: RawConnection): PartitionRow[] {
  return db.prepare('SELECT * FROM partitions ORDER BY day').all() as PartitionRow[];
}

/**
 * The last bucket day that rows of a partition truly lie in; undefined when it is empty. No row of it was received after the
 * day of the next one began, so buckets beyond that day are of a clock that was ahead for a while and was not believed.
 */
export function findLastTrueBucket(partition: PartitionRow, partitions: readonly PartitionRow[]): number | undefined {
  if (partition.last_bucket === null) return undefined;
  const next = partitions.find(({ day }) => day > partition.day);
  return next ? Math.min(partition.last_bucket, next.day) : partition.last_bucket;
}

/** The highest row id of a partition, 0 when it is empty. */
export function findLastRowId(db: RawConnection, day: number): number {
  return (
    (db
      .prepare(`SELECT max(id) FROM ${eventsTable(day)}`)
      .pluck()
      .get() as number | null) ?? 0
  );
}

/** Makes a partition and its table, in the caller's transaction. */
export function createPartition(db: RawConnection, day: number): void {
  db.exec(eventsTableSql(day));
  db.prepare(
    `INSERT OR IGNORE INTO partitions (day, first_session)
     VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'sessions'))`,
  ).run(day);
}

/**
 * The first bucket day that is wholly covered: all raw rows that ever counted in it are still there. Days before it can
 * not be counted again, because a partition that held some of their rows was dropped.
 */
export function findFirstCoveredDay(db: RawConnection): number {
  const value = db.prepare(`SELECT value FROM engine_state WHERE key = 'first_covered_day'`).pluck().get();
  return value === undefined ? Number.NEGATIVE_INFINITY : Number(value);
}

/** Moves the first wholly covered bucket day on, in the transaction that drops a partition. */
export function raiseFirstCoveredDay(db: RawConnection, day: number): void {
  db.prepare(
    `INSERT INTO engine_state (key, value) VALUES ('first_covered_day', ?)
     ON CONFLICT DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))`,
  ).run(String(day));
}
