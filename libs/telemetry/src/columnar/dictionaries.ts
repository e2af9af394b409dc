import type { RawConnection } from '@mosis/sqlite/connection';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Session } from './duck.js';

/** What a context says, in the order of its columns. */
export const CONTEXT_COLUMNS = ['app_version', 'mosis_version', 'os', 'country', 'device_model', 'locale'] as const;

const TABLES = `
  CREATE TABLE IF NOT EXISTS apps (app INTEGER, package_id VARCHAR);
  CREATE TABLE IF NOT EXISTS types (type INTEGER, app INTEGER, name VARCHAR);
  CREATE TABLE IF NOT EXISTS contexts (context INTEGER, app INTEGER, ${CONTEXT_COLUMNS.map((name) => `${name} VARCHAR, ${name}_word INTEGER`).join(', ')})`;

const WORDS = CONTEXT_COLUMNS.map((name) => `LEFT JOIN words ${name} ON ${name}.word = c.${name}`).join(' ');
const CONTEXTS = `SELECT c.context, c.app, ${CONTEXT_COLUMNS.map((name) => `${name}.value, c.${name}`).join(', ')}
  FROM contexts c ${WORDS} WHERE c.context > ? ORDER BY c.context LIMIT 2000`;
const TYPES = `SELECT word, app, value FROM words WHERE word > ? AND kind = 'type' ORDER BY word LIMIT 2000`;
const APPS = 'SELECT app, package_id FROM apps WHERE app > ? ORDER BY app LIMIT 2000';

/**
 * The dictionaries of telemetry.db inside DuckDB. They only ever grow, in the transactions that need the new entry; so
 * rows must be read first and their dictionaries after them.
 */
export class Dictionaries {
  #last = { apps: 0, types: 0, contexts: 0 };
  #reading: Promise<void> = Promise.resolve();

  constructor(private readonly db: RawConnection) {}

  /** Brings the tables `apps`, `types` and `contexts` up to now; one request at a time. */
  async refresh(session: Session): Promise<void> {
    const before = this.#reading.catch(() => undefined);
    this.#reading = before.then(() => this.#read(session));
    await this.#reading;
  }

  async #read(session: Session): Promise<void> {
    await session.run(TABLES);
    this.#last.apps = await copyRows(this.db, session.connection, 'apps', APPS, this.#last.apps);
    this.#last.types = await copyRows(this.db, session.connection, 'types', TYPES, this.#last.types);
    this.#last.contexts = await copyRows(this.db, session.connection, 'contexts', CONTEXTS, this.#last.contexts);
  }
}

/** Appends what a statement answers after `last` to a table, whose first column is its key, and answers the last key. */
async function copyRows(
  db: RawConnection,
  connection: DuckDBConnection,
  table: string,
  sql: string,
  last: number,
): Promise<number> {
  const statement = db.prepare(sql).raw();
  const appender = await connection.createAppender(table);
  try {
    for (;;) {
      const rows = statement.all(last) as (number | string | null)[][];
      for (const row of rows) {
        for (const value of row) {
          if (value === null) appender.appendNull();
          else if (typeof value === 'number') appender.appendInteger(value);
          else appender.appendVarchar(value);
        }
        appender.endRow();
      }
      if (rows.length === 0) return last;
      last = rows.at(-1)?.[0] as number;
      appender.flushSync();
    }
  } finally {
    appender.closeSync();
  }
}
