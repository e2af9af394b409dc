import { coreDatabasePath, openCoreDatabase, readCoreMigrations } from '@mosis/db';
import { createObjectStore } from '@mosis/object-store';
import { Migrator, openWriter, type MigrateOptions, type MigrationOutcome } from '@mosis/sqlite';
import type { Parts } from '../app.module.js';
import type { Settings } from '../config/settings.js';

/** Applies what is pending to core.db; the caller holds the lock. */
export function migrateCore(settings: Settings, options: MigrateOptions = {}): MigrationOutcome[] {
  return withMigrator(settings, (migrator) => migrator.up(options));
}

/** Runs `work` with a migrator on a connection of its own. */
export function withMigrator<Result>(settings: Settings, work: (migrator: Migrator) => Result): Result {
  const connection = openWriter(coreDatabasePath(settings.dataDir));
  try {
    return work(new Migrator(connection, readCoreMigrations()));
  } finally {
    connection.close();
  }
}

/** Opens the database and the object store; the caller holds the lock and has migrated. */
export async function openParts(settings: Settings): Promise<Parts> {
  const objects = createObjectStore({
    url: settings.objectStoreUrl,
    s3: { ...settings.s3, forcePathStyle: settings.s3.endpoint !== undefined },
  });
  try {
    await objects.check();
  } catch (error) {
    await objects.close();
    throw new Error(`The object store (${objects.describe()}) cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { settings, db: openCoreDatabase(settings.dataDir), objects };
}
