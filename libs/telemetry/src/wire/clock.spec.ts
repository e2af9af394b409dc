import fc from 'fast-check';
import { FLAG_CLAMPED_TO_NOW, FLAG_CLOCK_CORRECTED, FLAG_LATE } from './index.js';
import { batchWith, eventWith, parse, problemOf, RECEIVED_MS } from './testing.js';

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 366 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

/** What becomes of an event that the device stamped with `eventMs` and sent with X-Sent-At `sentMs`. */
function read(eventMs: number, sentMs?: number) {
  const body = batchWith({ events: [eventWith({ timestamp: new Date(eventMs).toISOString() })] });
  const { events, rejected, clockOffsetMs } = parse(
    body,
    sentMs === undefined ? undefined : new Date(sentMs).toISOString(),
  );
  return { timeMs: events[0]?.timeMs, flags: events[0]?.flags, code: rejected[0]?.code, clockOffsetMs };
}

describe('the time of an event', () => {
  it('is taken as it is without X-Sent-At', () => {
    expect(read(RECEIVED_MS - HOUR_MS)).toEqual({ timeMs: RECEIVED_MS - HOUR_MS, flags: 0, clockOffsetMs: 0 });
  });

  it('is moved by the offset of the clock beyond a minute, and not before', () => {
    for (const skewMs of [-60 * SECOND_MS, -1, 0, 1, 60 * SECOND_MS]) {
      const deviceMs = RECEIVED_MS - 2 * HOUR_MS + skewMs;
      expect(read(deviceMs, RECEIVED_MS + skewMs)).toEqual({ timeMs: deviceMs, flags: 0, clockOffsetMs: 0 });
    }
    for (const skewMs of [-60 * SECOND_MS - 1, 60 * SECOND_MS + 1]) {
      expect(read(RECEIVED_MS - 2 * HOUR_MS + skewMs, RECEIVED_MS + skewMs)).toEqual({
        timeMs: RECEIVED_MS - 2 * HOUR_MS,
        flags: FLAG_CLOCK_CORRECTED,
        clockOffsetMs: -skewMs,
      });
    }
  });

  it('is never after the receipt', () => {
    expect(read(RECEIVED_MS)).toMatchObject({ timeMs: RECEIVED_MS, flags: 0 });
    expect(read(RECEIVED_MS + 1)).toMatchObject({ timeMs: RECEIVED_MS, flags: FLAG_CLAMPED_TO_NOW });
    expect(read(RECEIVED_MS + 900 * YEAR_MS)).toMatchObject({ timeMs: RECEIVED_MS, flags: FLAG_CLAMPED_TO_NOW });
    expect(read(RECEIVED_MS, RECEIVED_MS - HOUR_MS)).toMatchObject({
      timeMs: RECEIVED_MS,
      flags: FLAG_CLOCK_CORRECTED | FLAG_CLAMPED_TO_NOW,
    });
  });

  it('is marked as late after a day and refused after seven', () => {
    expect(read(RECEIVED_MS - DAY_MS)).toMatchObject({ flags: 0 });
    expect(read(RECEIVED_MS - DAY_MS - 1)).toMatchObject({ flags: FLAG_LATE });
    expect(read(RECEIVED_MS - WEEK_MS)).toMatchObject({ timeMs: RECEIVED_MS - WEEK_MS, flags: FLAG_LATE });
    expect(read(RECEIVED_MS - WEEK_MS - 1)).toMatchObject({ code: 'too-old' });
  });

  it('is as old as it is by the corrected clock', () => {
    expect(read(RECEIVED_MS - YEAR_MS, RECEIVED_MS - YEAR_MS)).toMatchObject({ timeMs: RECEIVED_MS });
    expect(read(RECEIVED_MS - WEEK_MS, RECEIVED_MS + HOUR_MS)).toMatchObject({ code: 'too-old' });
  });

  it.each(['', 'now', '1763634600', '2026-11-20T10:30:00', 'Fri, 20 Nov 2026 10:30:00 GMT'])(
    'cannot be read beside an X-Sent-At of %j',
    (sentAt) => {
      expect(problemOf(() => parse(batchWith(), sentAt))).toMatchObject({ status: 422, code: 'invalid-sent-at' });
    },
  );

  it('comes out within a second of the truth on a clock that is wrong by up to a year or more', () => {
    const beyondTolerance = fc
      .tuple(fc.integer({ min: 61 * SECOND_MS, max: 2 * YEAR_MS }), fc.boolean())
      .map(([skewMs, isAhead]) => (isAhead ? skewMs : -skewMs));
    const ageMs = fc.integer({ min: 0, max: WEEK_MS - SECOND_MS });
    const latencyMs = fc.integer({ min: 0, max: 999 });
    fc.assert(
      fc.property(beyondTolerance, ageMs, latencyMs, (skewMs, age, latency) => {
        const sentMs = RECEIVED_MS - latency;
        const trueMs = sentMs - age;
        const { timeMs, flags } = read(trueMs + skewMs, sentMs + skewMs);
        expect(Math.abs(timeMs! - trueMs)).toBeLessThan(SECOND_MS);
        expect(flags! & FLAG_CLOCK_CORRECTED).toBe(FLAG_CLOCK_CORRECTED);
      }),
    );
  });
});
