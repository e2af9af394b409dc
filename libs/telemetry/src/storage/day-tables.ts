import { compactDay } from './days.js';

/** Days one ledger table covers. */
export const LEDGER_DAYS = 7;

/** Tables whose rows are written once: raw events and ledgers. A migration must leave them alone. */
export const DAY_TABLES = /^(?:events|ledger)_\d{8}$/;

/** The raw table of a partition (a day of receipt). */
export function eventsTable(day: number): string {
  return `events_${compactDay(day)}`;
}

/** The ledger table that starts on `firstDay`. */
export function ledgerTable(firstDay: number): string {
  return `ledger_${compactDay(firstDay)}`;
}

/** The first day of the ledger table that a day of receipt belongs to. */
export function ledgerDayOf(day: number): number {
  return Math.floor(day / LEDGER_DAYS) * LEDGER_DAYS;
}

/**
 * Raw rows of one day of receipt. `id` is given by the writer and never reused below the watermark; `device` is an ordinal
 * of the app; `type` and `context` point into the dictionaries; `data` is JSON as it was sent. No index: a partition is
 * read by id ranges, scanned, or asked as Parquet.
 */
export function eventsTableSql(day: number): string {
  return `CREATE TABLE IF NOT EXISTS ${eventsTable(day)} (
  id       INTEGER PRIMARY KEY,
  app      INTEGER NOT NULL,
  device   INTEGER NOT NULL,
  session  INTEGER NOT NULL,
  time_ms  INTEGER NOT NULL,
  type     INTEGER NOT NULL,
  context  INTEGER NOT NULL,
  flags    INTEGER NOT NULL,
  data     TEXT
) STRICT`;
}

/**
 * Batches received within seven days: what makes a repeated upload a duplicate. `rejected` is the JSON list of the answer,
 * null when nothing was rejected.
 */
export function ledgerTableSql(firstDay: number): string {
  return `CREATE TABLE IF NOT EXISTS ${ledgerTable(firstDay)} (
  app        INTEGER NOT NULL,
  batch_id   BLOB NOT NULL,
  body_hash  BLOB NOT NULL,
  accepted   INTEGER NOT NULL,
  rejected   TEXT,
  PRIMARY KEY (app, batch_id)
) STRICT, WITHOUT ROWID`;
}
