import { createObjectStore, type ObjectStore } from '@mosis/object-store';
import { databaseFileName, type BackupLocation, type DatabaseName } from '../location.js';

/** A whole copy of the database, and the number of the WAL that follows it. */
export interface ReplicaSnapshot {
  index: number;
  at: Date;
}

/** A piece of a WAL: which one, the byte at which it begins, and when it arrived. */
export interface ReplicaSegment {
  index: number;
  offset: number;
  at: Date;
  key: string;
}

/** An unbroken run of copies, from one snapshot on. */
export interface ReplicaGeneration {
  name: string;
  /** Oldest first. */
  snapshots: ReplicaSnapshot[];
  /** In the order in which they are applied. */
  segments: ReplicaSegment[];
}

/** What lies on the replica of a database. */
export interface ReplicaHistory {
  database: DatabaseName;
  generations: ReplicaGeneration[];
}

const NAME =
  /^generations\/([0-9a-f]{16})\/(?:snapshots\/([0-9a-f]{8})\.snapshot|wal\/([0-9a-f]{8})_([0-9a-f]{8})\.wal)\.lz4$/;

/** Opens the replica of a database as a store of objects. */
export function openReplicaStore(location: BackupLocation, database: DatabaseName): ObjectStore {
  return createObjectStore({
    url: `${location.url.replace(/\/+$/, '')}/${databaseFileName(database)}`,
    ...(location.s3 ? { s3: location.s3 } : {}),
  });
}

/**
 * Lists what lies on a replica. A piece that vanishes meanwhile (retention) is not listed.
 *
 * @throws ObjectStoreError when the replica cannot be reached
 */
export async function readReplicaHistory(store: ObjectStore, database: DatabaseName): Promise<ReplicaHistory> {
  const generations = new Map<string, ReplicaGeneration>();
  for await (const { key, modifiedAt: at } of store.list('generations/')) {
    const match = NAME.exec(key);
    if (!match) continue;
    const [, name = '', snapshot, index = '', offset = ''] = match;
    let generation = generations.get(name);
    if (!generation) generations.set(name, (generation = { name, snapshots: [], segments: [] }));
    if (snapshot !== undefined) generation.snapshots.push({ index: Number.parseInt(snapshot, 16), at });
    else generation.segments.push({ index: Number.parseInt(index, 16), offset: Number.parseInt(offset, 16), at, key });
  }
  for (const { snapshots, segments } of generations.values()) {
    snapshots.sort((a, b) => a.index - b.index);
    segments.sort((a, b) => a.index - b.index || a.offset - b.offset);
  }
  return { database, generations: [...generations.values()] };
}
