import { statfs } from 'node:fs/promises';
import type { ObjectStore } from '@mosis/object-store';
import type { BackupLocation } from '../location.js';
import { unpackLz4Start } from '../replica/lz4-verify.js';
import { formatIndex } from '../replica/position.js';
import { openObjectCopies } from './restore-objects.js';
import type { RestoreMoment } from './restore-moment.js';

/** Answers how many bytes may be written where a folder lies. */
export type ReadFreeBytes = (folder: string) => Promise<number>;

/** Beside what comes back: pieces of the WAL that wait to be applied, and what grew since the snapshot. */
const MARGIN_BYTES = 64 * 1024 * 1024;
const GROWTH = 1.1;
/** The header of a database lies in its first hundred bytes; packed, it is never beyond this. */
const START_BYTES = 64 * 1024;
const HEADER_BYTES = 100;

/** There is no room for what is to be restored. Nothing was restored. */
export class RestoreSpaceError extends Error {
  override readonly name = 'RestoreSpaceError';

  constructor(folder: string, neededBytes: number, freeBytes: number) {
    super(
      `A restore to ${folder} needs ${inMebibytes(neededBytes)} at least, and ${inMebibytes(freeBytes)} are free. Nothing was restored: make room, or name a folder on another volume.`,
    );
  }
}

/** The free bytes of the file system of a folder. */
export const readFreeBytes: ReadFreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * Makes sure that there is room for databases and objects of these sizes.
 *
 * @throws RestoreSpaceError
 */
export async function assertRestoreSpace(
  folder: string,
  bytes: number,
  measure: ReadFreeBytes = readFreeBytes,
): Promise<void> {
  const needed = Math.ceil(bytes * GROWTH) + MARGIN_BYTES;
  const free = await measure(folder);
  if (free < needed) throw new RestoreSpaceError(folder, needed, free);
}

/**
 * The size of a database as its snapshot says it; 0 when that cannot be read, which the restore itself explains better.
 *
 * @throws ObjectStoreError when the replica cannot be reached
 */
export async function readSnapshotBytes(
  store: ObjectStore,
  { generation, snapshot }: Pick<RestoreMoment, 'generation' | 'snapshot'>,
): Promise<number> {
  const key = `generations/${generation}/snapshots/${formatIndex(snapshot.index)}.snapshot.lz4`;
  const { stream } = await store.open(key, { start: 0, end: START_BYTES - 1 });
  const start = Buffer.concat((await stream.toArray()) as Buffer[]);
  try {
    const header = unpackLz4Start(start, HEADER_BYTES);
    const pageBytes = header.readUInt16BE(16);
    // 65,536 does not fit into its two bytes and is written as 1.
    return (pageBytes === 1 ? 65_536 : pageBytes) * header.readUInt32BE(28);
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

/** The size of all copies of objects in a backup. @throws ObjectStoreError when it cannot be reached */
export async function sumObjectBytes(location: BackupLocation): Promise<number> {
  const copies = openObjectCopies(location);
  try {
    let sum = 0;
    for await (const { sizeBytes } of copies.list('')) sum += sizeBytes;
    return sum;
  } finally {
    await copies.close();
  }
}

function inMebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
