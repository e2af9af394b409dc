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
  /** By step: for each device the time of that first step, `NEVER` before the step is reached. */
  readonly #latest: Float64Array[];

  /** @param withinMs the last step follows the first within this time */
  constructor(
    steps: number,
    private readonly withinMs: number,
  ) {
    this.reached = Array.from({ length: steps }, () => 0);
    this.#latest = this.reached.map(() => new Float64Array());
  }

  /** Takes the next event: bit k of `mask` says that it can be step k. Times never go back. */
  add(timeMs: number, device: number, mask: number): void {
    if (device >= (this.#latest[0] as Float64Array).length) this.#grow(device + 1);
    // From the last step down, since an event that can be two steps is one of them only.
    for (let step = this.reached.length - 1; step > 0; step--) {
      if ((mask & (1 << step)) === 0) continue;
      const startMs = (this.#latest[step - 1] as Float64Array)[device] as number;
      if (timeMs - startMs <= this.withinMs) this.#reach(step, device, startMs);
    }
    if ((mask & 1) !== 0) this.#reach(0, device, timeMs);
  }

  #reach(step: number, device: number, startMs: number): void {
    const latest = this.#latest[step] as Float64Array;
    const before = latest[device] as number;
    if (startMs <= before) return;
    if (before === NEVER) this.reached[step] = (this.reached[step] as number) + 1;
    latest[device] = startMs;
  }

  #grow(devices: number): void {
    this.#latest.forEach((times, step) => {
      const larger = new Float64Array(Math.max(devices, 2 * times.length, 1024)).fill(NEVER, times.length);
      larger.set(times);
      this.#latest[step] = larger;
    });
  }
}

const NEVER = Number.NEGATIVE_INFINITY;
