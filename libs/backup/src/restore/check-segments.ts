import type { ObjectStore } from '@mosis/object-store';
import { readLz4Length } from '../replica/lz4-length.js';
import { isWholeLz4 } from '../replica/lz4-verify.js';
import type { ReplicaHistory, ReplicaSegment } from './replica-history.js';
import { BackupDamagedError } from './restore-errors.js';
import { findMomentBefore, type RestoreMoment } from './restore-moment.js';

/** A segment holds what was written between two syncs; one beyond this is not read into memory. */
const MAX_SEGMENT_BYTES = 256 * 1024 * 1024;
const AT_ONCE = 8;

/**
 * Makes sure that what is to be applied has no hole. Litestream looks at the first segment of each WAL and no further:
 * with one missing in the middle it restores without a word what was written before it, and nothing after.
 *
 * @throws BackupDamagedError with the newest moment before the hole
 */
export async function checkSegments(
  store: ObjectStore,
  history: ReplicaHistory,
  { snapshot, segments }: Pick<RestoreMoment, 'snapshot' | 'segments'>,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const lengths = new Map<ReplicaSegment, number | Error>();
  const waiting = segments.values();
  const work = async () => {
    for (const segment of waiting) {
      signal?.throwIfAborted();
      lengths.set(segment, await readLength(store, segment.key));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  let [index, offset] = [snapshot.index, 0];
  let before: ReplicaSegment | undefined;
  for (const segment of segments) {
    const damaged = (problem: string) =>
      new BackupDamagedError(history.database, problem, findMomentBefore(history, segment.at));
    const length = lengths.get(segment);
    if (length instanceof Error) throw damaged(`${segment.key} cannot be read (${length.message})`);
    const nextWal = segment.offset === 0 && segment.index === index + 1 && offset > 0;
    if (nextWal) [index, offset] = [segment.index, 0];
    if (segment.index !== index || segment.offset !== offset) {
      // One that was changed may have another length, too.
      if (before && !isWholeLz4(await store.readBytes(before.key, MAX_SEGMENT_BYTES)))
        throw new BackupDamagedError(
          history.database,
          `${before.key} was changed`,
          findMomentBefore(history, before.at),
        );
      throw damaged(`what belongs before ${segment.key} is missing`);
    }
    offset += length ?? 0;
    before = segment;
  }
}

async function readLength(store: ObjectStore, key: string): Promise<number | Error> {
  try {
    return readLz4Length(await store.readBytes(key, MAX_SEGMENT_BYTES));
  } catch (error) {
    if (error instanceof RangeError || (error as { code?: string }).code === 'object-not-found') return error as Error;
    throw error;
  }
}
