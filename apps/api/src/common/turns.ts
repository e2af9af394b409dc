import { AppError } from './app-error.js';

/** How many may be at something, and what becomes of those who come meanwhile. */
export interface TurnsOptions {
  atOnce: number;
  /** So many of one party; the further ones wait, and others pass them. */
  atOncePerParty?: number;
  /** Beyond so many, whoever comes is refused at once. */
  maxWaiting: number;
  /** The same for one party. */
  maxWaitingPerParty?: number;
  /** Whoever waited so long is refused. */
  maxWaitMs: number;
  /** What the refused are told. */
  refusal: string;
}

interface Waiting {
  party: string;
  call: () => void;
}

const RETRY_AFTER_SECONDS = 60;

/**
 * Lets only so many do something at a time; others wait for their turn, in the order in which they came. Where parties have a
 * share, whose share is taken does not keep those behind them.
 */
export class Turns {
  private taken = 0;
  private readonly takenBy = new Map<string, number>();
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly options: TurnsOptions) {}

  /** How many have their turn now. */
  get atWork(): number {
    return this.taken;
  }

  /**
   * Waits for a turn and answers what gives it back. Giving up waiting leaves the line.
   *
   * @param party who asks, where parties have a share
   * @throws AppError `overloaded` when the line is too long, or was for too long; the signal's reason when that ends first
   */
  async take(gaveUp: AbortSignal, party = ''): Promise<() => void> {
    gaveUp.throwIfAborted();
    if (this.isFreeFor(party)) this.occupy(party);
    else if (this.mayWait(party)) await this.wait(gaveUp, party);
    else throw this.refused();
    let isGivenBack = false;
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.leave(party);
    };
  }

  private isFreeFor(party: string): boolean {
    const { atOnce, atOncePerParty = atOnce } = this.options;
    return this.taken < atOnce && (this.takenBy.get(party) ?? 0) < atOncePerParty;
  }

  private mayWait(party: string): boolean {
    const { maxWaiting, maxWaitingPerParty = maxWaiting } = this.options;
    if (this.waiting.size >= maxWaiting) return false;
    return [...this.waiting].filter((other) => other.party === party).length < maxWaitingPerParty;
  }

  private async wait(gaveUp: AbortSignal, party: string): Promise<void> {
    const { waiting } = this;
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        gaveUp.removeEventListener('abort', abandon);
        waiting.delete(called);
      };
      const called: Waiting = {
        party,
        call: () => {
          leave();
          resolve();
        },
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

  private occupy(party: string): void {
    this.taken += 1;
    this.takenBy.set(party, (this.takenBy.get(party) ?? 0) + 1);
  }

  /** The turn goes to whoever waits longest and may have it, and is free when nobody does. */
  private leave(party: string): void {
    this.taken -= 1;
    const left = (this.takenBy.get(party) ?? 1) - 1;
    if (left > 0) this.takenBy.set(party, left);
    else this.takenBy.delete(party);
    for (const next of this.waiting) {
      if (!this.isFreeFor(next.party)) continue;
      this.occupy(next.party);
      next.call();
      return;
    }
  }

  private refused(): AppError {
    return new AppError('overloaded', this.options.refusal, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
