import { AppError } from './app-error.js';

/** How many may be at something, and what becomes of those who come meanwhile. */
export interface TurnsOptions {
  atOnce: number;
  /** Beyond so many, whoever comes is refused at once. */
  maxWaiting: number;
  /** Whoever waited so long is refused. */
  maxWaitMs: number;
  /** What the refused are told. */
  refusal: string;
}

const RETRY_AFTER_SECONDS = 60;

/** Lets only so many do something at a time; others wait for their turn, in the order in which they came. */
export class Turns {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: TurnsOptions) {}

  /**
   * Waits for a turn and answers what gives it back. Giving up waiting leaves the line.
   *
   * @throws AppError `overloaded` when the line is too long, or was for too long; the signal's reason when that ends first
   */
  async take(gaveUp: AbortSignal): Promise<() => void> {
    const { atOnce, maxWaiting } = this.options;
    gaveUp.throwIfAborted();
    if (this.taken < atOnce) this.taken += 1;
    else if (this.waiting.size < maxWaiting) await this.wait(gaveUp);
    else throw this.refused();
    let isGivenBack = false;
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.passOn();
    };
  }

  private async wait(gaveUp: AbortSignal): Promise<void> {
    const { waiting } = this;
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        gaveUp.removeEventListener('abort', abandon);
        waiting.delete(called);
      };
      const called = () => {
        leave();
        resolve();
      };
      const abandon = () => {
        leave();
        reject(gaveUp.reason as Error);
      };
      const timer = setTimeout(() => {
        leave();
        reject(this.refused());
      }, this.options.maxWaitMs);
      gaveUp.addEventListener('abort', abandon);
      waiting.add(called);
    });
  }

  /** The turn goes to whoever waits longest, and is free when nobody does. */
  private passOn(): void {
    const [next] = this.waiting;
    if (next) next();
    else this.taken -= 1;
  }

  private refused(): AppError {
    return new AppError('overloaded', this.options.refusal, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
