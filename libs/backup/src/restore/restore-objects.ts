import { createObjectStore, findNamedDigest, ObjectStoreError, type ObjectStore } from '@mosis/object-store';
import type { BackupLocation } from '../location.js';

/** Objects, and what they weigh. */
export interface ObjectCount {
  objects: number;
  bytes: number;
}

export interface ObjectsReport {
  restored: ObjectCount;
  /** Nothing that was restored names them, so they stay where they are. */
  left: ObjectCount;
  /** Copies whose bytes are not those of their name. */
  damaged: string[];
  /** Removed from the backup while it was read. */
  vanished: string[];
}

export interface RestoreObjectsOptions {
  /** The copies. */
  source: ObjectStore;
  target: ObjectStore;
  scratchDir: string;
  /** Whether an object is to come back. */
  isWanted: (key: string) => boolean;
  /** Leaves what the target has, whatever its bytes are. */
  onlyMissing?: boolean;
  onProgress?: (done: ObjectCount, total: ObjectCount) => void;
  signal?: AbortSignal | undefined;
}

const AT_ONCE = 4;
const ATTEMPTS = 3;

/** Opens the copies of the objects in a backup. */
export function openObjectCopies(location: BackupLocation): ObjectStore {
  return createObjectStore({
    url: `${location.url.replace(/\/+$/, '')}/objects`,
    ...(location.s3 ? { s3: location.s3 } : {}),
  });
}

/**
 * Copies the objects of a backup into a store, each hashed on the way; what is there already with the same bytes is left.
 *
 * @throws ObjectStoreError when a side cannot be reached
 */
export async function restoreObjects(options: RestoreObjectsOptions): Promise<ObjectsReport> {
  const { source, target, scratchDir, isWanted, onlyMissing = false, onProgress, signal } = options;
  const report: ObjectsReport = {
    restored: { objects: 0, bytes: 0 },
    left: { objects: 0, bytes: 0 },
    damaged: [],
    vanished: [],
  };
  const wanted: { key: string; sizeBytes: number }[] = [];
  const total = { objects: 0, bytes: 0 };
  for await (const { key, sizeBytes } of source.list('')) {
    const count = isWanted(key) ? total : report.left;
    count.objects += 1;
    count.bytes += sizeBytes;
    if (count === total) wanted.push({ key, sizeBytes });
  }
  const waiting = wanted.values();
  const work = async () => {
    for (const { key, sizeBytes } of waiting) {
      signal?.throwIfAborted();
      if (onlyMissing && (await target.stat(key)) !== undefined) continue;
      const outcome = await copyBack({ source, target, scratchDir }, key);
      if (outcome === 'restored') {
        report.restored.objects += 1;
        report.restored.bytes += sizeBytes;
      } else report[outcome].push(key);
      onProgress?.(report.restored, total);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  report.damaged.sort();
  return report;
}

/** Copies one object, unless its bytes are not those that its name promises, or it is gone. */
async function copyBack(
  { source, target, scratchDir }: Pick<RestoreObjectsOptions, 'source' | 'target' | 'scratchDir'>,
  key: string,
): Promise<'restored' | 'damaged' | 'vanished'> {
  const named = findNamedDigest(key);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const sha256 = named ?? (await source.hash(key)).sha256;
      await source.withLocalFile(key, scratchDir, (path) => target.putFile(key, path, { sha256, replace: true }));
      return 'restored';
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error;
      if (error.code === 'object-not-found') return 'vanished';
      if (error.code !== 'object-digest-mismatch') throw error;
      // A live server may replace an object between the two readings of it.
      if (named !== undefined || attempt === ATTEMPTS) return 'damaged';
    }
  }
}
