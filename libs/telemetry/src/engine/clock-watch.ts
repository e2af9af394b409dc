import { MINUTE_MS } from './durations.js';

/** A clock that jumped is believed again after this long without another jump. */
const STEADY_AFTER_JUMP_MS = 24 * 60 * MINUTE_MS;
/** A wall clock this far from where it should be has jumped. */
const JUMP_MS = 5 * MINUTE_MS;

/** Notices when the wall clock jumps, by a clock that never does. */
export class ClockWatch {
  #wallMs: number;
  #monotonicMs: number;
  readonly #startedMs: number;
  #jumpedAtMs: number | undefined;
  #lastJumpMs = 0;

  constructor(
    private readonly wall: () => number,
    private readonly monotonic: () => number,
  ) {
    this.#wallMs = wall();
    this.#monotonicMs = monotonic();
    this.#startedMs = this.#monotonicMs;
  }

  /** Compares the clocks; answers the jump seen since it was last asked, if any. */
  look(): number | undefined {
    const wallMs = this.wall();
    const monotonicMs = this.monotonic();
    const jumpMs = wallMs - this.#wallMs - (monotonicMs - this.#monotonicMs);
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    if (Math.abs(jumpMs) < JUMP_MS) return undefined;
    this.#jumpedAtMs = monotonicMs;
    this.#lastJumpMs = jumpMs;
    return jumpMs;
  }

  /** Milliseconds since the last jump, or since the start when there was none. */
  steadyForMs(): number {
    return this.monotonic() - (this.#jumpedAtMs ?? this.#startedMs);
  }

  /** The last jump, milliseconds, forwards or back, for a day after it; then the clock is believed and this is 0. */
  get doubtedJumpMs(): number {
    return this.#jumpedAtMs !== undefined && this.steadyForMs() < STEADY_AFTER_JUMP_MS ? this.#lastJumpMs : 0;
  }
}
