/** A clock that can be put forward by days. Wall and monotonic time go together, so that nobody sees a jump. */
export class SimulatedClock {
  #aheadMs: number;
  #forwardMs = 0;

  constructor(startMs: number) {
    this.#aheadMs = startMs - Date.now();
  }

  forward(ms: number): void {
    this.#forwardMs += ms;
  }

  /** What the engine is given. */
  readonly functions = {
    now: (): number => Math.floor(Date.now() + this.#aheadMs + this.#forwardMs),
    monotonic: (): number => performance.now() + this.#forwardMs,
  };
}
