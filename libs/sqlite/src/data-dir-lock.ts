import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isSqliteError } from './sqlite-error.js';

/** Who holds a data directory, as written beside the lock for people and tools to read. */
export interface LockHolder {
  pid: number;
  command: string;
  started_at: string;
  /** Where the holder answers HTTP, once it does. */
  address?: string;
  /** Path of the socket on which the holder takes commands from this machine. */
  control_socket?: string;
}

/** Another process owns the data directory. */
export class DataDirLockedError extends Error {
  constructor(
    readonly dataDir: string,
    readonly holder: LockHolder | undefined,
  ) {
    const who = holder ? `process ${holder.pid} (${holder.command}, since ${holder.started_at})` : 'another process';
    super(
      `${dataDir} is in use by ${who}. One process owns a data directory: stop that one first, or use another DATA_DIR.`,
    );
    this.name = 'DataDirLockedError';
  }
}

const LOCK_FILE = 'server.lock';
const HOLDER_FILE = 'server.json';
/** Long enough to outlast somebody's glance at the lock, short enough to be at once for a person. */
const GLANCE_MS = 250;

/**
 * The operating system's lock on a data directory, held until `release` or the end of the process, however it ends.
 * It is the exclusive lock of a tiny SQLite file, because SQLite already carries a portable one and Node has none.
 */
export class DataDirLock {
  private constructor(
    readonly dataDir: string,
    private readonly connection: Database.Database,
    private holder: LockHolder,
  ) {}

  /**
   * Takes the lock, creating the directory when it is missing.
   *
   * @throws DataDirLockedError at once when another process holds it
   */
  static acquire(dataDir: string, command: string, now: () => Date = () => new Date()): DataDirLock {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 });
    const connection = new Database(join(dataDir, LOCK_FILE), { timeout: GLANCE_MS });
    try {
      // A rollback journal: its locks are those of the file itself, with no shared memory to clean up.
      connection.pragma('journal_mode = DELETE');
      connection.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      connection.close();
      if (isSqliteError(error, 'SQLITE_BUSY')) throw new DataDirLockedError(dataDir, readHolder(dataDir));
      throw error;
    }
    const lock = new DataDirLock(dataDir, connection, {
      pid: process.pid,
      command,
      started_at: now().toISOString(),
    });
    try {
      lock.describe({});
    } catch (error) {
      lock.release();
      throw error;
    }
    return lock;
  }

  /** Adds to what others read about the holder. */
  describe(more: Partial<LockHolder>): void {
    this.holder = { ...this.holder, ...more };
    const file = join(this.dataDir, HOLDER_FILE);
    writeFileSync(`${file}.tmp`, `${JSON.stringify(this.holder, null, 2)}\n`, { mode: 0o640 });
    renameSync(`${file}.tmp`, file);
  }

  /** Gives the directory free; a second call does nothing. */
  release(): void {
    // By then the holder file may be somebody else's.
    if (!this.connection.open) return;
    rmSync(join(this.dataDir, HOLDER_FILE), { force: true });
    this.connection.close();
  }
}

/** Who holds the directory now, or `undefined` when nobody does. Looks without taking the lock or writing anything. */
export function findLockHolder(dataDir: string): LockHolder | undefined {
  const file = join(dataDir, LOCK_FILE);
  if (!existsSync(file)) return undefined;
  const connection = new Database(file, { readonly: true, timeout: 0 });
  try {
    connection.prepare('SELECT * FROM sqlite_schema').all();
    return undefined;
  } catch (error) {
    if (isSqliteError(error, 'SQLITE_BUSY'))
      return readHolder(dataDir) ?? { pid: 0, command: 'unknown', started_at: 'unknown' };
    throw error;
  } finally {
    connection.close();
  }
}

function readHolder(dataDir: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, HOLDER_FILE), 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
}
