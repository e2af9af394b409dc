import type { RawConnection } from '../open.js';
import {
  planChange,
  readStatus,
  recordMigration,
  type MigrationChange,
  type MigrationDirection,
  type MigrationStatus,
} from './history.js';
import { KeptTables, findKeptName, isKeptTableRefusal } from './kept-tables.js';
import { MigrationError } from './migration-error.js';
import type { Migration } from './migration-files.js';
import { Safeguards, type SafeguardOptions } from './safeguards.js';
import { rebuildsTable } from './table-rebuild.js';
import { findTransactionControl } from './transaction-control.js';

/** What happened to one migration. */
export interface MigrationOutcome {
  name: string;
  direction: MigrationDirection;
  /** Its statements and the counting afterwards. */
  durationMs: number;
  /** Rows that the file held before it, in the tables that are counted. */
  rows: number;
}

/** Settings of a run. */
export interface MigrateOptions extends SafeguardOptions {
  /** Told before each migration (without a duration) and after it; a later one may still undo it. */
  onStep?: (step: Omit<MigrationOutcome, 'durationMs'> & { durationMs?: number }) => void;
  now?: () => Date;
}

/**
 * Takes one file up and down through a list of migrations. All that one call runs is one immediate transaction with foreign
 * keys off (a rebuild that drops a table would otherwise cascade into the tables that point at it): it is applied whole, or
 * the file is as it was. Each migration is followed by a check of every foreign key, and is refused when a table or column
 * holds less than before, when a rebuilt table comes back without its triggers and indexes, or when it touches a kept table.
 */
export class Migrator {
  constructor(
    private readonly connection: RawConnection,
    private readonly migrations: readonly Migration[],
  ) {}

  /** Every migration known to the code or to the file, in order. Reads only. */
  status(): MigrationStatus[] {
    return readStatus(this.connection, this.migrations);
  }

  /**
   * Applies what is pending.
   *
   * @throws MigrationError; then none of them is applied
   */
  up(options: MigrateOptions = {}): MigrationOutcome[] {
    return this.run({ direction: 'up' }, options);
  }

  /**
   * Takes back the last `steps` migrations, newest first.
   *
   * @throws MigrationError; then none of them is taken back
   */
  down(steps: number, options: MigrateOptions = {}): MigrationOutcome[] {
    return this.run({ direction: 'down', steps }, options);
  }

  /** Goes up or down. @throws MigrationError as `up` and `down` do */
  run(change: MigrationChange, options: MigrateOptions = {}): MigrationOutcome[] {
    const { connection } = this;
    const { direction } = change;
    const plan = planChange(connection, this.migrations, change);
    for (const migration of plan) refuseBeforehand(migration, direction, options.keptTables);
    if (plan.length === 0) return [];
    // Inside a transaction this pragma does nothing, so it comes before BEGIN.
    const foreignKeys = connection.pragma('foreign_keys', { simple: true });
    connection.pragma('foreign_keys = OFF');
    let current = plan[0]?.name ?? '';
    try {
      connection.exec('BEGIN IMMEDIATE');
      const kept = options.keptTables && new KeptTables(connection, options.keptTables);
      let safeguards = new Safeguards(connection, options);
      const outcomes: MigrationOutcome[] = [];
      for (const migration of plan) {
        current = migration.name;
        const step = { name: current, direction, rows: safeguards.rows };
        options.onStep?.(step);
        const startedAt = performance.now();
        connection.pragma(`legacy_alter_table = ${rebuildsTable(migration[direction]) ? 'ON' : 'OFF'}`);
        connection.exec(migration[direction]);
        if (kept && !kept.areSame()) throw changesKeptTable(migration);
        safeguards = safeguards.assertKept(migration, migration[direction]);
        const durationMs = performance.now() - startedAt;
        recordMigration(connection, migration, direction, durationMs, options.now?.() ?? new Date());
        outcomes.push({ ...step, durationMs });
        options.onStep?.({ ...step, durationMs });
      }
      kept?.release();
      connection.exec('COMMIT');
      return outcomes;
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      if (error instanceof MigrationError) throw error;
      throw new MigrationError(
        isKeptTableRefusal(error) ? 'migration-changes-kept-table' : 'migration-failed',
        current,
        `${current} (${direction}) failed and left nothing behind: ${(error as Error).message}`,
      );
    } finally {
      connection.pragma('legacy_alter_table = OFF');
      connection.pragma('ignore_check_constraints = OFF');
      connection.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
    }
  }
}

/** Refused before anything runs: what a COMMIT inside has committed, no ROLLBACK brings back. */
function refuseBeforehand(migration: Migration, direction: MigrationDirection, keptTables: RegExp | undefined): void {
  const statement = findTransactionControl(migration[direction]);
  if (statement) {
    throw new MigrationError(
      'migration-failed',
      migration.name,
      `${migration.name} (${direction}) has a ${statement} of its own. All migrations of a run are one transaction; take it out.`,
    );
  }
  const name = keptTables && findKeptName(migration[direction], keptTables);
  if (name) {
    throw new MigrationError(
      'migration-changes-kept-table',
      migration.name,
      `${migration.name} (${direction}) names ${name}, whose rows are written once and never rewritten by a migration. Nothing was changed.`,
    );
  }
}

function changesKeptTable(migration: Migration): MigrationError {
  return new MigrationError(
    'migration-changes-kept-table',
    migration.name,
    `${migration.name} would change, drop or replace tables whose rows are written once (raw events, ledgers). Nothing was changed.`,
  );
}
