import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runLitestream } from '../litestream/command.js';
import { databaseFileName, type BackupLocation, type DatabaseName } from '../location.js';

export interface RestoreDatabaseOptions {
  location: BackupLocation;
  database: DatabaseName;
  /** The file to make. It must not exist; it has its name only when it is whole. */
  to: string;
  /** The moment to go back to; without it, the newest there is. */
  at?: Date;
  binary?: string;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
}

/**
 * Makes a database file from its replica, as it was at a moment. Proves nothing yet: the caller checks what came out.
 *
 * @throws LitestreamMissingError, or LitestreamError (no replica, nothing that old, damaged)
 */
export async function restoreDatabase({ location, database, to, at, ...rest }: RestoreDatabaseOptions): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o750 });
  const partial = `${to}.restoring`;
  await removeDatabase(partial);
  const source = databaseFileName(database);
  try {
    await runLitestream('restore', ['-o', partial, ...(at ? ['-timestamp', at.toISOString()] : []), `/${source}`], {
      location,
      databases: [{ database, file: `/${source}` }],
      ...rest,
    });
    await rename(partial, to);
  } finally {
    await removeDatabase(partial);
  }
}

async function removeDatabase(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '.tmp', '.tmp-wal', '.tmp-shm'])
    await rm(`${file}${suffix}`, { force: true });
}
