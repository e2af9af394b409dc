/** The days most tests begin on: a Friday at noon. */
export const START_MS = Date.parse('2026-11-20T12:00:00Z');
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A wall clock and a clock that never jumps, moved by the test. */
export class TestClock {
  wallMs = START_MS;
  monotonicMs = 1_000;

  readonly now = () => this.wallMs;
  readonly monotonic = () => this.monotonicMs;

  /** Time passes. */
  advance(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }

  /** Somebody sets the wall clock; no time passes. */
  jump(ms: number): void {
    this.wallMs += ms;
  }
}
