const MIB = 1024 * 1024;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** The supervisor's bounds and pauses. Operators need none of them; tests make them small. */
export interface SupervisorTuning {
  /** How often positions and sizes are looked at. */
  lookEveryMs: number;
  /** How often the replica is looked at: its newest snapshot, and its last segment. */
  checkEveryMs: number;
  /** How often everything on it is listed. */
  listEveryMs: number;
  /** A replica that looks broken is listed again after this long before anything is done about it. */
  confirmAfterMs: number;
  /** Bytes from which a WAL that Litestream holds costs it the file. */
  maxWalBytes: number;
  /**
   * Bytes from which its hidden copy does. Larger: a burst of telemetry on a slow machine is copied here for a while before it
   * has been compressed and sent, and giving up costs a snapshot of everything.
   */
  maxShadowBytes: number;
  /** Both bounds are also at most this share of the free space, but never below `leastBoundBytes`. */
  maxShareOfFreeSpace: number;
  leastBoundBytes: number;
  /** Writes that wait this long count as late. */
  lateAfterMs: number;
  /** Writes that wait this long while nothing arrives: Litestream is ended and started again. */
  stalledAfterMs: number;
  /** Litestream that is dead for this long no longer holds the WAL: the application checkpoints. */
  releaseAfterMs: number;
  /** Litestream that lives this long has started well: its deaths before that are forgotten. */
  provenAfterMs: number;
  /** Pauses before Litestream is started again, the last one from then on. */
  restartPausesMs: readonly number[];
  /** Pauses before a database that was given up is copied again, the last one from then on. */
  resumePausesMs: readonly number[];
  /** Pauses between two forced generations of a database. */
  healPausesMs: readonly number[];
  /** How long a Litestream that is asked to end may take to ship the last WAL. */
  stopWithinMs: number;
}

export const DEFAULT_TUNING: SupervisorTuning = {
  lookEveryMs: SECOND_MS,
  checkEveryMs: MINUTE_MS,
  listEveryMs: 15 * MINUTE_MS,
  confirmAfterMs: 3 * SECOND_MS,
  maxWalBytes: 1024 * MIB,
  maxShadowBytes: 4096 * MIB,
  maxShareOfFreeSpace: 0.25,
  leastBoundBytes: 32 * MIB,
  lateAfterMs: 30 * SECOND_MS,
  stalledAfterMs: MINUTE_MS,
  releaseAfterMs: 5 * MINUTE_MS,
  provenAfterMs: 10 * SECOND_MS,
  restartPausesMs: [500, 1_000, 2_000, 5_000, 10_000, 30_000, MINUTE_MS],
  resumePausesMs: [10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS],
  healPausesMs: [0, MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS],
  stopWithinMs: 10 * SECOND_MS,
};

/** The pause after `failures` failures in a row. */
export function pauseAfter(failures: number, pausesMs: readonly number[]): number {
  return pausesMs[Math.min(failures, pausesMs.length - 1)] ?? 0;
}
