/** Devices one walk holds the state of: 2^20 ordinals at eight steps are some 60 MB. */
export const DEVICES_PER_WALK = 1 << 20;

/**
 * Follows devices through the steps of a funnel, their events given in order.
 *
 * For every device and step the latest first step is kept that a chain up to this step began with: an earlier one could only
 * run out of time sooner. So an event that is step k needs the one number of step k − 1, whatever came before.
 */
export class FunnelWalk {
  /** Devices that reached each step. */
  readonly reached: number[];
  /** By device and step: the time of that first step, `NEVER` before the step is reached. */
  #latest = new Float64Array();
  /** A digit for each device, see `finished`. */
  #finished = Buffer.alloc(0);

  /** @param withinMs the last step follows the first within this time */
  constructor(
    private readonly steps: number,
    private readonly withinMs: number,
  ) {
    this.reached = Array.from({ length: steps }, () => 0);
  }

  /** Takes the next event: bit k of `mask` says that it can be step k. Times never go back. */
  add(timeMs: number, device: number, mask: number): void {
    const first = device * this.steps;
    if (first >= this.#latest.length) this.#grow(device + 1);
    // From the last step down, since an event that can be two steps is one of them only.
    for (let step = this.steps - 1; step > 0; step--) {
      if ((mask & (1 << step)) === 0) continue;
      const startMs = this.#latest[first + step - 1] as number;
      if (timeMs - startMs <= this.withinMs) this.#reach(step, device, startMs);
    }
    if ((mask & 1) !== 0) this.#reach(0, device, timeMs);
  }

  /** A digit for each device: 1 when it came to the end, so that no event of its own changes anything any more. */
  get finished(): string {
    return this.#finished.toString('latin1');
  }

  #reach(step: number, device: number, startMs: number): void {
    const place = device * this.steps + step;
    const before = this.#latest[place] as number;
    if (startMs <= before) return;
    if (before === NEVER) {
      this.reached[step] = (this.reached[step] as number) + 1;
      if (step === this.steps - 1) this.#finished[device] = ONE;
    }
    this.#latest[place] = startMs;
  }

  #grow(devices: number): void {
    const before = this.#latest;
    this.#latest = new Float64Array(Math.max(devices * this.steps, 2 * before.length, 1024)).fill(NEVER, before.length);
    this.#latest.set(before);
    const finished = Buffer.alloc(Math.ceil(this.#latest.length / this.steps), '0');
    this.#finished.copy(finished);
    this.#finished = finished;
  }
}

const ONE = '1'.charCodeAt(0);
const NEVER = Number.NEGATIVE_INFINITY;
