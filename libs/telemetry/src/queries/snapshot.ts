import type { RawConnection } from '@mosis/sqlite/connection';
import { withBitmaps } from '../bitmaps.js';

/** What a query needs beside the file: the moment it is asked at, and how many days raw rows and hours last. */
export interface QueryContext {
  nowMs: number;
  rawDays: number;
}

/** As much of a compiled statement as is used here, whatever its parameters. */
interface Statement {
  all(...parameters: unknown[]): unknown[];
  get(...parameters: unknown[]): unknown;
}

const MAX_STATEMENTS = 200;
const prepared = new WeakMap<RawConnection, Map<string, Statement>>();

/**
 * Computes one answer: all statements of `work` see the same commit, and its bitmaps are freed. The transaction is over
 * before the answer is handed out, so that the WAL can be reset.
 */
export function inSnapshot<Answer>(db: RawConnection, work: () => Answer): Answer {
  db.exec('BEGIN DEFERRED');
  try {
    return withBitmaps(work);
  } finally {
    // Some errors have already ended it.
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

/** All rows of a statement, which is compiled once per connection. */
export function rowsOf<Row>(db: RawConnection, sql: string, ...parameters: unknown[]): Row[] {
  return statementOf(db, sql).all(...parameters) as Row[];
}

/** The first row of a statement, which is compiled once per connection. */
export function rowOf<Row>(db: RawConnection, sql: string, ...parameters: unknown[]): Row | undefined {
  return statementOf(db, sql).get(...parameters) as Row | undefined;
}

function statementOf(db: RawConnection, sql: string): Statement {
  let statements = prepared.get(db);
  if (!statements) prepared.set(db, (statements = new Map<string, Statement>()));
  let statement = statements.get(sql);
  if (!statement) {
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    statements.set(sql, (statement = db.prepare<unknown[], unknown>(sql)));
  }
  return statement;
}
