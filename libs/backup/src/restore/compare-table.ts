import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openReader, openWriter, type RawConnection } from '@mosis/sqlite';
import { assertRowCondition, RowConditionError } from './row-condition.js';

/** Two states of a table that cannot be compared. */
export class CompareTableError extends Error {
  override readonly name = 'CompareTableError';
}

type Value = string | number | bigint | Buffer | null;

/** One row that differs: its key, and the columns that do. */
export interface RowDifference {
  kind: 'missing' | 'changed' | 'added';
  key: Record<string, Value>;
  /** For a changed row: the columns that differ, as they were and as they are. */
  columns?: Record<string, { then: Value; now: Value }>;
}

/** A table as it was beside what it is. */
export interface TableComparison {
  table: string;
  rowsThen: number;
  rowsNow: number;
  /** Rows that were there and are not, are another way, or were not there; those that the condition is true for. */
  missing: number;
  changed: number;
  added: number;
  keys: string[];
  /** The columns that both states have: what is compared. */
  columns: string[];
  columnsGone: string[];
  columnsNew: string[];
  /** The first of each kind. */
  examples: RowDifference[];
}

export interface CompareTableOptions {
  /** The file as it was; nobody else has it open. */
  then: string;
  /** The file as it is, beside whoever works with it. */
  now: string;
  table: string;
  /** A condition in SQL that a row must meet then or now. */
  where?: string | undefined;
  /** Most examples of each kind. */
  limit: number;
  /** A folder with room: the keys of what differs lie in it meanwhile. */
  scratch: string;
  /** A file that gets the rows to bring back, in `missing_TABLE` and `changed_TABLE`. */
  rowsFile?: string | undefined;
}

const BATCH = 1_000;

/**
 * Compares a table of two files by its primary key, reading only. Rows stay in SQLite: memory does not grow with them.
 *
 * @throws CompareTableError when there is no such table, or its key is another one now; RowConditionError
 */
export function compareTable(options: CompareTableOptions): TableComparison {
  const { then, now, table, where, limit, scratch, rowsFile } = options;
  if (where !== undefined) assertRowCondition(where);
  const db = openReader(now);
  // Files of their own: temporary tables of SQLite lie where it likes, and /tmp may be a few megabytes of memory.
  const folder = mkdtempSync(join(scratch, 'keys-'));
  try {
    db.prepare('ATTACH ? AS was').run(then);
    const shape = readShape(db, table);
    if (where !== undefined) {
      const scopes = join(folder, 'scopes.db');
      keepMatching(scopes, then, shape, where, 'scope_then');
      keepMatching(scopes, now, shape, where, 'scope_now');
      db.prepare('ATTACH ? AS scopes').run(scopes);
    }
    const found = join(folder, 'found.db');
    findDifferences(db, found, shape, where !== undefined);
    db.prepare('ATTACH ? AS found').run(found);
    const count = (sql: string) => db.prepare(sql).pluck().get() as number;
    const comparison: TableComparison = {
      table,
      rowsThen: count(`SELECT count(*) FROM was.${name(table)}`),
      rowsNow: count(`SELECT count(*) FROM main.${name(table)}`),
      missing: count('SELECT count(*) FROM found.missing'),
      changed: count('SELECT count(*) FROM found.changed'),
      added: count('SELECT count(*) FROM found.added'),
      keys: shape.keys,
      columns: shape.columns,
      columnsGone: shape.gone,
      columnsNew: shape.fresh,
      examples: (['missing', 'changed', 'added'] as const).flatMap((kind) => listExamples(db, shape, kind, limit)),
    };
    if (rowsFile !== undefined) writeRows(db, shape, rowsFile);
    return comparison;
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Shape {
  table: string;
  keys: string[];
  columns: string[];
  gone: string[];
  fresh: string[];
}

function readShape(db: RawConnection, table: string): Shape {
  const columnsIn = (schema: string) =>
    db.prepare(`SELECT name, pk FROM pragma_table_info(?, ?) ORDER BY cid`).all(table, schema) as {
      name: string;
      pk: number;
    }[];
  const [then, now] = [columnsIn('was'), columnsIn('main')];
  if (now.length === 0) throw new CompareTableError(`There is no table ${table}.`);
  if (then.length === 0) throw new CompareTableError(`There was no table ${table} at that moment.`);
  const keysOf = (columns: typeof then) =>
    columns
      .filter(({ pk }) => pk > 0)
      .sort((a, b) => a.pk - b.pk)
      .map((column) => column.name);
  const keys = keysOf(now);
  if (keys.length === 0) throw new CompareTableError(`${table} has no primary key that rows could be found by.`);
  if (keys.join() !== keysOf(then).join())
    throw new CompareTableError(
      `The primary key of ${table} was (${keysOf(then).join(', ')}) then and is (${keys.join(', ')}) now.`,
    );
  const names = (columns: typeof then) => columns.map((column) => column.name);
  const both = new Set(names(then));
  return {
    table,
    keys,
    columns: names(now).filter((column) => both.has(column)),
    gone: names(then).filter((column) => !names(now).includes(column)),
    fresh: names(now).filter((column) => !both.has(column)),
  };
}

/** Notes the keys of the rows that meet the condition in one file, on a connection that sees no other. */
function keepMatching(scopes: string, file: string, shape: Shape, where: string, into: string): void {
  const { table, keys } = shape;
  const db = openKeys(scopes);
  db.exec(`CREATE TABLE ${into} (${list(keys)}, PRIMARY KEY (${list(keys)})) WITHOUT ROWID`);
  const insert = db.prepare(`INSERT INTO ${into} VALUES (${keys.map(() => '?').join(', ')})`);
  const reader = openReader(file);
  try {
    const select = reader
      .prepare(`SELECT ${list(keys)} FROM ${name(table)} WHERE (\n${where}\n)`)
      .raw()
      .safeIntegers();
    inBatches(db, select.iterate() as Iterable<Value[]>, (row) => insert.run(...row));
  } catch (error) {
    throw new RowConditionError(`--where cannot be used: ${(error as Error).message}`);
  } finally {
    reader.close();
    db.close();
  }
}

/** Opens a file of keys. It is gone with the comparison, so nothing of it is worth a journal or a sync. */
function openKeys(file: string): RawConnection {
  const db = openWriter(file);
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  return db;
}

/** Writes the keys of what differs to a file. */
function findDifferences(db: RawConnection, file: string, { table, keys, columns }: Shape, scoped: boolean): void {
  const same = (a: string, b: string) => keys.map((key) => `${a}.${name(key)} = ${b}.${name(key)}`).join(' AND ');
  const inScope = (row: string, ...scopes: string[]) =>
    scoped
      ? `AND (${scopes.map((scope) => `EXISTS (SELECT 1 FROM scopes.${scope} s WHERE ${same('s', row)})`).join(' OR ')})`
      : '';
  const others = columns.filter((column) => !keys.includes(column));
  // Byte by byte: a column may compare without regard to case.
  const differs = others.map((column) => `t.${name(column)} IS NOT n.${name(column)} COLLATE BINARY`).join(' OR ');
  const select = (alias: string) => keys.map((key) => `${alias}.${name(key)}`).join(', ');
  const from = `was.${name(table)} t`;
  const current = `main.${name(table)} n`;
  const queries: Record<RowDifference['kind'], string> = {
    missing: `SELECT ${select('t')} FROM ${from}
      WHERE NOT EXISTS (SELECT 1 FROM ${current} WHERE ${same('n', 't')}) ${inScope('t', 'scope_then')}`,
    changed: `SELECT ${select('t')} FROM ${from} JOIN ${current} ON ${same('n', 't')}
      WHERE (${differs || '0'}) ${inScope('t', 'scope_then', 'scope_now')}`,
    added: `SELECT ${select('n')} FROM ${current}
      WHERE NOT EXISTS (SELECT 1 FROM ${from} WHERE ${same('t', 'n')}) ${inScope('n', 'scope_now')}`,
  };
  const found = openKeys(file);
  try {
    for (const [kind, query] of Object.entries(queries)) {
      found.exec(`CREATE TABLE ${kind} (${list(keys)})`);
      const insert = found.prepare(`INSERT INTO ${kind} VALUES (${keys.map(() => '?').join(', ')})`);
      const rows = db.prepare(query).raw().safeIntegers().iterate() as Iterable<Value[]>;
      inBatches(found, rows, (row) => insert.run(...row));
    }
  } finally {
    found.close();
  }
}

function listExamples(db: RawConnection, shape: Shape, kind: RowDifference['kind'], limit: number): RowDifference[] {
  const { table, keys, columns } = shape;
  const found = db.prepare(`SELECT * FROM found.${kind} ORDER BY ${list(keys)} LIMIT ?`).all(limit) as Record<
    string,
    Value
  >[];
  if (kind !== 'changed') return found.map((key) => ({ kind, key }));
  const condition = keys.map((key) => `${name(key)} = ?`).join(' AND ');
  const read = (schema: string) =>
    db.prepare(`SELECT ${list(columns)} FROM ${schema}.${name(table)} WHERE ${condition}`);
  const [then, now] = [read('was'), read('main')];
  return found.map((key) => {
    const values = keys.map((column) => key[column]);
    const [was, is] = [then.get(...values), now.get(...values)] as [Record<string, Value>, Record<string, Value>];
    const differing = columns.filter((column) => !isSame(was[column] ?? null, is[column] ?? null));
    return {
      kind,
      key,
      columns: Object.fromEntries(
        differing.map((column) => [column, { then: was[column] ?? null, now: is[column] ?? null }]),
      ),
    };
  });
}

function isSame(a: Value, b: Value): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;
}

function writeRows(db: RawConnection, { table, keys, columns }: Shape, rowsFile: string): void {
  const rows = openWriter(rowsFile);
  try {
    for (const kind of ['missing', 'changed']) {
      const target = name(`${kind}_${table}`);
      rows.exec(`CREATE TABLE ${target} (${list(columns)})`);
      const insert = rows.prepare(`INSERT INTO ${target} VALUES (${columns.map(() => '?').join(', ')})`);
      const same = keys.map((key) => `k.${name(key)} = t.${name(key)}`).join(' AND ');
      const select = db
        .prepare(
          `SELECT ${columns.map((column) => `t.${name(column)}`).join(', ')}
             FROM found.${kind} k JOIN was.${name(table)} t ON ${same} ORDER BY k.rowid`,
        )
        .raw()
        .safeIntegers();
      inBatches(rows, select.iterate() as Iterable<Value[]>, (row) => insert.run(...row));
    }
  } finally {
    rows.close();
  }
}

function inBatches<Row>(db: RawConnection, rows: Iterable<Row>, take: (row: Row) => void): void {
  let open = false;
  let count = 0;
  for (const row of rows) {
    if (!open) db.exec('BEGIN');
    open = true;
    take(row);
    count += 1;
    if (count % BATCH === 0) {
      db.exec('COMMIT');
      open = false;
    }
  }
  if (open) db.exec('COMMIT');
}

function list(columns: readonly string[]): string {
  return columns.map(name).join(', ');
}

function name(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
