import { NothingToRestoreError } from './restore-errors.js';
import type { ReplicaGeneration, ReplicaHistory, ReplicaSegment, ReplicaSnapshot } from './replica-history.js';

/** What a restore is made from. */
export interface RestoreMoment {
  generation: string;
  snapshot: ReplicaSnapshot;
  /** What is applied to the snapshot, in order. */
  segments: ReplicaSegment[];
  /** The moment that comes back: when the last of it arrived on the replica. */
  at: Date;
  /** What Litestream is told; without it, everything of the generation. */
  timestamp: Date | undefined;
  /** Copies that are newer than any snapshot they could follow, and so are lost. */
  warning: string | undefined;
}

/** The first moment that can be restored, or `undefined` when none can. */
export function findEarliestMoment({ generations }: ReplicaHistory): Date | undefined {
  const times = generations.flatMap(({ snapshots }) => snapshots.map(({ at }) => at.getTime()));
  return times.length === 0 ? undefined : new Date(times.reduce((first, time) => Math.min(first, time)));
}

/**
 * Chooses what a restore is made from. Litestream itself refuses a moment between two generations, or after the last write
 * of an idle database; both mean the state that was current then, which is what this answers.
 *
 * @throws NothingToRestoreError
 */
export function findRestoreMoment(history: ReplicaHistory, at?: Date): RestoreMoment {
  const limit = at?.getTime() ?? Number.POSITIVE_INFINITY;
  const choices = history.generations
    .map((generation) => describeUpTo(generation, limit))
    .filter((choice) => choice !== undefined)
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  const [choice] = choices;
  if (choice) return { ...choice, warning: findLostWrites(history, choice.at.getTime(), limit) };
  const earliest = findEarliestMoment(history);
  if (!earliest) {
    throw new NothingToRestoreError(
      history.database,
      history.generations.length === 0
        ? 'there is no backup at this place. BACKUP_URL and its credentials say where backups are looked for.'
        : 'the backup has no snapshot, so that nothing can be restored from it.',
    );
  }
  throw new NothingToRestoreError(
    history.database,
    `the first moment that can be restored is ${earliest.toISOString()}.`,
    earliest,
  );
}

/** The newest moment that needs nothing that arrived at `at` or later, or `undefined` when there is none. */
export function findMomentBefore(history: ReplicaHistory, at: Date): Date | undefined {
  try {
    return findRestoreMoment(history, new Date(at.getTime() - 1)).at;
  } catch (error) {
    if (error instanceof NothingToRestoreError) return undefined;
    throw error;
  }
}

function describeUpTo(generation: ReplicaGeneration, limit: number): Omit<RestoreMoment, 'warning'> | undefined {
  const snapshot = generation.snapshots.findLast(({ at }) => at.getTime() <= limit);
  if (!snapshot) return undefined;
  const following = generation.segments.filter(({ index }) => index >= snapshot.index);
  const cut = following.findIndex(({ at }) => at.getTime() > limit);
  const segments = cut < 0 ? following : following.slice(0, cut);
  const last = segments.at(-1);
  return {
    generation: generation.name,
    snapshot,
    segments,
    at: last && last.at > snapshot.at ? last.at : snapshot.at,
    // Files know finer times than we can say: without a limit Litestream leaves none of them out.
    timestamp: cut < 0 && generation.snapshots.at(-1) === snapshot ? undefined : new Date(limit),
  };
}

/** Writes after the chosen moment that no snapshot was taken of. */
function findLostWrites({ generations }: ReplicaHistory, chosen: number, limit: number): string | undefined {
  const lost = generations
    .filter(({ snapshots }) => snapshots.length === 0)
    .flatMap(({ segments }) => segments.map(({ at }) => at.getTime()))
    .filter((time) => time > chosen && time <= limit);
  if (lost.length === 0) return undefined;
  const newest = new Date(lost.reduce((last, time) => Math.max(last, time)));
  return `the backup holds changes up to ${newest.toISOString()} without the snapshot that they belong to; they cannot be restored`;
}
