import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Migrator,
  openReader,
  openWriter,
  readMigrations,
  type Migration,
  type RawConnection,
} from '@mosis/sqlite/connection';

/** The name of the telemetry database inside a data directory. */
export const TELEMETRY_DATABASE_FILE = 'telemetry.db';
/** The folder of a data directory that holds the Parquet copies of closed partitions. */
export const ARCHIVE_FOLDER = 'archive';

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

/** Applies what is pending to telemetry.db; the caller holds the data directory's lock. */
export function migrateTelemetry(dataDir: string): ReturnType<Migrator['up']> {
  const connection = openWriter(telemetryDatabasePath(dataDir));
  try {
    return new Migrator(connection, readTelemetryMigrations()).up();
  } finally {
    connection.close();
  }
}

/** Opens the one connection that writes. Every COMMIT on it follows a sync (`synchronous = FULL`). */
export function openTelemetryWriter(dataDir: string): RawConnection {
  const connection = openWriter(telemetryDatabasePath(dataDir));
  connection.pragma('cache_size = -24576');
  // A page that is split or moved leaves no copy of its rows behind, where an erasure would not find it. Costs no writes.
  connection.pragma('secure_delete = FAST');
  connection.pragma('wal_autocheckpoint = 2000');
  connection.pragma('journal_size_limit = 67108864');
  return connection;
}

/** Opens a connection that only reads; each of its reads must be short, so that the WAL can be reset. */
export function openTelemetryReader(dataDir: string): RawConnection {
  return openReader(telemetryDatabasePath(dataDir));
}
