import type { RawConnection } from '@mosis/sqlite/connection';

/** What `PRAGMA wal_checkpoint(NOOP)` answers: pages in the WAL, and nothing is done. */
type WalState = { log: number };

/** So long nobody writes. Who waits for the lock looks every 25 to 100 ms (SQLite's busy handler), for a second. */
const GAP_MS = 20;
/** A WAL that is as large for longer is not being folded in: then little is gained by writing more slowly all the time. */
const LONGEST_MS = 5_000;
/** Somebody may have begun to again: after so long it is tried anew. */
const AGAIN_MS = 15_000;

/**
 * Moments between commits in which the lock for writing is free. Under full load one commit follows the other within a
 * millisecond; Litestream, which needs the lock to begin the WAL anew, gave up after a second and the WAL grew meanwhile: 125 MB
 * instead of 59.
 */
export class CheckpointGap {
  readonly #readState: () => WalState;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #largeSinceMs: number | undefined;

  /** @param fromPages pages of the WAL from which somebody waits for the lock */
  constructor(
    db: RawConnection,
    private readonly fromPages: number,
    private readonly options: { longestMs?: number; againMs?: number } = {},
  ) {
    const statement = db.prepare<[], WalState>('PRAGMA wal_checkpoint(NOOP)');
    this.#readState = () => statement.get() as WalState;
  }

  /** Waits a moment if the WAL is to be folded in; answers for how many milliseconds it did. */
  leave(): number {
    if (this.#readState().log < this.fromPages) {
      this.#largeSinceMs = undefined;
      return 0;
    }
    const { longestMs = LONGEST_MS, againMs = AGAIN_MS } = this.options;
    const startedMs = performance.now();
    this.#largeSinceMs ??= startedMs;
    if ((startedMs - this.#largeSinceMs) % againMs > longestMs) return 0;
    Atomics.wait(this.#cell, 0, 0, GAP_MS);
    return performance.now() - startedMs;
  }
}
