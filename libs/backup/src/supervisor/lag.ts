import { comparePositions, type Position } from '../replica/position.js';

/** More moments than this are thinned out: a replica that is away for hours costs precision, not memory. */
const MAX_MOMENTS = 600;

/**
 * How old the oldest write is that the replica does not have. What is seen at one look was written after the look before, and
 * counts from then: the figure may be too large by the time between two looks, and is not too small.
 */
export class ReplicationLag {
  #moments: { end: Position; sinceMs: number }[] = [];
  #replicated: Position | undefined;
  #lookedAtMs: number | undefined;

  /** Where the replica ends, once known. */
  get replicated(): Position | undefined {
    return this.#replicated;
  }

  /** The replica has everything up to there. */
  shipped(position: Position): void {
    const before = this.#replicated;
    if (before?.generation === position.generation && comparePositions(position, before) < 0) return;
    this.#replicated = position;
    this.#moments = this.#moments.filter(({ end }) => !isWithin(end, position));
  }

  /** Forgets where the replica ends: somebody has changed it. */
  forget(): void {
    this.#replicated = undefined;
  }

  /** What was written ends there now. */
  observe(end: Position | undefined, nowMs: number): void {
    const sinceMs = this.#lookedAtMs ?? nowMs;
    this.#lookedAtMs = nowMs;
    if (!end || (this.#replicated && isWithin(end, this.#replicated))) {
      if (end) this.#moments = [];
      return;
    }
    const last = this.#moments.at(-1)?.end;
    // What waited in the generation before waits in this one: its snapshot has to arrive.
    if (last && last.generation !== end.generation) {
      this.#moments = [{ end, sinceMs: (this.#moments[0] as { sinceMs: number }).sinceMs }];
      return;
    }
    if (last && comparePositions(last, end) === 0) return;
    this.#moments.push({ end, sinceMs });
    if (this.#moments.length > MAX_MOMENTS) this.#moments = this.#moments.filter((_, at) => at % 2 === 0);
  }

  /** Milliseconds for which something waits; 0 when the replica has everything. */
  ageMs(nowMs: number): number {
    const oldest = this.#moments[0];
    return oldest ? Math.max(0, nowMs - oldest.sinceMs) : 0;
  }
}

function isWithin(end: Position, replicated: Position): boolean {
  return end.generation === replicated.generation && comparePositions(end, replicated) <= 0;
}
