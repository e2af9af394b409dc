import { Kysely, type Transaction } from 'kysely';
import { MosisSqliteDialect, insideTransaction } from './dialect.js';
import { closeWriter, openReader, openWriter, type RawConnection } from './open.js';
import { PreparedQuery, type Preparable } from './prepared-query.js';
import { ScanProcess, type ScanOptions } from './scan/scan-process.js';
import { ScanDialect } from './scan/scan-dialect.js';

/** How a database file is opened. */
export interface SqliteDatabaseOptions {
  file: string;
  /** `false` leaves the WAL to Litestream. */
  autoCheckpoint?: boolean;
  /** Settings of the process that runs scans; absent in tools that do not scan. */
  scan?: Partial<ScanOptions>;
}

/**
 * One SQLite file with its three ways in: `write` (one transaction at a time), `read` (short reads on a connection
 * that cannot write) and `scan` (long reads in a process of their own, killed at a deadline).
 */
export class SqliteDatabase<Schema> {
  readonly #writer: Kysely<Schema>;
  readonly #scanProcess: ScanProcess;
  readonly #afterCommit: (() => void)[] = [];
  readonly #rawReader: RawConnection;
  #closing = false;
  readonly rawWriter: RawConnection;
  /** Short reads: an index look-up, a page of a list. Sees only what is committed. */
  readonly read: Kysely<Schema>;
  /** Reads that may visit many rows; they cost a hop to another process and end at the deadline. */
  readonly scan: Kysely<Schema>;

  constructor(options: SqliteDatabaseOptions) {
    this.rawWriter = openWriter(options.file, { autoCheckpoint: options.autoCheckpoint ?? true });
    this.#writer = new Kysely<Schema>({ dialect: new MosisSqliteDialect(this.rawWriter, 'writer') });
    this.#rawReader = openReader(options.file);
    this.read = new Kysely<Schema>({ dialect: new MosisSqliteDialect(this.#rawReader, 'reader') });
    this.#scanProcess = new ScanProcess({ file: options.file, ...options.scan });
    this.scan = new Kysely<Schema>({ dialect: new ScanDialect(this.#scanProcess) });
  }

  /**
   * Compiles a short read once. Kysely builds its tree and its SQL anew at each call otherwise, which takes longer than
   * SQLite needs for an indexed look-up. No value may decide the shape of the query: none is `null`, and none is a list.
   */
  prepareRead<Parameters extends Record<string, string | number>, Row>(
    build: (values: Parameters) => Preparable<Row>,
  ): PreparedQuery<Parameters, Row> {
    return new PreparedQuery(this.#rawReader, build);
  }

  /**
   * Runs `work` in one immediate transaction and resolves after its COMMIT has been synced to disk. Whatever `work`
   * throws rolls everything back. `work` may await nothing but queries of `trx`: other writers wait for it.
   */
  async write<Result>(work: (trx: Transaction<Schema>) => Promise<Result>): Promise<Result> {
    if (this.#closing) throw new Error('The database is closing.');
    const result = await this.#writer
      .transaction()
      .execute((trx) => insideTransaction.run(this.rawWriter, () => work(trx)));
    for (const listener of this.#afterCommit) listener();
    return result;
  }

  /** Calls `listener` after each committed transaction; it must not throw. */
  onCommit(listener: () => void): void {
    this.#afterCommit.push(listener);
  }

  /** Closes the connections after the transactions that were asked for before, folding the WAL into the file unless it is Litestream's. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#scanProcess.close();
    await this.read.destroy();
    // Kysely leaves alone what was never used. The writer goes last: the last connection folds the WAL in.
    this.#rawReader.close();
    await this.#writer.destroy();
    closeWriter(this.rawWriter);
  }
}
