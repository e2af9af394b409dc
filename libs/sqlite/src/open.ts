import { dirname } from 'node:path';
import { mkdirSync } from 'node:fs';
import Database from 'better-sqlite3';

/** A raw better-sqlite3 connection, opened with this library's pragmas. */
export type RawConnection = Database.Database;

/** Milliseconds a connection waits for another one's lock before it fails. */
export const BUSY_TIMEOUT_MS = 5_000;

/** Pages of the WAL from which a commit folds it into the file (SQLite's own default). */
const AUTO_CHECKPOINT_PAGES = 1_000;
/** A WAL that begins anew gives back what lies beyond this, so that one burst does not keep the space for ever. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024;

export interface WriterOptions {
  /** `false` leaves the WAL to Litestream, which copies it and then checkpoints. */
  autoCheckpoint?: boolean;
}

/**
 * Opens the one connection that may write, creating the file and its folder when they are missing.
 *
 * The order of the pragmas matters: `busy_timeout` first, because each of the others may meet a lock;
 * `journal_mode` before `synchronous`, because better-sqlite3's build defaults WAL to NORMAL, which does not
 * survive a power cut. FULL makes every COMMIT follow a sync.
 *
 * @throws when the file is not a database or cannot be opened for writing, naming it
 */
export function openWriter(file: string, options: WriterOptions = {}): RawConnection {
  return naming(file, () => openForWriting(file, options));
}

function openForWriting(file: string, { autoCheckpoint = true }: WriterOptions): RawConnection {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  setAutoCheckpoint(connection, autoCheckpoint ? AUTO_CHECKPOINT_PAGES : 0);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  // REPLACE fires the delete triggers that guard append-only tables only with this on.
  connection.pragma('recursive_triggers = ON');
  // A function or virtual table planted in the schema of a restored file must not run with our rights.
  connection.pragma('trusted_schema = OFF');
  connection.pragma('temp_store = MEMORY');
  connection.pragma('cache_size = -8192');
  connection.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`);
  return connection;
}

/** Says from how many pages of the WAL on the commits of a connection fold it in; 0 is never, because Litestream does. */
export function setAutoCheckpoint(connection: RawConnection, pages: number = AUTO_CHECKPOINT_PAGES): void {
  connection.pragma(`wal_autocheckpoint = ${pages}`);
}

/**
 * Closes a writer. The last connection to a file folds the WAL in and removes it, which breaks the chain of what
 * Litestream has copied and costs a new snapshot. So a writer that leaves checkpoints to Litestream leaves the WAL as well:
 * a reader outlives it, and a reader can fold nothing.
 */
export function closeWriter(connection: RawConnection): void {
  if (!connection.open) return;
  const leavesWal = connection.pragma('wal_autocheckpoint', { simple: true }) === 0 && connection.name !== ':memory:';
  if (!leavesWal) return void connection.close();
  const reader = openReader(connection.name);
  // Its first read takes the shared lock that stops the writer from folding.
  reader.pragma('schema_version');
  connection.close();
  reader.close();
}

/**
 * Opens a connection that cannot write, for short reads beside the writer.
 *
 * @throws when the file is missing, for a reader never creates one, or is not a database, naming it
 */
export function openReader(file: string): RawConnection {
  return naming(file, () => openForReading(file));
}

function openForReading(file: string): RawConnection {
  const connection = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  connection.pragma('query_only = ON');
  connection.pragma('trusted_schema = OFF');
  connection.pragma('temp_store = MEMORY');
  connection.pragma('cache_size = -8192');
  return connection;
}

/** Puts the file before what SQLite says, which names none. The error stays the same one, with its code. */
function naming<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    // Not by its class: errors of a native module are of the realm that loaded it first.
    const told = error as Error;
    if (!told.message.includes(file)) told.message = `${file}: ${told.message}`;
    throw told;
  }
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
