import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ObjectStore } from '@mosis/object-store';
import { getLitestream } from '../litestream/binary.js';
import { LitestreamError, runLitestream } from '../litestream/command.js';
import { databaseFileName, type BackupLocation, type DatabaseName } from '../location.js';
import { checkSegments } from './check-segments.js';
import { findDamage } from './find-damage.js';
import { openReplicaStore, readReplicaHistory, type ReplicaHistory } from './replica-history.js';
import { findRestoreMoment, type RestoreMoment } from './restore-moment.js';

export interface RestoreDatabaseOptions {
  location: BackupLocation;
  database: DatabaseName;
  /** The file to make. It must not exist; it has its name only when it is whole. */
  to: string;
  /** The moment to go back to; without it, the newest there is. */
  at?: Date | undefined;
  /** What lies on the replica, when that was listed before. */
  history?: ReplicaHistory | undefined;
  binary?: string | undefined;
  signal?: AbortSignal | undefined;
  onLine?: (line: string) => void;
}

/**
 * Makes a database file from its replica, as it was at a moment, and answers what it was made from. Every piece was there
 * and whole; the caller checks what came out.
 *
 * @throws LitestreamMissingError, NothingToRestoreError (no replica, nothing that old), BackupDamagedError,
 *   ObjectStoreError (the replica cannot be reached)
 */
export async function restoreDatabase(options: RestoreDatabaseOptions): Promise<RestoreMoment> {
  const { location, database, to, at, binary, signal } = options;
  getLitestream(binary);
  const store = openReplicaStore(location, database);
  const stopping = new AbortController();
  const stop = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
  try {
    const history = options.history ?? (await readReplicaHistory(store, database));
    const moment = findRestoreMoment(history, at);
    await mkdir(dirname(to), { recursive: true, mode: 0o750 });
    const partial = `${to}.restoring`;
    await removeDatabase(partial);
    try {
      const checked = checkSegments(store, history, moment, { signal: stop });
      const restored = runRestore({ ...options, to: partial, signal: stop }, moment);
      checked.catch(() => stopping.abort());
      // What is missing says more than how Litestream stumbled over it.
      const [check, restore] = await Promise.allSettled([checked, restored]);
      signal?.throwIfAborted();
      if (check.status === 'rejected') throw check.reason;
      if (restore.status === 'rejected') throw await explain(restore.reason, { store, history, moment });
      await rename(partial, to);
      return moment;
    } finally {
      await removeDatabase(partial);
    }
  } finally {
    await store.close();
  }
}

async function runRestore(options: RestoreDatabaseOptions, moment: RestoreMoment): Promise<void> {
  const { location, database, to, binary, signal, onLine } = options;
  const source = `/${databaseFileName(database)}`;
  // To the end of its millisecond: what is on the replica carries finer times.
  const timestamp = moment.timestamp?.toISOString().replace('Z', '999999Z');
  const args = ['-o', to, '-generation', moment.generation, ...(timestamp ? ['-timestamp', timestamp] : []), source];
  await runLitestream('restore', args, {
    location,
    databases: [{ database, file: source }],
    ...(binary === undefined ? {} : { binary }),
    ...(signal === undefined ? {} : { signal }),
    ...(onLine === undefined ? {} : { onLine }),
  });
}

/** What a failed restore means: damage where Litestream could read the replica, else its own words. */
async function explain(
  error: unknown,
  replica: { store: ObjectStore; history: ReplicaHistory; moment: RestoreMoment },
): Promise<unknown> {
  if (!(error instanceof LitestreamError)) return error;
  return (await findDamage(replica, error.output)) ?? error;
}

/** Removes a database with all that SQLite and Litestream put beside it under its name. */
async function removeDatabase(file: string): Promise<void> {
  const folder = dirname(file);
  for (const name of await readdir(folder))
    if (name.startsWith(basename(file))) await rm(join(folder, name), { force: true });
}
