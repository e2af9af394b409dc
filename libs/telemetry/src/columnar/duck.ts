import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { ARCHIVE_FOLDER } from '../storage/telemetry-file.js';
import type { AnalyticsSettings } from './protocol.js';

/** Text as an SQL literal. For paths and settings of our own; what people send is bound. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A database in memory, for tables that are of no use to anybody later: they are neither packed nor written to a file. */
export const UNSAVED = 'unsaved';

/**
 * Opens DuckDB on a file in the scratch folder, so that staged rows are in no one's memory. It never loads an extension,
 * reaches no file outside the archive, and cannot be talked out of either afterwards.
 */
export async function openDuck(settings: AnalyticsSettings, scratch: string): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(join(scratch, 'analytics.duckdb'), {
    threads: String(settings.threads),
    memory_limit: `${settings.memoryLimitMb}MB`,
    temp_directory: join(scratch, 'spill'),
    max_temp_directory_size: '8GB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    // The copies are sorted before the dictionaries are joined, which keeps the sort small; so order must outlive a join,
    // and the small side of a join is the one that is written second.
    preserve_insertion_order: 'true',
    disabled_optimizers: 'join_order,build_side_probe_side',
  });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  await connection.run(`ATTACH ':memory:' AS ${UNSAVED}`);
  const folders = [join(settings.dataDir, ARCHIVE_FOLDER), settings.aggregatesFolder ?? []].flat();
  await connection.run(`SET allowed_directories = [${folders.map(literal).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  connection.closeSync();
  return instance;
}

/** One request's connection, and whether the request was given up. */
export class Session {
  #cancelled = false;
  #second: Session | undefined;

  private constructor(
    private readonly duck: DuckDBInstance,
    readonly connection: DuckDBConnection,
  ) {}

  static async open(duck: DuckDBInstance): Promise<Session> {
    return new Session(duck, await duck.connect());
  }

  /** Another connection of the same request, since one reads the rows of one statement at a time. */
  async second(): Promise<Session> {
    this.#second ??= await Session.open(this.duck);
    if (this.#cancelled) this.#second.cancel();
    return this.#second;
  }

  /** Stops the statement that runs, and every later one. */
  cancel(): void {
    this.#cancelled = true;
    this.connection.interrupt();
    this.#second?.cancel();
  }

  close(): void {
    this.#second?.close();
    this.connection.closeSync();
  }

  /** @throws when the request was given up */
  check(): void {
    if (this.#cancelled) throw new Error('The request was given up.');
  }

  /** Runs a statement; `values` are bound as $1, $2 … */
  async run(sql: string, values: DuckDBValue[] = []): Promise<void> {
    this.check();
    await this.connection.run(sql, values);
    this.check();
  }

  /** Runs a statement and answers its rows; whole numbers are bigint. */
  async rows<Row = Record<string, unknown>>(sql: string, values: DuckDBValue[] = []): Promise<Row[]> {
    this.check();
    const reader = await this.connection.runAndReadAll(sql, values);
    this.check();
    return reader.getRowObjects() as Row[];
  }

  /** The one row of a statement. */
  async row<Row = Record<string, unknown>>(sql: string, values: DuckDBValue[] = []): Promise<Row> {
    return (await this.rows<Row>(sql, values))[0] as Row;
  }
}

/** Lets messages in between two pieces of work: a request to stop among them. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Gives the memory of answers back that nobody looks at any more: the collector sees how small their handles are only. */
export function collectAnswers(): void {
  globalThis.gc?.();
}
