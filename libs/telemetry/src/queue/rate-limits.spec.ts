import fc from 'fast-check';
import { TokenBuckets } from './rate-limits.js';

/** The textbook bucket: so many tokens, added to as time passes. */
class PlainBucket {
  private tokens: number;
  private atMs = 0;

  constructor(
    private readonly ratePerSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
  }

  tokensAt(nowMs: number): number {
    this.tokens = Math.min(this.burst, this.tokens + ((nowMs - this.atMs) / 1000) * this.ratePerSecond);
    this.atMs = nowMs;
    return this.tokens;
  }

  spend(cost: number): void {
    this.tokens -= cost;
  }
}

const limits = fc.record({
  ratePerSecond: fc.constantFrom(0.1, 1 / 3, 1, 7, 50, 1000),
  burst: fc.integer({ min: 1, max: 60 }),
});
const asks = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 2000 }), fc.nat({ max: 100_000 })),
    key: fc.constantFrom('k1', 'k2'),
    cost: fc.nat({ max: 90 }),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);
const CLOSE = 1e-4;

describe('Token buckets', () => {
  const build = (limit: { ratePerSecond: number; burst: number }, maxKeys = 100) => {
    const clock = { nowMs: 0 };
    return { clock, buckets: new TokenBuckets({ ...limit, maxKeys, now: () => clock.nowMs }) };
  };

  it('decide as a bucket that is filled drop by drop does, for every key by itself', () => {
    fc.assert(
      fc.property(limits, asks, (limit, list) => {
        const { clock, buckets } = build(limit);
        const plain = new Map<string, PlainBucket>();
        for (const { waitMs, key, cost } of list) {
          clock.nowMs += waitMs;
          const bucket = plain.get(key) ?? new PlainBucket(limit.ratePerSecond, limit.burst);
          plain.set(key, bucket);
          const missing = Math.min(cost, limit.burst) - bucket.tokensAt(clock.nowMs);
          const waitSeconds = buckets.take(key, cost);
          // Within rounding of the edge either answer is right.
          if (cost > 0 && missing > CLOSE) expect(waitSeconds).toBeDefined();
          if (cost === 0 ? missing <= 0 : missing < -CLOSE) expect(waitSeconds).toBeUndefined();
          if (waitSeconds === undefined) bucket.spend(cost);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('let no more than burst + rate × time through between any two moments', () => {
    fc.assert(
      fc.property(limits, asks, (limit, list) => {
        const { clock, buckets } = build(limit);
        const passed: { atMs: number; cost: number }[] = [];
        for (const { waitMs, cost } of list) {
          clock.nowMs += waitMs;
          if (buckets.take('key', cost) === undefined) passed.push({ atMs: clock.nowMs, cost });
        }
        const largest = Math.max(limit.burst, ...passed.map((one) => one.cost));
        passed.forEach((first, from) => {
          let sum = 0;
          let excess = 0;
          for (const { atMs, cost } of passed.slice(from)) {
            sum += cost;
            const bound = largest + (limit.ratePerSecond * (atMs - first.atMs)) / 1000;
            excess = Math.max(excess, sum - bound);
          }
          expect(excess).toBeLessThanOrEqual(CLOSE);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('let through who waits as long as told, and no whole second earlier', () => {
    fc.assert(
      fc.property(limits, asks, fc.integer({ min: 1, max: 90 }), (limit, list, cost) => {
        const used = () => {
          const { clock, buckets } = build(limit);
          for (const ask of list) {
            clock.nowMs += ask.waitMs;
            buckets.take('key', ask.cost);
          }
          return { clock, buckets };
        };
        const { clock, buckets } = used();
        const waitSeconds = buckets.take('key', cost);
        if (waitSeconds === undefined) return;
        expect(Number.isInteger(waitSeconds) && waitSeconds >= 1).toBe(true);
        clock.nowMs += (waitSeconds - 1) * 1000;
        if (waitSeconds > 1) expect(buckets.take('key', cost)).toBe(1);
        clock.nowMs += 1000;
        expect(buckets.take('key', cost)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('allow a cost above the burst from a full bucket only, which then owes the rest', () => {
    const { clock, buckets } = build({ ratePerSecond: 10, burst: 100 });
    expect(buckets.take('key', 1)).toBeUndefined();
    expect(buckets.take('key', 500)).toBe(1);
    clock.nowMs = 100;
    expect(buckets.take('key', 500)).toBeUndefined();
    expect(buckets.take('key', 1)).toBe(41);
    expect(buckets.take('other', 1)).toBeUndefined();
  });

  it('take nothing when they refuse', () => {
    const { clock, buckets } = build({ ratePerSecond: 1, burst: 1 });
    buckets.take('key');
    for (let time = 0; time < 100; time += 1) expect(buckets.take('key')).toBe(1);
    clock.nowMs = 1000;
    expect(buckets.take('key')).toBeUndefined();
  });

  it('remember so many keys and no more, those asked for last', () => {
    const { buckets } = build({ ratePerSecond: 0.001, burst: 1 }, 100);
    buckets.take('kept');
    for (let index = 0; index < 10_000; index += 1) {
      buckets.take(`key ${index}`);
      if (index % 50 > 0) continue;
      expect(buckets.take('kept')).toBeGreaterThan(0);
      expect(buckets.size).toBeLessThanOrEqual(100);
    }
    expect(buckets.take('key 9999')).toBeGreaterThan(0);
    expect(buckets.take('key 0')).toBeUndefined();
  });

  it('forget keys whose buckets are full again', () => {
    const { clock, buckets } = build({ ratePerSecond: 1, burst: 5 }, 1000);
    for (let index = 0; index < 1000; index += 1) buckets.take(`key ${index}`);
    clock.nowMs = 1000;
    for (let index = 0; index < 500; index += 1) buckets.take('one');
    expect(buckets.size).toBe(1);
  });

  it('tell long keys apart', () => {
    const { buckets } = build({ ratePerSecond: 0.01, burst: 1 });
    const long = 'x'.repeat(100_000);
    expect([`${long}1`, `${long}2`, `${long}1`].map((key) => buckets.take(key))).toEqual([undefined, undefined, 100]);
  });

  it('refuse limits and costs that are none', () => {
    expect(() => build({ ratePerSecond: 0, burst: 1 })).toThrow(RangeError);
    const { buckets } = build({ ratePerSecond: 1, burst: 1 });
    expect(() => buckets.take('key', -1)).toThrow(RangeError);
    expect(() => buckets.take('key', NaN)).toThrow(RangeError);
  });
});
