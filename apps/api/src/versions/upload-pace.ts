import type { Readable } from 'node:stream';
import { AppError } from '../common/app-error.js';
import { MINUTE_MS, SECOND_MS, type Clock } from '../common/clock.js';

/** What an upload brings each minute at least: less than any line that people have, and no place is held for less. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
const PERIOD_MS = MINUTE_MS;
const LOOK_EVERY_MS = 5 * SECOND_MS;

/** An upload that is watched. */
export interface PacedUpload {
  /** Counts what came. */
  count(bytes: number): void;
  /** Ends the watch. */
  stop(): void;
}

interface Arrival {
  body: Readable;
  sinceMs: number;
  bytes: number;
}

/** Ends uploads that hold a place and hardly bring anything: each is looked at a minute at a time. */
export class UploadPace {
  private readonly arriving = new Set<Arrival>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly clock: Clock) {}

  /** Watches a body that somebody reads; what reads it is thrown AppError `request-timeout` when it is too slow. */
  watch(body: Readable): PacedUpload {
    const arrival = { body, sinceMs: this.clock.monotonicMs(), bytes: 0 };
    this.arriving.add(arrival);
    // Whoever reads the body may have given up on it already, and nobody else would hear an error.
    body.on('error', () => undefined);
    this.timer ??= setInterval(() => this.endSlow(), LOOK_EVERY_MS).unref();
    return {
      count: (bytes) => {
        arrival.bytes += bytes;
      },
      stop: () => this.forget(arrival),
    };
  }

  /** Ends what was too slow for a minute; called every few seconds. */
  endSlow(): void {
    const now = this.clock.monotonicMs();
    for (const arrival of [...this.arriving]) {
      const elapsedMs = now - arrival.sinceMs;
      if (elapsedMs < PERIOD_MS) continue;
      if (arrival.bytes * SECOND_MS < MIN_BYTES_PER_SECOND * elapsedMs) {
        this.forget(arrival);
        arrival.body.emit('error', tooSlow());
      } else Object.assign(arrival, { sinceMs: now, bytes: 0 });
    }
  }

  private forget(arrival: Arrival): void {
    this.arriving.delete(arrival);
    if (this.arriving.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

function tooSlow(): AppError {
  return new AppError(
    'request-timeout',
    `An upload brings at least ${MIN_BYTES_PER_SECOND / 1024} KiB a second, looked at over a minute. Send it again over a faster line.`,
  );
}
