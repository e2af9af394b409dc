import type { RawConnection } from '../open.js';
import type { Migration } from './migration-files.js';
import { findForgottenGuards, listGuards, rebuildsTable, type Guard } from './table-rebuild.js';
import { findTransactionControl } from './transaction-control.js';
import { findLosses, takeRowCensus, type Loss } from './row-census.js';

/** Where one migration stands. */
export interface MigrationStatus {
  name: string;
  state: 'applied' | 'pending' | 'changed' | 'unknown';
  applied_at: string | null;
}

/** What happened to one migration. */
export interface MigrationOutcome {
  name: string;
  direction: 'up' | 'down';
  durationMs: number;
}

/** Settings of a run. */
export interface MigrateOptions {
  /** What may be lost: `TABLE` or `TABLE.COLUMN`. Anything else that shrinks stops the migration. */
  allowLoss?: readonly string[];
  onProgress?: (outcome: MigrationOutcome) => void;
  now?: () => Date;
}

/** A migration was not applied; the file is as it was before. */
export class MigrationError extends Error {
  constructor(
    readonly code:
      | 'migration-failed'
      | 'migration-loses-rows'
      | 'migration-loses-guards'
      | 'migration-breaks-references'
      | 'migration-history-differs',
    readonly migration: string,
    message: string,
    readonly losses: Loss[] = [],
  ) {
    super(message);
    this.name = 'MigrationError';
  }
}

const RECORD = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name        TEXT PRIMARY KEY,
  checksum    TEXT NOT NULL,
  applied_at  TEXT NOT NULL,
  duration_ms INTEGER NOT NULL
) STRICT`;

/**
 * Takes one file up and down through a list of migrations. Each runs in one immediate transaction of its own with
 * foreign keys off (a rebuild that drops a table would otherwise cascade into the tables that point at it), is followed
 * by a check of every foreign key, and is refused when a table or column holds less than before or when a rebuilt table
 * comes back without its triggers and indexes.
 */
export class Migrator {
  constructor(
    private readonly connection: RawConnection,
    private readonly migrations: readonly Migration[],
  ) {}

  /** Every migration known to the code or to the file, in order. Reads only. */
  status(): MigrationStatus[] {
    const applied = this.#applied();
    const known = new Set(this.migrations.map((migration) => migration.name));
    const statuses: MigrationStatus[] = this.migrations.map(({ name, checksum }) => {
      const record = applied.get(name);
      const state = !record ? 'pending' : record.checksum === checksum ? 'applied' : 'changed';
      return { name, state, applied_at: record?.applied_at ?? null };
    });
    for (const [name, record] of applied) {
      if (!known.has(name)) statuses.push({ name, state: 'unknown', applied_at: record.applied_at });
    }
    return statuses;
  }

  /**
   * Applies what is pending.
   *
   * @throws MigrationError; migrations before the failing one stay applied, the failing one leaves nothing behind
   */
  up(options: MigrateOptions = {}): MigrationOutcome[] {
    this.#assertHistory();
    const applied = this.#applied();
    return this.migrations
      .filter((migration) => !applied.has(migration.name))
      .map((migration) => this.#run(migration, 'up', options));
  }

  /**
   * Takes back the last `steps` migrations, newest first.
   *
   * @throws MigrationError as `up` does
   */
  down(steps: number, options: MigrateOptions = {}): MigrationOutcome[] {
    this.#assertHistory();
    const applied = this.#applied();
    return this.migrations
      .filter((migration) => applied.has(migration.name))
      .reverse()
      .slice(0, steps)
      .map((migration) => this.#run(migration, 'down', options));
  }

  #run(migration: Migration, direction: 'up' | 'down', options: MigrateOptions): MigrationOutcome {
    const startedAt = performance.now();
    const { connection } = this;
    this.#refuseTransactionControl(migration, direction);
    // Inside a transaction this pragma does nothing, so it comes before BEGIN.
    const foreignKeys = connection.pragma('foreign_keys', { simple: true });
    connection.pragma('foreign_keys = OFF');
    connection.pragma(`legacy_alter_table = ${rebuildsTable(migration[direction]) ? 'ON' : 'OFF'}`);
    try {
      connection.exec('BEGIN IMMEDIATE');
      const before = takeRowCensus(connection);
      const guards = listGuards(connection);
      connection.exec(migration[direction]);
      this.#refuseLosses(migration, findLosses(before, takeRowCensus(connection)), options.allowLoss ?? []);
      this.#refuseForgottenGuards(migration, findForgottenGuards(connection, guards, migration[direction]));
      this.#refuseBrokenReferences(migration);
      this.#record(migration, direction, performance.now() - startedAt, options.now?.() ?? new Date());
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      if (error instanceof MigrationError) throw error;
      throw new MigrationError(
        'migration-failed',
        migration.name,
        `${migration.name} (${direction}) failed and left nothing behind: ${(error as Error).message}`,
      );
    } finally {
      connection.pragma('legacy_alter_table = OFF');
      connection.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
    }
    const outcome = { name: migration.name, direction, durationMs: performance.now() - startedAt };
    options.onProgress?.(outcome);
    return outcome;
  }

  /** Refused before anything runs: what a COMMIT inside has committed, no ROLLBACK brings back. */
  #refuseTransactionControl(migration: Migration, direction: 'up' | 'down'): void {
    const statement = findTransactionControl(migration[direction]);
    if (!statement) return;
    throw new MigrationError(
      'migration-failed',
      migration.name,
      `${migration.name} (${direction}) has a ${statement} of its own. Each migration already runs in one transaction; take it out.`,
    );
  }

  #refuseLosses(migration: Migration, losses: Loss[], allowed: readonly string[]): void {
    const refused = losses.filter(
      ({ subject }) => !allowed.includes(subject) && !allowed.includes(subject.split('.')[0] ?? subject),
    );
    if (refused.length === 0) return;
    const list = refused.map(({ subject, before, after }) => `${subject} (${before} → ${after})`).join(', ');
    throw new MigrationError(
      'migration-loses-rows',
      migration.name,
      `${migration.name} would lose data: ${list}. Nothing was changed. If this is meant, name each with --allow-loss.`,
      refused,
    );
  }

  #refuseForgottenGuards(migration: Migration, forgotten: readonly Guard[]): void {
    if (forgotten.length === 0) return;
    const list = forgotten.map(({ name, table }) => `${name} of ${table}`).join(', ');
    throw new MigrationError(
      'migration-loses-guards',
      migration.name,
      `${migration.name} would lose triggers or indexes: ${list}. They went with their table: create them again, or drop them by name. Nothing was changed.`,
    );
  }

  #refuseBrokenReferences(migration: Migration): void {
    const broken = this.connection.pragma('foreign_key_check') as { table: string; parent: string }[];
    if (broken.length === 0) return;
    const pairs = [...new Set(broken.map(({ table, parent }) => `${table} → ${parent}`))].join(', ');
    throw new MigrationError(
      'migration-breaks-references',
      migration.name,
      `${migration.name} would leave ${broken.length} rows that point at nothing: ${pairs}. Nothing was changed.`,
    );
  }

  #record(migration: Migration, direction: 'up' | 'down', durationMs: number, now: Date): void {
    if (direction === 'down') {
      this.connection.prepare('DELETE FROM schema_migrations WHERE name = ?').run(migration.name);
      return;
    }
    this.connection.exec(RECORD);
    this.connection
      .prepare('INSERT INTO schema_migrations (name, checksum, applied_at, duration_ms) VALUES (?, ?, ?, ?)')
      .run(migration.name, migration.checksum, now.toISOString(), Math.round(durationMs));
  }

  #applied(): Map<string, { checksum: string; applied_at: string }> {
    const exists = this.connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'`).get();
    if (!exists) return new Map();
    const rows = this.connection
      .prepare('SELECT name, checksum, applied_at FROM schema_migrations ORDER BY name')
      .all() as {
      name: string;
      checksum: string;
      applied_at: string;
    }[];
    return new Map(rows.map((row) => [row.name, row]));
  }

  #assertHistory(): void {
    const statuses = this.status();
    const newest = statuses.findLast(({ state }) => state === 'applied')?.name ?? '';
    for (const { name, state } of statuses) {
      if (state === 'pending' && name < newest) {
        throw new MigrationError(
          'migration-history-differs',
          name,
          `Migration ${name} comes before ${newest}, which is applied already. Give it a higher number.`,
        );
      }
      if (state === 'unknown') {
        throw new MigrationError(
          'migration-history-differs',
          name,
          `The database was migrated by a newer version: it has ${name}, which this one does not know. Start that version, or restore a backup taken before it.`,
        );
      }
      if (state === 'changed') {
        throw new MigrationError(
          'migration-history-differs',
          name,
          `Migration ${name} was changed after it had been applied. Put the change into a new migration.`,
        );
      }
    }
  }
}
