import type { RawConnection } from '../open.js';
import { MigrationError } from './migration-error.js';
import type { Migration } from './migration-files.js';

/** Where one migration stands. */
export interface MigrationStatus {
  name: string;
  state: 'applied' | 'pending' | 'changed' | 'unknown';
  applied_at: string | null;
}

/** Which way a migration goes. */
export type MigrationDirection = 'up' | 'down';

/** What is asked of a file: everything that is pending, or so many steps back. */
export type MigrationChange = { direction: 'up' } | { direction: 'down'; steps: number };

/** The table in which a file keeps what was done to it. */
export const HISTORY_TABLE = 'schema_migrations';

const HISTORY_SQL = `CREATE TABLE IF NOT EXISTS ${HISTORY_TABLE} (
  name        TEXT PRIMARY KEY,
  checksum    TEXT NOT NULL,
  applied_at  TEXT NOT NULL,
  duration_ms INTEGER NOT NULL
) STRICT`;

interface AppliedMigration {
  name: string;
  checksum: string;
  applied_at: string;
}

/** Every migration known to the code or to the file, in order. Reads only. */
export function readStatus(connection: RawConnection, migrations: readonly Migration[]): MigrationStatus[] {
  const applied = readApplied(connection);
  const known = new Set(migrations.map((migration) => migration.name));
  const statuses: MigrationStatus[] = migrations.map(({ name, checksum }) => {
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
 * The migrations that a change consists of, in the order in which they run. Reads only.
 *
 * @throws MigrationError (`migration-history-differs`) when the file's history is not one that this code continues
 */
export function planChange(
  connection: RawConnection,
  migrations: readonly Migration[],
  change: MigrationChange,
): Migration[] {
  assertHistory(readStatus(connection, migrations));
  const applied = readApplied(connection);
  if (change.direction === 'up') return migrations.filter(({ name }) => !applied.has(name));
  return migrations
    .filter(({ name }) => applied.has(name))
    .reverse()
    .slice(0, change.steps);
}

/** The name of the newest migration of a file, or `undefined` when it has none. */
export function findNewestApplied(connection: RawConnection): string | undefined {
  return [...readApplied(connection).keys()].at(-1);
}

/** Writes down, in the caller's transaction, that a migration was applied or taken back. */
export function recordMigration(
  connection: RawConnection,
  migration: Migration,
  direction: MigrationDirection,
  durationMs: number,
  now: Date,
): void {
  if (direction === 'down') {
    connection.prepare(`DELETE FROM ${HISTORY_TABLE} WHERE name = ?`).run(migration.name);
    return;
  }
  connection.exec(HISTORY_SQL);
  connection
    .prepare(`INSERT INTO ${HISTORY_TABLE} (name, checksum, applied_at, duration_ms) VALUES (?, ?, ?, ?)`)
    .run(migration.name, migration.checksum, now.toISOString(), Math.round(durationMs));
}

function readApplied(connection: RawConnection): Map<string, AppliedMigration> {
  const exists = connection.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(HISTORY_TABLE);
  if (!exists) return new Map();
  const rows = connection
    .prepare(`SELECT name, checksum, applied_at FROM ${HISTORY_TABLE} ORDER BY name`)
    .all() as AppliedMigration[];
  return new Map(rows.map((row) => [row.name, row]));
}

function assertHistory(statuses: readonly MigrationStatus[]): void {
  const newest = statuses.findLast(({ state }) => state === 'applied')?.name ?? '';
  for (const { name, state } of statuses) {
    const problem = findHistoryProblem(name, state, newest);
    if (problem) throw new MigrationError('migration-history-differs', name, problem);
  }
}

function findHistoryProblem(name: string, state: MigrationStatus['state'], newest: string): string | undefined {
  if (state === 'pending' && name < newest)
    return `Migration ${name} comes before ${newest}, which is applied already. Give it a higher number.`;
  if (state === 'unknown')
    return `The database was migrated by a newer version: it has ${name}, which this one does not know. Start that version, or restore a backup taken before it.`;
  if (state === 'changed')
    return `Migration ${name} was changed after it had been applied. Put the change into a new migration.`;
  return undefined;
}
