import { dayOf, HOUR_MS } from '../storage/days.js';

/** A day of receipt may follow the one before at once when it is at most this far ahead. */
const USUAL_STEP_DAYS = 2;
/** A clock that jumped further is believed after it has said so for this long. */
const DOUBT_MS = HOUR_MS;

/**
 * The day of receipt. It never goes back, whatever the clock does; a leap ahead of more than two days (a clock set before
 * its time server was reached, or a server that was off for days) is believed after an hour, so that a wrong clock
 * opens no partition that nothing can follow.
 */
export class PartitionClock {
  #leapSince: { day: number; ms: number } | undefined;

  constructor(private current: number | undefined) {}

  /** The partition for what is received now. */
  dayFor(nowMs: number): number {
    const day = dayOf(nowMs);
    if (this.current === undefined) return (this.current = day);
    if (day <= this.current) {
      this.#leapSince = undefined;
      return this.current;
    }
    if (day - this.current > USUAL_STEP_DAYS) {
      const since = this.#leapSince;
      // Going back, or leaping again, starts the doubt anew.
      if (!since || nowMs < since.ms || day - since.day > 1) {
        this.#leapSince = { day, ms: nowMs };
        return this.current;
      }
      if (nowMs - since.ms < DOUBT_MS) return this.current;
    }
    this.#leapSince = undefined;
    return (this.current = day);
  }

  /** Whether a leap is being doubted now. */
  get inDoubt(): boolean {
    return this.#leapSince !== undefined;
  }
}
