import {
  SqliteAdapter,
  SqliteIntrospector,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { PlannedOnceQueryCompiler } from '../query-compiler.js';
import type { ScanProcess } from './scan-process.js';

class ParallelAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class ScanConnection implements DatabaseConnection {
  constructor(private readonly scanner: ScanProcess) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return { rows: (await this.scanner.query(query.sql, query.parameters)) as R[] };
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Scans answer whole results: bound them with LIMIT.');
  }
}

class ScanDriver implements Driver {
  readonly #connection: ScanConnection;
  constructor(scanner: ScanProcess) {
    this.#connection = new ScanConnection(scanner);
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error('Scans run outside transactions.');
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** Kysely over a {@link ScanProcess}: the same queries, run where they can be ended. */
export class ScanDialect implements Dialect {
  constructor(private readonly scanner: ScanProcess) {}
  createAdapter(): SqliteAdapter {
    return new ParallelAdapter();
  }
  createDriver(): Driver {
    return new ScanDriver(this.scanner);
  }
  createQueryCompiler(): QueryCompiler {
    return new PlannedOnceQueryCompiler();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}
