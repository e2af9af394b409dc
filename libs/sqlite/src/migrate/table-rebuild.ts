import type { RawConnection } from '../open.js';

const RENAME = /\bALTER\s+TABLE\s+\S+\s+RENAME\s+TO\s+([^\s;]+)/gi;
const DROP_TABLE = /\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?([^\s;]+)/gi;
const DROP_GUARD = /\bDROP\s+(?:TRIGGER|INDEX)\s+(?:IF\s+EXISTS\s+)?([^\s;]+)/gi;

/** A trigger or an index, which goes with its table and does not come back with it. */
export interface Guard {
  name: string;
  table: string;
}

/**
 * Whether a script rebuilds a table: drops it and gives its name to another one. Between the two, triggers elsewhere name
 * a table that is not there, which SQLite's RENAME refuses unless `legacy_alter_table` is on.
 */
export function rebuildsTable(sql: string): boolean {
  const dropped = findNames(sql, DROP_TABLE);
  return [...findNames(sql, RENAME)].some((name) => dropped.has(name));
}

/** Every trigger and every index that was created by a statement of its own. */
export function listGuards(connection: RawConnection): Guard[] {
  return connection
    .prepare(
      `SELECT name, tbl_name AS "table" FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY name`,
    )
    .all() as Guard[];
}

/** The guards that vanished although their table is still there and no statement of the script drops them. */
export function findForgottenGuards(connection: RawConnection, before: readonly Guard[], sql: string): Guard[] {
  const after = new Set(listGuards(connection).map(({ name }) => name));
  const dropped = findNames(sql, DROP_GUARD);
  const findTable = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?`);
  return before.filter(
    ({ name, table }) => !after.has(name) && !dropped.has(name.toLowerCase()) && findTable.get(table),
  );
}

function findNames(sql: string, pattern: RegExp): Set<string> {
  return new Set(
    [...sql.matchAll(pattern)].map(([, name = '']) => name.replace(/^["'`[]|["'`\]]$/g, '').toLowerCase()),
  );
}
