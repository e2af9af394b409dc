import { formatIndex } from './position.js';

/** What of one generation lies on the replica. */
export interface GenerationListing {
  /** Snapshots: the WAL they begin with, oldest first. */
  snapshots: { index: number; createdAt: Date | undefined }[];
  /** Segments: for each WAL, the bytes at which they begin, ascending. */
  segments: Map<number, number[]>;
}

/** Segments that were seen being written to one WAL, one after the other: where they begin, where the last ends, how many. */
export interface WrittenSegments {
  from: number;
  to: number;
  count: number;
}

/** The same for each WAL. */
export type KnownSegments = ReadonlyMap<number, WrittenSegments>;

/** Whether a generation can be restored from what was listed. */
export interface ChainReport {
  restorable: boolean;
  /** Why not, in plain words. */
  problem: string | undefined;
  /** Any moment since then can be restored; `undefined` when nothing can. */
  since: Date | undefined;
  /** The last segment on the replica. */
  last: { index: number; offset: number } | undefined;
  segments: number;
  snapshots: number;
  /** The WAL with which the newest snapshot begins. */
  newestSnapshot: number | undefined;
}

/**
 * Decides from names alone whether the newest snapshot and every segment after it are there: the WALs without a gap, each
 * from its first byte, and as many segments in it as were seen being written.
 */
export function assessChain(listing: GenerationListing, known: KnownSegments = new Map()): ChainReport {
  const indexes = [...listing.segments.keys()].sort((a, b) => a - b);
  const lastIndex = indexes.at(-1);
  const last =
    lastIndex === undefined
      ? undefined
      : { index: lastIndex, offset: (listing.segments.get(lastIndex) as number[]).at(-1) as number };
  const newest = listing.snapshots.at(-1);
  const problem = newest
    ? findGap(newest.index, lastIndex, listing, known)
    : 'the replica has no snapshot of the current generation';
  let since: Date | undefined;
  if (newest && problem === undefined) {
    since = newest.createdAt;
    for (const snapshot of [...listing.snapshots].reverse()) {
      if (findGap(snapshot.index, newest.index, listing, known) !== undefined) break;
      since = snapshot.createdAt;
    }
  }
  return {
    restorable: problem === undefined,
    problem,
    since,
    last,
    segments: [...listing.segments.values()].reduce((sum, offsets) => sum + offsets.length, 0),
    snapshots: listing.snapshots.length,
    newestSnapshot: newest?.index,
  };
}

function findGap(
  from: number,
  to: number | undefined,
  { segments }: GenerationListing,
  known: KnownSegments,
): string | undefined {
  if (to === undefined || to < from) return `the first segment after snapshot ${formatIndex(from)} is missing`;
  for (let index = from; index <= to; index += 1) {
    const offsets = segments.get(index);
    if (!offsets) return `WAL ${formatIndex(index)} is missing`;
    if (offsets[0] !== 0) return `the first segment of WAL ${formatIndex(index)} is missing`;
    const seen = known.get(index);
    const listed = seen && offsets.filter((offset) => offset >= seen.from && offset < seen.to).length;
    if (seen && listed !== seen.count)
      return `WAL ${formatIndex(index)} has ${listed} of ${seen.count} segments that were written`;
  }
  return undefined;
}
