import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { coreDatabasePath, readCoreMigrations } from '@mosis/db';
import {
  migrateTogether,
  openReader,
  readStatus,
  RESTORE_POINTS_FOLDER,
  RestorePoints,
  type CarefulOptions,
  type MigrationChange,
  type MigrationOutcome,
  type MigrationStatus,
  type MigrationTarget,
} from '@mosis/sqlite';
import { telemetryMigrationTarget } from '@mosis/telemetry';
import { AUDIT_HEAD_FILE } from '../audit/audit-head.js';
import type { Settings } from '../config/settings.js';
import { leavesWalToLitestream } from './start-backup.js';

/** The databases that have migrations. */
export const DATABASES = ['core', 'telemetry'] as const;
export type DatabaseName = (typeof DATABASES)[number];

/**
 * Applies what is pending to both databases; the caller holds the lock. Both are rehearsed before either is changed. Each is
 * one transaction: when the second fails although its rehearsal did not, the first stays migrated, and the next run goes on
 * with the second.
 *
 * @throws MigrationError, SpaceError
 */
export function migrateAll(settings: Settings, options: CarefulOptions = {}): MigrationOutcome[] {
  return changeDatabases(settings, DATABASES, { direction: 'up' }, options);
}

/** Goes up or down in the databases named, as {@link migrateAll} does. */
export function changeDatabases(
  settings: Settings,
  databases: readonly DatabaseName[],
  change: MigrationChange,
  options: CarefulOptions = {},
): MigrationOutcome[] {
  const targets = databases.map((database) => migrationTarget(settings, database));
  return migrateTogether(targets, change, options);
}

/** How a database is migrated. */
export function migrationTarget(settings: Settings, database: DatabaseName): MigrationTarget {
  const { dataDir } = settings;
  const autoCheckpoint = !leavesWalToLitestream(settings);
  if (database === 'telemetry') return { ...telemetryMigrationTarget(dataDir), autoCheckpoint };
  return {
    autoCheckpoint,
    file: coreDatabasePath(dataDir),
    migrations: readCoreMigrations(),
    folder: join(dataDir, RESTORE_POINTS_FOLDER),
    copy: 'whole',
    // An older core.db does not have the row that a newer head names.
    companions: [AUDIT_HEAD_FILE],
  };
}

/** The restore points of core.db. */
export function coreRestorePoints(settings: Settings): RestorePoints {
  const { folder, file, companions } = migrationTarget(settings, 'core');
  return new RestorePoints(folder, file, companions);
}

/** Where every migration of both databases stands; reads without the lock, beside a running server. */
export function readMigrationStatus(settings: Settings): (MigrationStatus & { database: string })[] {
  return DATABASES.flatMap((database) => {
    const { file, migrations } = migrationTarget(settings, database);
    const named = (statuses: MigrationStatus[]) => statuses.map((status) => ({ database: basename(file), ...status }));
    if (!existsSync(file))
      return named(migrations.map(({ name }) => ({ name, state: 'pending' as const, applied_at: null })));
    const connection = openReader(file);
    try {
      return named(readStatus(connection, migrations));
    } finally {
      connection.close();
    }
  });
}
