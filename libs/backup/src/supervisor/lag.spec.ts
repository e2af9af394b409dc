import { ReplicationLag } from './lag.js';

const end = (offset: number, index = 0, generation = 'a') => ({ generation, index, offset });

describe('the age of what is not on the replica', () => {
  it('is that of the oldest write that waits, counted from the look before it was seen, and nothing when all have arrived', () => {
    const lag = new ReplicationLag();
    lag.shipped(end(100));
    lag.observe(end(100), 0);
    expect(lag.ageMs(50)).toBe(0);
    lag.observe(end(200), 1_000);
    lag.observe(end(300), 2_000);
    expect(lag.ageMs(3_000)).toBe(3_000);
    lag.shipped(end(200));
    expect(lag.ageMs(3_000)).toBe(2_000);
    lag.shipped(end(40, 1));
    expect(lag.ageMs(3_000)).toBe(0);
  });

  it('goes on through a new generation, until that has arrived', () => {
    const lag = new ReplicationLag();
    lag.shipped(end(100));
    lag.observe(end(200), 1_000);
    lag.observe(end(50, 0, 'b'), 2_000);
    expect(lag.ageMs(3_000)).toBe(2_000);
    lag.shipped(end(50, 0, 'b'));
    expect(lag.ageMs(3_000)).toBe(0);
  });

  it('takes no more memory however long a replica is away, and forgets nothing of how long', () => {
    const lag = new ReplicationLag();
    lag.shipped(end(0));
    for (let second = 1; second <= 10_000; second += 1) lag.observe(end(second), second * 1_000);
    expect(lag.ageMs(10_000_000)).toBe(10_000_000 - 1_000);
    lag.shipped(end(9_990));
    expect(lag.ageMs(10_000_000)).toBeLessThan(100_000);
  });
});
