import type { RawConnection } from '../open.js';
import {
  countBrokenChecks,
  countBrokenReferences,
  findNewlyBroken,
  type ConstraintCensus,
} from './constraint-census.js';
import { MigrationError } from './migration-error.js';
import type { Migration } from './migration-files.js';
import { findLosses, takeRowCensus, type Loss, type RowCensus } from './row-census.js';
import { findForgottenGuards, listGuards, type Guard } from './table-rebuild.js';

/** What a migration is held against. */
export interface SafeguardOptions {
  /** What may be lost: `TABLE` (its rows and the values of its columns) or `TABLE.COLUMN`. */
  allowLoss?: readonly string[];
  /** Also looks at CHECK, NOT NULL and STRICT types, which visits every row once more. */
  checks?: boolean;
  /** Tables that are not counted, because nothing may touch them at all. */
  keptTables?: RegExp;
}

/** How a file stands before a migration: what it holds and what is broken already. */
export class Safeguards {
  readonly #census: RowCensus;
  readonly #guards: Guard[];
  readonly #references: ConstraintCensus;
  readonly #checks: ConstraintCensus;

  /** Looks at the file as it is now. */
  constructor(
    private readonly connection: RawConnection,
    private readonly options: SafeguardOptions,
  ) {
    this.#census = takeRowCensus(connection, options.keptTables);
    this.#guards = listGuards(connection);
    this.#references = countBrokenReferences(connection);
    this.#checks = options.checks ? countBrokenChecks(connection) : new Map<string, number>();
  }

  /** Rows of all tables that are counted. */
  get rows(): number {
    return [...this.#census.values()].reduce((sum, { rows }) => sum + rows, 0);
  }

  /**
   * Looks again after a migration; answers the new state, from which the next one goes on.
   *
   * @throws MigrationError when something was lost that `allowLoss` does not name, or is broken that was not before
   */
  assertKept(migration: Migration, sql: string): Safeguards {
    const after = new Safeguards(this.connection, this.options);
    refuseLosses(migration, findLosses(this.#census, after.#census), this.options.allowLoss ?? []);
    refuseForgottenGuards(migration, findForgottenGuards(this.connection, this.#guards, sql));
    const references = findNewlyBroken(this.#references, after.#references);
    if (references.length > 0) {
      throw new MigrationError(
        'migration-breaks-references',
        migration.name,
        `${migration.name} would leave ${sumOf(references)} rows that point at nothing: ${references.map(([pair]) => pair).join(', ')}. Nothing was changed.`,
      );
    }
    const checks = findNewlyBroken(this.#checks, after.#checks);
    if (checks.length > 0) {
      throw new MigrationError(
        'migration-breaks-checks',
        migration.name,
        `${migration.name} would leave rows that break a rule of their table: ${checks.map(([text, rows]) => `${text} (${rows})`).join(', ')}. Nothing was changed.`,
      );
    }
    return after;
  }
}

function refuseLosses(migration: Migration, losses: Loss[], allowed: readonly string[]): void {
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

function refuseForgottenGuards(migration: Migration, forgotten: readonly Guard[]): void {
  if (forgotten.length === 0) return;
  const list = forgotten.map(({ name, table }) => `${name} of ${table}`).join(', ');
  throw new MigrationError(
    'migration-loses-guards',
    migration.name,
    `${migration.name} would lose triggers or indexes: ${list}. They went with their table: create them again, or drop them by name. Nothing was changed.`,
  );
}

function sumOf(broken: readonly [string, number][]): number {
  return broken.reduce((sum, [, rows]) => sum + rows, 0);
}
