import type { RawConnection } from '../open.js';
import { quoteIdentifier } from './quote.js';

const EVENTS = ['INSERT', 'UPDATE', 'DELETE'] as const;
const REFUSAL = 'a migration must not change the rows of';

/**
 * Watches tables that a migration must leave as they are, without reading their rows: a trigger of this connection stands
 * on each, which refuses every change, and which goes with the table when that is dropped. Lives inside a transaction.
 */
export class KeptTables {
  readonly #before: string;
  readonly #triggers: string[] = [];

  constructor(
    private readonly connection: RawConnection,
    private readonly names: RegExp,
  ) {
    this.#before = this.#describe();
    for (const [index, table] of this.#list().entries()) {
      for (const event of EVENTS) {
        const name = `mosis_kept_${index}_${event.toLowerCase()}`;
        const message = `${REFUSAL} ${table}`.replaceAll(`'`, `''`);
        connection.exec(
          `CREATE TEMP TRIGGER ${name} BEFORE ${event} ON main.${quoteIdentifier(table)} BEGIN SELECT RAISE(ABORT, '${message}'); END`,
        );
        this.#triggers.push(name);
      }
    }
  }

  /** Whether each is still the same table, with the same definition, indexes and triggers. */
  areSame(): boolean {
    const standing = new Set(
      this.connection.prepare(`SELECT name FROM sqlite_temp_schema WHERE type = 'trigger'`).pluck().all(),
    );
    return this.#triggers.every((name) => standing.has(name)) && this.#describe() === this.#before;
  }

  /** Takes the watch away. */
  release(): void {
    for (const name of this.#triggers) this.connection.exec(`DROP TRIGGER IF EXISTS temp.${name}`);
  }

  #list(): string[] {
    return (
      this.connection
        .prepare(`SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name`)
        .pluck()
        .all() as string[]
    ).filter((name) => this.names.test(name));
  }

  #describe(): string {
    const rows = this.connection
      .prepare('SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type, name')
      .all() as { tbl_name: string }[];
    return JSON.stringify(rows.filter((row) => this.names.test(row.tbl_name)));
  }
}

/** The first word of a script that is the name of such a table, comments and strings included. */
export function findKeptName(sql: string, names: RegExp): string | undefined {
  return (sql.match(/\w+/g) ?? []).find((word) => names.test(word));
}

/** Whether SQLite refused a statement because it would have changed a kept table. */
export function isKeptTableRefusal(error: unknown): boolean {
  return (error as Error).message.startsWith(REFUSAL);
}
