import fc from 'fast-check';
import { FunnelWalk } from './funnel-walk.js';

interface Event {
  timeMs: number;
  device: number;
  mask: number;
}

/** Devices for whom a chain of `length` events exists, by trying every chain. */
function devicesWithChain(events: Event[], length: number, withinMs: number): number {
  const follow = (from: number, step: number, startMs: number): boolean =>
    step === length ||
    events.some(
      (event, index) =>
        index > from &&
        event.device === events[from]?.device &&
        (event.mask & (1 << step)) !== 0 &&
        event.timeMs - startMs <= withinMs &&
        follow(index, step + 1, startMs),
    );
  const found = events.flatMap((event, index) =>
    (event.mask & 1) !== 0 && follow(index, 1, event.timeMs) ? [event.device] : [],
  );
  return new Set(found).size;
}

describe('a walk through a funnel', () => {
  it('counts the devices for whom a chain of events exists', () => {
    const event = fc.record({
      timeMs: fc.integer({ min: 0, max: 20 }),
      device: fc.constantFrom(0, 1, 5_000),
      mask: fc.integer({ min: 1, max: 15 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), fc.integer({ min: 0, max: 12 }), (unsorted, withinMs) => {
        const events = unsorted.sort((a, b) => a.timeMs - b.timeMs);
        const walk = new FunnelWalk(4, withinMs);
        for (const { timeMs, device, mask } of events) walk.add(timeMs, device, mask);
        expect(walk.reached).toEqual([1, 2, 3, 4].map((length) => devicesWithChain(events, length, withinMs)));
        const ofDevice = (device: number): Event[] => events.filter((one) => one.device === device);
        for (const device of [0, 1, 5_000]) {
          expect(walk.finished[device] === '1').toBe(devicesWithChain(ofDevice(device), 4, withinMs) === 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
