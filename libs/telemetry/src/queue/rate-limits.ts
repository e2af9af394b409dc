import { boundedKey, ownCopy } from './bounded-key.js';
import { RecencyList } from './recency-list.js';

export interface TokenBucketOptions {
  ratePerSecond: number;
  /** How much may be taken at once from a bucket that has rested. */
  burst: number;
  /** How many keys are remembered; beyond it the one that was asked for longest ago is forgotten, and starts full. */
  maxKeys: number;
  /** A clock that never goes back, milliseconds. */
  now: () => number;
}

interface Bucket {
  key: string;
  /** When the bucket is full again, which says at any time how much is in it. */
  fullAtMs: number;
  older: Bucket | undefined;
  newer: Bucket | undefined;
}

/** How many buckets that are full again one `take` forgets; more than it can add, so a flood's memory comes back. */
const FORGET_AT_ONCE = 2;

/**
 * A token bucket per key, in bounded memory. Of one key that is not forgotten no more than `burst + rate × time` passes
 * in any time, or `largest cost + rate × time` where one cost is above the burst.
 */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #byUse = new RecencyList<Bucket>();
  readonly #msPerToken: number;

  /** @throws RangeError when a limit is not above zero. */
  constructor(private readonly options: TokenBucketOptions) {
    const { ratePerSecond, burst, maxKeys } = options;
    if (!(ratePerSecond > 0 && burst > 0 && maxKeys >= 1)) throw new RangeError('a limit must be above zero');
    this.#msPerToken = 1000 / ratePerSecond;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes `cost` tokens: undefined when allowed, otherwise the whole seconds to wait (≥ 1), and nothing is taken. A cost
   * above the burst is allowed when the bucket is full, which then owes the difference.
   *
   * @throws RangeError when the cost is negative or not finite.
   */
  take(key: string, cost = 1): number | undefined {
    if (!(cost >= 0 && Number.isFinite(cost))) throw new RangeError('a cost must be finite and not negative');
    const nowMs = this.options.now();
    this.#forgetFull(nowMs);
    const stored = boundedKey(key);
    const bucket = this.#buckets.get(stored);
    if (bucket === undefined) {
      if (cost > 0) this.#remember(stored, nowMs + cost * this.#msPerToken);
      return undefined;
    }
    this.#byUse.renew(bucket);
    const spareTokens = Math.max(0, this.options.burst - cost);
    const waitMs = bucket.fullAtMs - spareTokens * this.#msPerToken - nowMs;
    if (waitMs > 0) return Math.ceil(waitMs / 1000);
    bucket.fullAtMs = Math.max(bucket.fullAtMs, nowMs) + cost * this.#msPerToken;
    return undefined;
  }

  #remember(key: string, fullAtMs: number): void {
    while (this.#buckets.size >= this.options.maxKeys && this.#byUse.oldest) this.#forget(this.#byUse.oldest);
    const bucket: Bucket = { key: ownCopy(key), fullAtMs, older: undefined, newer: undefined };
    this.#buckets.set(bucket.key, bucket);
    this.#byUse.add(bucket);
  }

  /** A full bucket is the same as none. */
  #forgetFull(nowMs: number): void {
    for (let forgotten = 0; forgotten < FORGET_AT_ONCE; forgotten += 1) {
      const { oldest } = this.#byUse;
      if (oldest === undefined || oldest.fullAtMs > nowMs) return;
      this.#forget(oldest);
    }
  }

  #forget(bucket: Bucket): void {
    this.#buckets.delete(bucket.key);
    this.#byUse.remove(bucket);
  }
}
