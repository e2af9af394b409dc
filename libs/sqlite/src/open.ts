import { dirname } from 'node:path';
import { mkdirSync } from 'node:fs';
import Database from 'better-sqlite3';

/** A raw better-sqlite3 connection, opened with this library's pragmas. */
export type RawConnection = Database.Database;

/** Milliseconds a connection waits for another one's lock before it fails. */
export const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the one connection that may write, creating the file and its folder when they are missing.
 *
 * The order of the pragmas matters: `busy_timeout` first, because each of the others may meet a lock;
 * `journal_mode` before `synchronous`, because better-sqlite3's build defaults WAL to NORMAL, which does not
 * survive a power cut. FULL makes every COMMIT follow a sync.
 *
 * @throws when the file is not a database or cannot be opened for writing
 */
export function openWriter(file: string): RawConnection {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  // REPLACE fires the delete triggers that guard append-only tables only with this on.
  connection.pragma('recursive_triggers = ON');
  // A function or virtual table planted in the schema of a restored file must not run with our rights.
  connection.pragma('trusted_schema = OFF');
  connection.pragma('temp_store = MEMORY');
  connection.pragma('cache_size = -8192');
  return connection;
}

/**
 * Opens a connection that cannot write, for short reads beside the writer.
 *
 * @throws when the file is missing: a reader never creates one
 */
export function openReader(file: string): RawConnection {
  const connection = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  connection.pragma('query_only = ON');
  connection.pragma('trusted_schema = OFF');
  connection.pragma('temp_store = MEMORY');
  connection.pragma('cache_size = -8192');
  return connection;
}

/** The version of SQLite that this library brings. */
export function readSqliteVersion(): string {
  const connection = new Database(':memory:');
  try {
    return connection.prepare('SELECT sqlite_version()').pluck().get() as string;
  } finally {
    connection.close();
  }
}
