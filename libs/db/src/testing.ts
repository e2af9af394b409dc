import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Migrator, openWriter } from '@mosis/sqlite';
import { coreDatabasePath, openCoreDatabase, readCoreMigrations, type CoreDatabase } from './core-database.js';

/** A migrated core.db in a directory of its own, for tests. */
export interface TestCoreDatabase {
  db: CoreDatabase;
  dataDir: string;
  dispose(): Promise<void>;
}

/** Makes a real, fully migrated core.db in a new temporary directory. */
export function createTestCoreDatabase(): TestCoreDatabase {
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-test-'));
  migrateCoreDatabase(dataDir);
  const db = openCoreDatabase(dataDir);
  return {
    db,
    dataDir,
    async dispose() {
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Applies every core migration to the file of a data directory. */
export function migrateCoreDatabase(dataDir: string): void {
  const connection = openWriter(coreDatabasePath(dataDir));
  try {
    new Migrator(connection, readCoreMigrations()).up();
  } finally {
    connection.close();
  }
}
