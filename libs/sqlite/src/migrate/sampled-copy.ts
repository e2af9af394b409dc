import { openReader, openWriter, type RawConnection } from '../open.js';
import { removeDatabase } from './durable-files.js';
import { HISTORY_TABLE } from './history.js';
import { quoteIdentifier as quote } from './quote.js';

/** Rows that a copy takes from each end of a table. */
export interface SampleSizes {
  rows: number;
  /** Of tables that a migration must not touch. */
  keptRows: number;
}

const STANDARD_SIZES: SampleSizes = { rows: 5_000, keptRows: 10 };

interface SampledTable {
  name: string;
  sql: string;
  columns: string[];
  /** What its rows are ordered by. */
  order: string[];
}

/**
 * Makes a copy of a database that has its whole schema, its whole history of migrations and of each table the first and the
 * last rows, with the rows that those point at. What it costs does not grow with the database.
 */
export function makeSampledCopy(file: string, copy: string, keptTables: RegExp, sizes = STANDARD_SIZES): void {
  removeDatabase(copy);
  const source = openReader(file);
  const target = openWriter(copy);
  try {
    // A copy that is thrown away needs no syncs.
    target.pragma('synchronous = OFF');
    target.pragma('foreign_keys = OFF');
    target.exec('BEGIN');
    const tables = listTables(source);
    for (const { sql } of tables) target.exec(sql);
    for (const table of tables) {
      const rows = keptTables.test(table.name) ? sizes.keptRows : sizes.rows;
      copyRows(source, target, table, table.name === HISTORY_TABLE ? undefined : rows);
    }
    while (copyParents(source, target, tables) > 0);
    copyCounters(source, target);
    // Triggers come last, or they would act on the rows that are copied.
    for (const sql of listOtherSchema(source)) target.exec(sql);
    target.exec('COMMIT');
  } finally {
    source.close();
    target.close();
  }
}

function listTables(source: RawConnection): SampledTable[] {
  const rows = source
    .prepare(
      `SELECT l.name, l.wr, s.sql FROM pragma_table_list l JOIN sqlite_schema s ON s.name = l.name AND s.type = 'table'
       WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name`,
    )
    .all() as { name: string; wr: number; sql: string }[];
  return rows.map(({ name, wr, sql }) => {
    const columns = source.prepare('SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0').all(name) as {
      name: string;
      pk: number;
    }[];
    const key = columns.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
    return {
      name,
      sql,
      columns: columns.map((column) => column.name),
      order: wr ? key.map((column) => quote(column.name)) : ['rowid'],
    };
  });
}

function listOtherSchema(source: RawConnection): string[] {
  return source
    .prepare(
      `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('index', 'view', 'trigger')
       ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END`,
    )
    .pluck()
    .all() as string[];
}

function copyRows(source: RawConnection, target: RawConnection, table: SampledTable, limit: number | undefined): void {
  const { name, columns, order } = table;
  const select = `SELECT ${columns.map(quote).join(', ')} FROM ${quote(name)}`;
  const insert = prepareInsert(target, table);
  const ends = limit === undefined ? [''] : [` ORDER BY ${order.join(', ')} LIMIT ${limit}`, reversed(order, limit)];
  for (const end of ends) {
    for (const row of source
      .prepare(select + end)
      .raw()
      .safeIntegers()
      .iterate())
      insert.run(row);
  }
}

function reversed(order: readonly string[], limit: number): string {
  return ` ORDER BY ${order.map((column) => `${column} DESC`).join(', ')} LIMIT ${limit}`;
}

function prepareInsert(target: RawConnection, { name, columns }: SampledTable) {
  return target.prepare(
    `INSERT OR IGNORE INTO ${quote(name)} (${columns.map(quote).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
}

/** Adds the rows that copied rows point at; answers how many came. Those may point further. */
function copyParents(source: RawConnection, target: RawConnection, tables: readonly SampledTable[]): number {
  const missing = target.pragma('foreign_key_check') as {
    table: string;
    rowid: number | null;
    parent: string;
    fkid: number;
  }[];
  let added = 0;
  const keys = new Set(missing.map(({ table, fkid }) => `${fkid} ${table}`));
  for (const key of keys) {
    const [fkid = '', ...words] = key.split(' ');
    added += copyParentsOf(source, target, tables, words.join(' '), Number(fkid));
  }
  return added;
}

function copyParentsOf(
  source: RawConnection,
  target: RawConnection,
  tables: readonly SampledTable[],
  child: string,
  fkid: number,
): number {
  const reference = source
    .prepare('SELECT "table", "from", "to" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq')
    .all(child, fkid) as { table: string; from: string; to: string | null }[];
  const parentName = reference[0]?.table.toLowerCase();
  const parent = tables.find(({ name }) => name.toLowerCase() === parentName);
  if (!parent) return 0;
  const primaryKey = source
    .prepare('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck()
    .all(parent.name) as string[];
  const to = reference.map((column, index) => quote(column.to ?? primaryKey[index] ?? 'rowid'));
  const from = reference.map((column) => quote(column.from));
  const find = source
    .prepare(
      `SELECT ${parent.columns.map(quote).join(', ')} FROM ${quote(parent.name)} WHERE (${to.join(', ')}) = (${to.map(() => '?').join(', ')})`,
    )
    .raw()
    .safeIntegers();
  const insert = prepareInsert(target, parent);
  const wanted = target
    .prepare(`SELECT DISTINCT ${from.join(', ')} FROM ${quote(child)}`)
    .raw()
    .safeIntegers()
    .all();
  let added = 0;
  for (const values of wanted as unknown[][]) {
    const row = find.get(values) as unknown[] | undefined;
    if (row) added += insert.run(row).changes;
  }
  return added;
}

/** AUTOINCREMENT goes on where it is, not where the sample ends. */
function copyCounters(source: RawConnection, target: RawConnection): void {
  if (!source.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'`).get()) return;
  target.exec('DELETE FROM sqlite_sequence');
  const insert = target.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)');
  const rows = source.prepare('SELECT name, seq FROM sqlite_sequence').raw().safeIntegers().all() as unknown[][];
  for (const row of rows) insert.run(row);
}
