import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  openReader,
  openWriter,
  readMigrations,
  rehearseMigration,
  RESTORE_POINTS_FOLDER,
  setAutoCheckpoint,
  type Migration,
  type MigrationOutcome,
  type MigrationTarget,
  type RawConnection,
  type WriterOptions,
} from '@mosis/sqlite/connection';
import { DAY_TABLES } from './day-tables.js';

/** The name of the telemetry database inside a data directory. */
export const TELEMETRY_DATABASE_FILE = 'telemetry.db';
/** The folder of a data directory that holds the Parquet copies of closed partitions. */
export const ARCHIVE_FOLDER = 'archive';

/** Its commits are large: twice SQLite's own default saves every other checkpoint. */
const AUTO_CHECKPOINT_PAGES = 2_000;

/** Where telemetry.db lies in a data directory. */
export function telemetryDatabasePath(dataDir: string): string {
  return join(dataDir, TELEMETRY_DATABASE_FILE);
}

/** Where the Parquet copy of a partition lies. */
export function archivePath(dataDir: string, formattedDay: string): string {
  return join(dataDir, ARCHIVE_FOLDER, `received=${formattedDay}`, 'part-0.parquet');
}

/** The migrations of telemetry.db, in order. */
export function readTelemetryMigrations(): Migration[] {
  return readMigrations(fileURLToPath(new URL('../../../../migrations/telemetry', import.meta.url)));
}

/**
 * How telemetry.db is migrated: rehearsed on its schema and some rows of each table, since the whole file may be many
 * gigabytes, and without touching raw events and ledgers.
 */
export function telemetryMigrationTarget(dataDir: string): MigrationTarget {
  return {
    file: telemetryDatabasePath(dataDir),
    migrations: readTelemetryMigrations(),
    folder: join(dataDir, RESTORE_POINTS_FOLDER),
    copy: 'samples',
    keptTables: DAY_TABLES,
  };
}

/** Applies what is pending to telemetry.db; the caller holds the data directory's lock. */
export function migrateTelemetry(dataDir: string): MigrationOutcome[] {
  return rehearseMigration(telemetryMigrationTarget(dataDir), { direction: 'up' }).apply();
}

/** Opens the one connection that writes. Every COMMIT on it follows a sync (`synchronous = FULL`). */
export function openTelemetryWriter(dataDir: string, { autoCheckpoint = true }: WriterOptions = {}): RawConnection {
  const connection = openWriter(telemetryDatabasePath(dataDir), { autoCheckpoint });
  connection.pragma('cache_size = -24576');
  // A page that is split or moved leaves no copy of its rows behind, where an erasure would not find it. Costs no writes.
  connection.pragma('secure_delete = FAST');
  setTelemetryAutoCheckpoint(connection, autoCheckpoint);
  return connection;
}

/** Says whether the writer's commits fold the WAL into the file, or leave it to Litestream. */
export function setTelemetryAutoCheckpoint(connection: RawConnection, on: boolean): void {
  setAutoCheckpoint(connection, on ? AUTO_CHECKPOINT_PAGES : 0);
}

/** Opens a connection that only reads; each of its reads must be short, so that the WAL can be reset. */
export function openTelemetryReader(dataDir: string): RawConnection {
  return openReader(telemetryDatabasePath(dataDir));
}
