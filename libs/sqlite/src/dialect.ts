import { AsyncLocalStorage } from 'node:async_hooks';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { closeWriter, type RawConnection } from './open.js';
import { Mutex } from './mutex.js';
import { PlannedOnceQueryCompiler } from './query-compiler.js';

/** Marks the asynchronous context that runs inside a write transaction, per connection. */
export const insideTransaction = new AsyncLocalStorage<RawConnection>();

/** SQLite with what this project's connections really do: DDL rolls back, and the driver serialises by itself. */
class MosisSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class PreparedConnection implements DatabaseConnection {
  /** Statements are compiled once: SQL text comes from repositories, so there are few distinct ones. */
  readonly #statements = new Map<string, ReturnType<RawConnection['prepare']>>();
  readonly #maxStatements = 500;

  constructor(readonly raw: RawConnection) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(query.sql);
    if (statement.reader) return { rows: statement.all(query.parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    // An open cursor keeps the WAL from resetting for as long as its reader is slow.
    throw new Error('Streaming from inside a statement is not allowed: page with a cursor instead.');
  }

  #prepare(sql: string) {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= this.#maxStatements) this.#statements.clear();
      statement = this.raw.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

class MosisSqliteDriver implements Driver {
  readonly #connection: PreparedConnection;
  readonly #mutex = new Mutex();

  constructor(
    readonly raw: RawConnection,
    private readonly mode: 'writer' | 'reader',
  ) {
    this.#connection = new PreparedConnection(raw);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.mode === 'reader') return this.#connection;
    if (insideTransaction.getStore() === this.raw) {
      // Waiting here would wait for ourselves, for ever.
      throw new Error('The writer was used inside its own transaction: pass the transaction to what you call.');
    }
    await this.#mutex.lock();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    if (this.mode === 'writer') this.#mutex.unlock();
  }

  async beginTransaction(): Promise<void> {
    // All readers share one connection: a transaction of one would be everybody's, and would hold the WAL.
    if (this.mode === 'reader') throw new Error('Reads run outside transactions: use write for what belongs together.');
    // A deferred BEGIN that later upgrades to a write can fail with SQLITE_BUSY halfway through.
    this.raw.exec('BEGIN IMMEDIATE');
  }

  async commitTransaction(): Promise<void> {
    this.raw.exec('COMMIT');
  }

  async rollbackTransaction(): Promise<void> {
    // Some errors (disk full, a RAISE(ROLLBACK)) have already ended the transaction.
    if (this.raw.inTransaction) this.raw.exec('ROLLBACK');
  }

  async destroy(): Promise<void> {
    // The transaction that runs now has its turn to the end; whoever comes later meets a closed connection.
    if (this.mode === 'writer') await this.#mutex.lock();
    if (this.mode === 'writer') closeWriter(this.raw);
    else this.raw.close();
    if (this.mode === 'writer') this.#mutex.unlock();
  }
}

/** Kysely on one better-sqlite3 connection: `BEGIN IMMEDIATE`, statements prepared once, DDL inside transactions. */
export class MosisSqliteDialect implements Dialect {
  constructor(
    private readonly raw: RawConnection,
    private readonly mode: 'writer' | 'reader',
  ) {}

  createAdapter(): SqliteAdapter {
    return new MosisSqliteAdapter();
  }
  createDriver(): Driver {
    return new MosisSqliteDriver(this.raw, this.mode);
  }
  createQueryCompiler(): QueryCompiler {
    return new PlannedOnceQueryCompiler();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}
