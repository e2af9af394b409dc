import { setTimeout as delay } from 'node:timers/promises';
import { ObjectStoreError } from '../errors.js';

const MAX_DELAY_MS = 5_000;

/** Repeats work whose error says it may succeed later, with growing pauses; the last error is thrown as it is. */
export async function withRetries<T>(
  limits: { attempts: number; retryDelayMs: number },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const retryable = error instanceof ObjectStoreError && error.retryable;
      if (!retryable || attempt >= limits.attempts) throw error;
      // Half of the pause is random, so that servers that failed together do not come back together.
      const pauseMs = Math.min(limits.retryDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
      await delay(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}
