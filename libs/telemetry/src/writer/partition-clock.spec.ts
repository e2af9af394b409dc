import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '../storage/days.js';
import { PartitionClock } from './partition-clock.js';

const at = (day: number, hours = 0) => day * DAY_MS + hours * HOUR_MS;

describe('PartitionClock', () => {
  it('begins on the day of the first upload and follows midnight', () => {
    const clock = new PartitionClock(undefined);
    expect(clock.dayFor(at(20_000, 23))).toBe(20_000);
    expect(clock.dayFor(at(20_001))).toBe(20_001);
    expect(clock.dayFor(at(20_003))).toBe(20_003);
  });

  it('stays where it is when the clock goes back', () => {
    const clock = new PartitionClock(20_000);
    expect(clock.dayFor(at(19_000))).toBe(20_000);
    expect(clock.dayFor(at(0))).toBe(20_000);
  });

  it('believes a leap ahead after an hour of the same clock', () => {
    const clock = new PartitionClock(20_000);
    expect(clock.dayFor(at(20_030, 1))).toBe(20_000);
    expect(clock.inDoubt).toBe(true);
    expect(clock.dayFor(at(20_030, 1.9))).toBe(20_000);
    expect(clock.dayFor(at(20_030, 2))).toBe(20_030);
    expect(clock.inDoubt).toBe(false);
  });

  it('doubts anew when the clock is set right, or leaps again', () => {
    const clock = new PartitionClock(20_000);
    clock.dayFor(at(20_030));
    expect(clock.dayFor(at(20_000, 5))).toBe(20_000);
    expect(clock.dayFor(at(20_030, 2))).toBe(20_000);
    expect(clock.dayFor(at(20_900))).toBe(20_000);
    expect(clock.dayFor(at(20_900, 0.5))).toBe(20_000);
  });

  it('never goes back, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 * 24 }), { maxLength: 60 }), (hours) => {
        const clock = new PartitionClock(undefined);
        let last = Number.NEGATIVE_INFINITY;
        for (const hour of hours) {
          const day = clock.dayFor(hour * HOUR_MS);
          expect(day).toBeGreaterThanOrEqual(last);
          last = day;
        }
      }),
    );
  });
});
