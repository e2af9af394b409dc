import type { Statement } from 'better-sqlite3';
import type { RawConnection } from '@mosis/sqlite/connection';
import { ledgerDayOf, ledgerTable, ledgerTableSql, LEDGER_DAYS } from '../storage/day-tables.js';

/**
 * Days a batch is remembered after its ledger table is full: longer than the oldest event that is accepted (7 days) and
 * the longest an SDK keeps a batch (7 days) together.
 */
export const LEDGER_KEEP_DAYS = 21;

/** What was answered to a batch. */
export interface LedgerEntry {
  body_hash: Buffer;
  accepted: number;
  rejected: string | null;
}

/** The batches that were stored, so that a repeated upload is answered as before and stores nothing. */
export class BatchLedger {
  /** Newest first: a repeat mostly comes soon. */
  readonly #tables: { firstDay: number; find: Statement<unknown[]>; insert: Statement<unknown[]> }[] = [];

  constructor(private readonly db: RawConnection) {
    this.reset();
  }

  /** Reads again which tables there are. */
  reset(): void {
    this.#tables.length = 0;
    const days = this.db.prepare('SELECT first_day FROM ledgers ORDER BY first_day DESC').pluck().all() as number[];
    for (const firstDay of days) this.#tables.push(this.#prepare(firstDay));
  }

  find(app: number, batchId: Buffer): LedgerEntry | undefined {
    for (const { find } of this.#tables) {
      const entry = find.get(app, batchId) as LedgerEntry | undefined;
      if (entry) return entry;
    }
    return undefined;
  }

  /** Remembers a batch, in the transaction that stores its events. */
  insert(day: number, app: number, batchId: Buffer, entry: LedgerEntry): void {
    const firstDay = ledgerDayOf(day);
    let table = this.#tables.find((candidate) => candidate.firstDay === firstDay);
    if (!table) {
      this.db.exec(ledgerTableSql(firstDay));
      this.db.prepare('INSERT OR IGNORE INTO ledgers (first_day) VALUES (?)').run(firstDay);
      table = this.#prepare(firstDay);
      this.#tables.push(table);
      this.#tables.sort((left, right) => right.firstDay - left.firstDay);
    }
    table.insert.run(app, batchId, entry.body_hash, entry.accepted, entry.rejected);
  }

  /** Drops the tables whose batches nobody may send any more; answers how many. */
  dropBefore(day: number): number {
    // After a leap of the day of receipt a table was written to for longer than its name says: until the next one began.
    const old = this.#tables.filter(({ firstDay }, index) => {
      const next = this.#tables[index - 1]?.firstDay;
      return next !== undefined && Math.max(firstDay + LEDGER_DAYS, next) + LEDGER_KEEP_DAYS <= day;
    });
    for (const { firstDay } of old) {
      this.db.exec(`DROP TABLE ${ledgerTable(firstDay)}`);
      this.db.prepare('DELETE FROM ledgers WHERE first_day = ?').run(firstDay);
    }
    if (old.length > 0) this.reset();
    return old.length;
  }

  #prepare(firstDay: number) {
    const table = ledgerTable(firstDay);
    return {
      firstDay,
      find: this.db.prepare(`SELECT body_hash, accepted, rejected FROM ${table} WHERE app = ? AND batch_id = ?`),
      insert: this.db.prepare(
        `INSERT INTO ${table} (app, batch_id, body_hash, accepted, rejected) VALUES (?, ?, ?, ?, ?)`,
      ),
    };
  }
}
