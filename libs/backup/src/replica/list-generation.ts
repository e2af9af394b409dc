import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore, type ObjectStore } from '@mosis/object-store';
import { locateReplica, type BackupLocation, type DatabaseName } from '../location.js';
import type { GenerationListing } from './chain.js';
import { formatIndex } from './position.js';

/** The WAL of a segment, and the byte at which it begins. */
export interface SegmentName {
  index: number;
  offset: number;
}

/** Lists what lies on a replica. */
export interface ReplicaLister {
  /** Everything of a generation. @throws when the target cannot be reached */
  listGeneration(generation: string): Promise<GenerationListing>;
  /** Whether a snapshot is there, without listing. */
  hasSnapshot(generation: string, index: number): Promise<boolean>;
  /** Whether a segment is there, without listing. */
  hasSegment(generation: string, name: SegmentName): Promise<boolean>;
  /** Bytes of a segment as they are stored. */
  readSegment(generation: string, name: SegmentName): Promise<Buffer>;
  /** Whether something can be written there. @throws why not, in words for an operator */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** A segment holds what was written between two syncs; one beyond this is not read into memory. */
const MAX_SEGMENT_BYTES = 256 * 1024 * 1024;
const SNAPSHOT = /^([0-9a-f]{8})\.snapshot\.lz4$/;
const SEGMENT = /^([0-9a-f]{8})_([0-9a-f]{8})\.wal\.lz4$/;

/** Opens the replica of a database for listing. */
export function openReplica(location: BackupLocation, database: DatabaseName): ReplicaLister {
  const replica = locateReplica(location, database);
  if (replica.kind === 'directory') return new DirectoryReplica(replica.path);
  return new S3Replica(
    createObjectStore({
      url: `s3://${replica.bucket}/${replica.prefix}`,
      ...(location.s3 ? { s3: location.s3 } : {}),
    }),
  );
}

/** Names only: a folder of 100,000 segments is read in a moment when nobody asks for the size of each. */
class DirectoryReplica implements ReplicaLister {
  readonly #store: ObjectStore;

  constructor(private readonly root: string) {
    this.#store = createObjectStore({ url: pathToFileURL(root).href });
  }

  async listGeneration(generation: string): Promise<GenerationListing> {
    const folder = join(this.root, 'generations', generation);
    const builder = new ListingBuilder();
    for (const name of await namesIn(join(folder, 'snapshots'))) {
      const found = await stat(join(folder, 'snapshots', name)).catch(() => undefined);
      if (found) builder.add(name, found.mtime);
    }
    for (const name of await namesIn(join(folder, 'wal'))) builder.add(name, undefined);
    return builder.finish();
  }

  async hasSnapshot(generation: string, index: number): Promise<boolean> {
    return isThere(join(this.root, 'generations', generation, 'snapshots', snapshotName(index)));
  }

  async hasSegment(generation: string, name: SegmentName): Promise<boolean> {
    return isThere(join(this.root, 'generations', generation, 'wal', segmentName(name)));
  }

  async readSegment(generation: string, name: SegmentName): Promise<Buffer> {
    return readFile(join(this.root, 'generations', generation, 'wal', segmentName(name)));
  }

  async probe(): Promise<void> {
    await this.#store.check();
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

class S3Replica implements ReplicaLister {
  constructor(private readonly store: ObjectStore) {}

  async listGeneration(generation: string): Promise<GenerationListing> {
    const builder = new ListingBuilder();
    for await (const { key, modifiedAt } of this.store.list(`generations/${generation}/`))
      builder.add(key.slice(key.lastIndexOf('/') + 1), modifiedAt);
    return builder.finish();
  }

  async hasSnapshot(generation: string, index: number): Promise<boolean> {
    return (await this.store.stat(`generations/${generation}/snapshots/${snapshotName(index)}`)) !== undefined;
  }

  async hasSegment(generation: string, name: SegmentName): Promise<boolean> {
    return (await this.store.stat(`generations/${generation}/wal/${segmentName(name)}`)) !== undefined;
  }

  async readSegment(generation: string, name: SegmentName): Promise<Buffer> {
    return this.store.readBytes(`generations/${generation}/wal/${segmentName(name)}`, MAX_SEGMENT_BYTES);
  }

  async probe(): Promise<void> {
    await this.store.check();
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}

class ListingBuilder {
  readonly #snapshots: GenerationListing['snapshots'] = [];
  readonly #segments = new Map<number, number[]>();

  add(name: string, createdAt: Date | undefined): void {
    const segment = SEGMENT.exec(name);
    if (segment) {
      const index = Number.parseInt(segment[1] as string, 16);
      const offsets = this.#segments.get(index);
      const offset = Number.parseInt(segment[2] as string, 16);
      if (offsets) offsets.push(offset);
      else this.#segments.set(index, [offset]);
      return;
    }
    const snapshot = SNAPSHOT.exec(name);
    if (snapshot) this.#snapshots.push({ index: Number.parseInt(snapshot[1] as string, 16), createdAt });
  }

  finish(): GenerationListing {
    for (const offsets of this.#segments.values()) offsets.sort((a, b) => a - b);
    return { snapshots: this.#snapshots.sort((a, b) => a.index - b.index), segments: this.#segments };
  }
}

function segmentName({ index, offset }: SegmentName): string {
  return `${formatIndex(index)}_${formatIndex(offset)}.wal.lz4`;
}

function snapshotName(index: number): string {
  return `${formatIndex(index)}.snapshot.lz4`;
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A folder that is not there has nothing in it; anything else that fails is thrown. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
