import { ClockWatch } from './clock-watch.js';

function setUp() {
  const time = { wallMs: 1_000_000, monotonicMs: 50 };
  const watch = new ClockWatch(
    () => time.wallMs,
    () => time.monotonicMs,
  );
  const pass = (wallMs: number, monotonicMs = wallMs) => {
    time.wallMs += wallMs;
    time.monotonicMs += monotonicMs;
    return watch.look();
  };
  return { watch, pass };
}

describe('ClockWatch', () => {
  it('sees no jump while the clocks go together, or nearly', () => {
    const { watch, pass } = setUp();
    expect(pass(3_600_000)).toBeUndefined();
    expect(pass(60_000, 61_000)).toBeUndefined();
    expect(watch.doubtedJumpMs).toBe(0);
    expect(watch.steadyForMs()).toBe(3_661_000);
  });

  it.each([
    [86_400_000, 10],
    [-86_400_000, 10],
  ])('sees a jump of %i ms and begins to count anew', (wallMs, monotonicMs) => {
    const { watch, pass } = setUp();
    expect(pass(wallMs, monotonicMs)).toBe(wallMs - monotonicMs);
    expect(watch.doubtedJumpMs).toBe(wallMs - monotonicMs);
    expect(pass(5_000)).toBeUndefined();
    expect(watch.steadyForMs()).toBe(5_000);
    pass(86_400_000 - 5_001);
    expect(watch.doubtedJumpMs).toBe(wallMs - monotonicMs);
    pass(1);
    expect(watch.doubtedJumpMs).toBe(0);
  });
});
