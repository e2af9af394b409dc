/** SQLite as both databases of the platform use it: opening, transactions, scans, migrations, the directory's lock. */
export * from './open.js';
export * from './integrity/index.js';
export * from './dialect.js';
export * from './database.js';
export type { PreparedQuery } from './prepared-query.js';
export * from './data-dir-lock.js';
export * from './compiled-module.js';
export * from './sqlite-error.js';
export { Mutex } from './mutex.js';
export { ScanUnavailableError, ScanProcess, type ScanOptions } from './scan/scan-process.js';
export * from './migrate/index.js';
import Database from 'better-sqlite3';

/** What SQLite refused, with its code (`SQLITE_CONSTRAINT_UNIQUE`, `SQLITE_FULL` …). */
export const SqliteError = Database.SqliteError;
