import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { SqliteDatabase, readMigrations, type Migration, type ScanOptions } from '@mosis/sqlite';
import type { CoreSchema } from './tables.js';

/** A read or write handle on core.db; repositories take one so that they work in and outside transactions. */
export type CoreHandle = Kysely<CoreSchema>;
/** An open write transaction on core.db. */
export type CoreTransaction = Transaction<CoreSchema>;
/** A row as it is read. */
export type CoreRow<Table extends keyof CoreSchema> = Selectable<CoreSchema[Table]>;

/** The name of the core database inside a data directory. */
export const CORE_DATABASE_FILE = 'core.db';

/** core.db, opened. */
export class CoreDatabase extends SqliteDatabase<CoreSchema> {}

/** The migrations of core.db, in order. */
export function readCoreMigrations(): Migration[] {
  return readMigrations(fileURLToPath(new URL('../../../migrations/core', import.meta.url)));
}

/** Where core.db lies in a data directory. */
export function coreDatabasePath(dataDir: string): string {
  return join(dataDir, CORE_DATABASE_FILE);
}

/** Opens core.db of a data directory; its migrations must have been applied. `autoCheckpoint: false` leaves the WAL to Litestream. */
export function openCoreDatabase(
  dataDir: string,
  scan?: Partial<ScanOptions>,
  { autoCheckpoint = true }: { autoCheckpoint?: boolean } = {},
): CoreDatabase {
  return new CoreDatabase({ file: coreDatabasePath(dataDir), autoCheckpoint, ...(scan ? { scan } : {}) });
}
