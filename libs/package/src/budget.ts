import { setImmediate as nextTurn } from 'node:timers/promises';
import { PackageError } from './package-error.js';

const TURN_MS = 25;

/** Time and cancellation of one verification, consulted between chunks of work. */
export class Budget {
  private readonly startedAt = performance.now();
  private lastTurnAt = this.startedAt;
  private readonly durationMs: number;
  private readonly signal: AbortSignal | undefined;

  constructor(durationMs: number, signal?: AbortSignal) {
    this.durationMs = durationMs;
    this.signal = signal;
  }

  /**
   * Throws `verification-timeout` when the time is spent and the signal's reason when it was aborted; otherwise lets the
   * event loop turn now and then, so that an abort can be heard during CPU-bound work.
   */
  async spend(): Promise<void> {
    const now = performance.now();
    if (now - this.lastTurnAt > TURN_MS) {
      await nextTurn();
      this.lastTurnAt = performance.now();
    }
    this.signal?.throwIfAborted();
    if (now - this.startedAt >= this.durationMs) {
      throw new PackageError('verification-timeout', `The package could not be verified within ${this.durationMs} ms.`);
    }
  }
}
