import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { ARCHIVE_FOLDER } from '../lib/internals.ts';
import { timed } from '../lib/statistics.ts';

const HOUR_MS = 3_600_000;
/** What the analytics process has unless it is told otherwise. */
const SETTINGS = { threads: '2', memory_limit: '256MB' };

/** The least that DuckDB takes for a question to the Parquet copies: reading the columns that it needs, and nothing else. */
export class DuckScan {
  readonly #connection: DuckDBConnection;
  /** Paths of the copies as SQL literals. */
  readonly #copies: readonly string[];

  private constructor(connection: DuckDBConnection, copies: readonly string[]) {
    this.#connection = connection;
    this.#copies = copies;
  }

  /** On the copies of a data set, in this process. */
  static async open({ folder }: { folder: string }): Promise<DuckScan> {
    const connection = await (await DuckDBInstance.create(':memory:', SETTINGS)).connect();
    const archive = join(folder, ARCHIVE_FOLDER);
    const files = readdirSync(archive, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );
    if (files.length === 0) throw new Error(`There are no Parquet copies in ${archive}.`);
    return new DuckScan(
      connection,
      files.map((name) => `'${join(archive, name).replaceAll("'", "''")}'`),
    );
  }

  /** Milliseconds of reading columns of one app's events. */
  async read(packageId: string, columns: readonly string[]): Promise<number> {
    // A count of values reads each of them, and does nothing with it.
    const counts = columns.map((column) => `count(${column})`).join(', ');
    return this.#time(
      `SELECT ${counts} FROM read_parquet([${this.#copies.join(', ')}]) WHERE package_id = '${packageId}'`,
    );
  }

  /** Milliseconds of grouping each copy by session and hour, which is the largest part of counting all days again. */
  async groupSessions(): Promise<number> {
    let ms = 0;
    for (const copy of this.#copies) {
      ms += await this.#time(
        `SELECT count(*), sum(events), min(first) FROM (
           SELECT session, device, epoch_ms(time) // ${HOUR_MS} AS hour, count(*) AS events, min(time) AS first
           FROM read_parquet(${copy}) GROUP BY session, device, hour)`,
      );
    }
    return ms;
  }

  close(): void {
    this.#connection.closeSync();
  }

  async #time(sql: string): Promise<number> {
    return (await timed(() => this.#connection.runAndReadAll(sql))).ms;
  }
}
