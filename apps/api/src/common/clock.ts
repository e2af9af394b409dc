/** The time, injected so that tests can set it. */
export class Clock {
  /** The time now. */
  now(): Date {
    return new Date();
  }

  /** Milliseconds since some moment; unlike `now` they never jump. */
  monotonicMs(): number {
    return performance.now();
  }

  /** The time now as RFC 3339 in UTC, milliseconds included: the form of every stored time. */
  timestamp(): string {
    return this.now().toISOString();
  }

  /** The time `milliseconds` from now, in the stored form. */
  timestampIn(milliseconds: number): string {
    return new Date(this.now().getTime() + milliseconds).toISOString();
  }
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
