import type { RawConnection } from '../../src/open.js';

/** The whole file: its schema and the rows of every table. */
export function dumpFile(connection: RawConnection): unknown {
  const schema = connection.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  const tables = connection
    .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name != 'sqlite_schema'`)
    .pluck()
    .all() as string[];
  const rows = tables.sort().map((name) => [name, connection.prepare(`SELECT * FROM "${name}"`).all()]);
  return { schema, rows, pragmas: connection.pragma('foreign_keys', { simple: true }) };
}
