import type { BackupLocation, DatabaseName } from '../location.js';
import { databaseFileName } from '../location.js';
import { openReplicaStore, readReplicaHistory, type ReplicaHistory } from './replica-history.js';
import { NothingToRestoreError } from './restore-errors.js';
import { readSnapshotBytes } from './restore-space.js';
import { findEarliestMoment, findRestoreMoment, type RestoreMoment } from './restore-moment.js';

/** A database that can be restored, and from what. */
export interface PlannedRestore {
  history: ReplicaHistory;
  moment: RestoreMoment;
  /** The size of the database in the snapshot that it comes back from. */
  snapshotBytes: number;
}

/** Some of the databases cannot be restored as of the moment that was asked for. */
export class RestoreImpossibleError extends Error {
  override readonly name = 'RestoreImpossibleError';

  constructor(
    at: Date | undefined,
    /** For each database, why not; or `undefined` for one that could be. */
    readonly problems: ReadonlyMap<DatabaseName, NothingToRestoreError | undefined>,
    earliest: ReadonlyMap<DatabaseName, Date | undefined>,
  ) {
    const lines = [...problems].map(
      ([database, problem]) =>
        `  ${problem?.message ?? `${databaseFileName(database)}: can be restored, from ${earliest.get(database)?.toISOString()} on.`}`,
    );
    const coreOnly = problems.has('telemetry') && problems.get('core') === undefined;
    super(
      [
        `Nothing was restored${at ? ` as of ${at.toISOString()}` : ''}:`,
        ...lines,
        ...(coreOnly ? ['With --core-only, accounts and apps come back and telemetry begins empty.'] : []),
      ].join('\n'),
    );
  }
}

/**
 * Looks at the replicas of several databases and chooses what each comes back from, before anything is made.
 *
 * @throws RestoreImpossibleError that says of each whether it can be restored, ObjectStoreError
 */
export async function planRestore(
  location: BackupLocation,
  databases: readonly DatabaseName[],
  at?: Date,
): Promise<Map<DatabaseName, PlannedRestore>> {
  const planned = new Map<DatabaseName, PlannedRestore>();
  const problems = new Map<DatabaseName, NothingToRestoreError | undefined>();
  const earliest = new Map<DatabaseName, Date | undefined>();
  for (const database of databases) {
    const store = openReplicaStore(location, database);
    try {
      const history = await readReplicaHistory(store, database);
      earliest.set(database, findEarliestMoment(history));
      const moment = findRestoreMoment(history, at);
      planned.set(database, { history, moment, snapshotBytes: await readSnapshotBytes(store, moment) });
      problems.set(database, undefined);
    } catch (error) {
      if (!(error instanceof NothingToRestoreError)) throw error;
      problems.set(database, error);
    } finally {
      await store.close();
    }
  }
  if (planned.size < databases.length) throw new RestoreImpossibleError(at, problems, earliest);
  return planned;
}
