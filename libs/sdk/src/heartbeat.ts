import type { Platform } from './platform.js';

/** Says now and then that the device is there. One at a time; one that fails or comes too late is not made up for. */
export class Heartbeat {
  private stopTimer: (() => void) | undefined;
  private abort: AbortController | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly intervalMs: number,
    /** Sends one, or returns undefined when this is no moment for it. Never rejects. */
    private readonly send: (abort: AbortController) => Promise<unknown> | undefined,
  ) {}

  /** Begins, or goes on; the first beat comes within one interval, at random, so that a fleet spreads out. */
  start(): void {
    if (this.intervalMs > 0 && !this.stopTimer) this.next(this.intervalMs * this.platform.random());
  }

  stop(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.abort?.abort();
  }

  private next(delayMs: number): void {
    this.stopTimer = this.platform.schedule(() => {
      this.next(this.intervalMs * (0.9 + 0.2 * this.platform.random()));
      this.beat();
    }, delayMs);
  }

  private beat(): void {
    if (this.abort) return;
    const abort = new AbortController();
    const sending = this.send(abort);
    if (!sending) return;
    this.abort = abort;
    void sending.finally(() => (this.abort = undefined));
  }
}
