import { Injectable } from '@nestjs/common';
import type { CoreTransaction } from '@mosis/db';
import { isSqliteError, openReader, type RawConnection } from '@mosis/sqlite';
import { sql, type RawBuilder } from 'kysely';
import type { KeptEnd } from './table-policies.js';

type Value = string | number | bigint | Buffer | null;

/** A row that the database does not take, and why. */
export class RowRefusedError extends Error {
  override readonly name = 'RowRefusedError';
}

interface Trigger {
  name: string;
  sql: string;
}

const PAGE = 500;
/** A page ends early here: a version's row may have four megabytes, and so may 500 in a row. */
const PAGE_CHARACTERS = 8_000_000;
const ROWS_PER_STATEMENT = 50;

/** What triggers hold for rows that had gone further than a draft; each answers what does not hold. */
const INVARIANTS = [
  `SELECT 'version ' || v.id || ' is ' || v.status || ' without a review of just that' AS problem FROM app_versions v
    WHERE v.status IN ('approved', 'published', 'rejected') AND NOT EXISTS (
      SELECT 1 FROM reviews r WHERE r.version_id = v.id AND r.subject_sha256 = v.subject_sha256
         AND r.decision = iif(v.status = 'rejected', 'rejected', 'approved'))`,
  `SELECT 'version ' || v.id || ' has a higher code than its app' AS problem FROM app_versions v
     JOIN apps a ON a.id = v.app_id WHERE v.version_code > a.highest_version_code`,
  `SELECT 'app ' || a.package_id || ' does not show its live listing' AS problem FROM apps a
    WHERE a.live_revision_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM app_revisions r WHERE r.id = a.live_revision_id AND r.app_id = a.id AND r.state = 'live'
         AND r.name = a.name AND r.description = a.description AND r.category = a.category AND r.tags = a.tags
         AND r.icon_sha256 IS a.icon_sha256 AND r.developer_name = a.developer_name)`,
  `SELECT 'app ' || a.package_id || ' is published without a published version' AS problem FROM apps a
    WHERE a.status = 'published' AND NOT EXISTS (
      SELECT 1 FROM app_versions v WHERE v.app_id = a.id AND v.status = 'published')`,
  `SELECT 'package id ' || a.package_id || ' is retired' AS problem FROM apps a
     JOIN tombstones t ON t.package_id = a.package_id`,
  `SELECT 'version ' || c.version_id || ' of a check is not there' AS problem FROM check_results c
    WHERE NOT EXISTS (SELECT 1 FROM app_versions v WHERE v.id = c.version_id)`,
];

/** All SQL that brings rows of a table back, from a file that holds them. */
@Injectable()
export class TableRowsRepository {
  /** Opens the file with the rows to bring back. */
  openRows(file: string): RawConnection {
    return openReader(file);
  }

  /** A page of rows of `missing_TABLE` or `changed_TABLE`, after one that was read before. */
  readPage(rows: RawConnection, kind: 'missing' | 'changed', table: string, after: number): Record<string, Value>[] {
    const statement = rows
      .prepare(
        `SELECT rowid AS "row number", * FROM ${quote(`${kind}_${table}`)} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
      )
      .safeIntegers();
    const page: Record<string, Value>[] = [];
    let characters = 0;
    for (const row of statement.iterate(after, PAGE) as Iterable<Record<string, Value>>) {
      page.push(row);
      for (const value of Object.values(row)) if (typeof value === 'string') characters += value.length;
      if (characters > PAGE_CHARACTERS) break;
    }
    return page;
  }

  /** References are looked at when everything is there, at the end of the transaction. */
  async deferReferences(trx: CoreTransaction): Promise<void> {
    await sql`PRAGMA defer_foreign_keys = ON`.execute(trx);
  }

  async listKeys(trx: CoreTransaction, table: string): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      SELECT name FROM pragma_table_info(${table}) WHERE pk > 0 ORDER BY pk`.execute(trx);
    return rows.map(({ name }) => name);
  }

  /**
   * Inserts rows of one shape, many with one statement: 100,000 rows are a matter of seconds.
   *
   * @throws RowRefusedError with the first row that is not taken, and what the database says
   */
  async insert(
    trx: CoreTransaction,
    table: string,
    keys: readonly string[],
    rows: readonly Record<string, Value>[],
  ): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      const some = rows.slice(from, from + ROWS_PER_STATEMENT);
      try {
        await this.insertSome(trx, table, some);
      } catch (error) {
        if (!isConstraint(error)) throw error;
        // A statement that fails leaves nothing; one row at a time tells which it is.
        for (const row of some) await this.run(table, keys, row, () => this.insertSome(trx, table, [row]));
      }
    }
  }

  private async insertSome(
    trx: CoreTransaction,
    table: string,
    rows: readonly Record<string, Value>[],
  ): Promise<unknown> {
    const columns = Object.keys(rows[0] ?? {});
    const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column]))})`);
    return sql`INSERT INTO ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
               VALUES ${sql.join(values)}`.execute(trx);
  }

  /**
   * Sets a row to what it was, unless that would undo what `kept` names: a column that has been filled since, a right that has
   * been taken away.
   *
   * @returns whether it was set
   * @throws RowRefusedError
   */
  async update(
    trx: CoreTransaction,
    table: string,
    keys: readonly string[],
    row: Record<string, Value>,
    kept: KeptEnd | undefined,
  ): Promise<boolean> {
    const others = Object.keys(row).filter((column) => !keys.includes(column));
    const is = sql.join(
      keys.map((key) => sql`${sql.ref(key)} = ${row[key]}`),
      sql` AND `,
    );
    const { numAffectedRows } = await this.run(table, keys, row, () =>
      sql`UPDATE ${sql.table(table)}
             SET ${sql.join(others.map((column) => sql`${sql.ref(column)} = ${row[column]}`))}
           WHERE ${is}${undoesNothing(row, kept)}`.execute(trx),
    );
    return (numAffectedRows ?? 0n) > 0n;
  }

  /** Takes the triggers of a table away, but those that keep the search in step; answers what to put back. */
  async dropGuards(trx: CoreTransaction, table: string): Promise<Trigger[]> {
    const { rows } = await sql<Trigger>`
      SELECT name, sql FROM sqlite_schema
       WHERE type = 'trigger' AND tbl_name = ${table} AND name NOT LIKE '%search%'`.execute(trx);
    for (const { name } of rows) await sql`DROP TRIGGER ${sql.ref(name)}`.execute(trx);
    return rows;
  }

  async putBackGuards(trx: CoreTransaction, triggers: readonly Trigger[]): Promise<void> {
    for (const trigger of triggers) await sql.raw(trigger.sql).execute(trx);
  }

  /** What the triggers that were off would not have let through, a few of it. */
  async findBroken(trx: CoreTransaction): Promise<string[]> {
    const problems: string[] = [];
    for (const query of INVARIANTS) {
      const { rows } = await sql<{ problem: string }>`${sql.raw(query)} LIMIT 3`.execute(trx);
      problems.push(...rows.map(({ problem }) => problem));
    }
    return problems;
  }

  /** Rows of a table that point at rows that are not there, by where they point. */
  async findDangling(trx: CoreTransaction, table: string): Promise<{ table: string; parent: string; rows: number }[]> {
    const { rows } = await sql<{ table: string; parent: string; rows: number }>`
      SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check(${table}) GROUP BY "table", parent`.execute(
      trx,
    );
    return rows;
  }

  private async run<Result>(
    table: string,
    keys: readonly string[],
    row: Record<string, Value>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isConstraint(error)) throw error;
      const key = keys.map((column) => `${column} ${String(row[column])}`).join(', ');
      throw new RowRefusedError(`${table} does not take back the row with ${key}: ${error.message}.`);
    }
  }
}

/** Conditions under which a row can be set to what it was without bringing to life what was ended since. */
function undoesNothing(row: Record<string, Value>, kept: KeptEnd | undefined): RawBuilder<unknown> {
  const conditions = (kept?.columns ?? [])
    .filter((column) => row[column] === null)
    .map((column) => sql` AND ${sql.ref(column)} IS NULL`);
  if (kept?.rank) {
    const { column, ascending } = kept.rank;
    const atLeast = ascending.slice(Math.max(0, ascending.indexOf(String(row[column]))));
    conditions.push(sql` AND ${sql.ref(column)} IN (${sql.join(atLeast)})`);
  }
  return sql.join(conditions, sql``);
}

function isConstraint(error: unknown): error is Error {
  return isSqliteError(error, 'SQLITE_CONSTRAINT');
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
