import type { ObjectStore } from '@mosis/object-store';
import { isWholeLz4 } from '../replica/lz4-verify.js';
import type { ReplicaHistory } from './replica-history.js';
import { BackupDamagedError } from './restore-errors.js';
import { findMomentBefore, type RestoreMoment } from './restore-moment.js';

const MAX_SEGMENT_BYTES = 256 * 1024 * 1024;

/**
 * What of a replica is damaged, from what Litestream printed when it failed: the snapshot, or the first segment whose bytes
 * are not those that were written, and the newest moment that does not need it. `undefined` when it failed otherwise.
 */
export async function findDamage(
  { store, history, moment }: { store: ObjectStore; history: ReplicaHistory; moment: RestoreMoment },
  output: string,
): Promise<BackupDamagedError | undefined> {
  const { database } = history;
  const { snapshot, segments } = moment;
  if (output.includes('cannot restore snapshot')) {
    const name = `generations/${moment.generation}/snapshots/${snapshot.index.toString(16).padStart(8, '0')}.snapshot.lz4`;
    return new BackupDamagedError(database, `${name} cannot be unpacked`, findMomentBefore(history, snapshot.at));
  }
  const wal = /cannot (?:download|apply) wal [0-9a-f]{16}\/([0-9a-f]{8})/.exec(output)?.[1];
  if (wal === undefined) return undefined;
  const index = Number.parseInt(wal, 16);
  for (const { key, at } of segments.filter((segment) => segment.index === index)) {
    if (!isWholeLz4(await store.readBytes(key, MAX_SEGMENT_BYTES)))
      return new BackupDamagedError(database, `${key} was changed`, findMomentBefore(history, at));
  }
  return undefined;
}
