import fc from 'fast-check';
import { sessionIdOf, type SentBatch, type SentEvent } from './batches.js';
import { DAY_MS, HOUR_MS } from './test-clock.js';

/** Something that happens to an engine. */
export type Happening =
  | { kind: 'upload'; batches: SentBatch[] }
  | { kind: 'repeat'; pick: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'flush' | 'judge' | 'kill' | 'audit' }
  | { kind: 'erase'; packageId: string; deviceId: string };

export const APPS = ['com.example.one', 'com.example.two'];
const CRASHES = ['nil value', 'out of memory', 'bad argument'];

const event: fc.Arbitrary<SentEvent> = fc
  .record({
    type: fc.constantFrom(
      'screen_view',
      'button_click',
      'app_start',
      'perf_frame',
      'app_crash',
      'lua_error',
      'level_up',
    ),
    agoMs: fc.oneof(
      fc.integer({ min: 0, max: 2 * HOUR_MS }),
      fc.integer({ min: 0, max: 2 * HOUR_MS }),
      fc.integer({ min: 0, max: 7 * DAY_MS }),
      fc.constantFrom(0, 12 * HOUR_MS, 7 * DAY_MS),
    ),
    crash: fc.constantFrom(...CRASHES),
  })
  .map(({ type, agoMs, crash }) =>
    type === 'app_crash' || type === 'lua_error' ? { type, agoMs, data: { message: crash } } : { type, agoMs },
  );

const batch: fc.Arbitrary<SentBatch> = fc
  .record({
    packageId: fc.constantFrom(...APPS),
    device: fc.nat({ max: 4 }),
    session: fc.nat({ max: 2 }),
    appVersion: fc.constantFrom('1.0', '1.1'),
    country: fc.constantFrom('DE', 'IE', undefined),
    os: fc.constantFrom('mosis', undefined),
    events: fc.array(event, { minLength: 1, maxLength: 6 }),
  })
  .map(({ device, session, country, os, ...rest }) => ({
    ...rest,
    deviceId: `device-${device}`,
    sessionId: sessionIdOf(session),
    context: { ...(country ? { country } : {}), ...(os ? { os } : {}) },
  }));

/** Uploads most of all, and everything else an engine lives through between them. */
export const life: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('upload' as const),
        batches: fc.array(batch, { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), pick: fc.nat() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(fc.integer({ min: 1, max: HOUR_MS }), fc.integer({ min: HOUR_MS, max: 2 * DAY_MS })),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'judge' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'audit' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('erase' as const),
        packageId: fc.constantFrom(...APPS),
        deviceId: fc.nat({ max: 4 }).map((device) => `device-${device}`),
      }),
    },
  ),
  { minLength: 1, maxLength: 30, size: 'max' },
);
