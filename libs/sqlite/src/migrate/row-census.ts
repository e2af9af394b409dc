import type { RawConnection } from '../open.js';
import { HISTORY_TABLE } from './history.js';
import { quoteIdentifier as quote } from './quote.js';

/** Per table: its rows, and how many of them have a value in each column. */
export type RowCensus = Map<string, { rows: number; nonNull: Map<string, number> }>;

/** Something that a migration took away. */
export interface Loss {
  /** `TABLE` or `TABLE.COLUMN`: what `--allow-loss` has to name. */
  subject: string;
  before: number;
  after: number;
}

/** Counts every ordinary table but `leftOut`; indexes of a search table and the migrator's own record never count. */
export function takeRowCensus(connection: RawConnection, leftOut?: RegExp): RowCensus {
  const tables = connection
    .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
    .all() as {
    name: string;
  }[];
  const census: RowCensus = new Map();
  for (const { name } of tables) {
    if (name.startsWith('sqlite_') || name === HISTORY_TABLE || leftOut?.test(name)) continue;
    const columns = (connection.prepare('SELECT name FROM pragma_table_info(?)').all(name) as { name: string }[]).map(
      (column) => column.name,
    );
    const counts = connection
      .prepare(`SELECT COUNT(*), ${columns.map((column) => `COUNT(${quote(column)})`).join(', ')} FROM ${quote(name)}`)
      .raw()
      .get() as number[];
    census.set(name, {
      rows: counts[0] ?? 0,
      nonNull: new Map(columns.map((column, index) => [column, counts[index + 1] ?? 0])),
    });
  }
  return census;
}

/** What `after` holds less of than `before`: tables, rows, and values of a column. */
export function findLosses(before: RowCensus, after: RowCensus): Loss[] {
  const losses: Loss[] = [];
  for (const [table, was] of before) {
    const is = after.get(table);
    if (was.rows > (is?.rows ?? 0)) losses.push({ subject: table, before: was.rows, after: is?.rows ?? 0 });
    if (!is || is.rows < was.rows) continue;
    for (const [column, wasValues] of was.nonNull) {
      const isValues = is.nonNull.get(column) ?? 0;
      if (wasValues > isValues) losses.push({ subject: `${table}.${column}`, before: wasValues, after: isValues });
    }
  }
  return losses;
}
