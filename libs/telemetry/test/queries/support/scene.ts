import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { RawConnection } from '@mosis/sqlite';
import { runQuery, type QueryName } from '../../../src/queries/run-query.js';
import type { TelemetryQueries } from '../../../src/queries/types.js';
import { migrateTelemetry, openTelemetryReader, openTelemetryWriter } from '../../../src/storage/telemetry-file.js';
import { DAY, HOUR, dayNumber, fillRollups, type PlainApp, type PlainEvent } from './plain-events.js';

/** Friday afternoon: the week and the month are under way. */
export const NOW = Date.parse('2026-11-20T15:30:00Z');
/** Hours last from 2026-11-11 on. */
export const RAW_DAYS = 10;
export const FIRST_HOUR_DAY = dayNumber(NOW) - RAW_DAYS + 1;
export const CONTEXT = { nowMs: NOW, rawDays: RAW_DAYS };

/** A migrated telemetry.db with any number of apps in it, beside each other. */
export class Scene {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-queries-'));
  readonly writer: RawConnection;
  readonly reader: RawConnection;
  #apps = 0;

  constructor() {
    migrateTelemetry(this.dataDir);
    this.writer = openTelemetryWriter(this.dataDir);
    // What it holds is made anew for each test: nothing here has to survive a power cut.
    this.writer.pragma('synchronous = OFF');
    this.reader = openTelemetryReader(this.dataDir);
  }

  /** Adds an app with these events and answers its package id. */
  add(app: PlainApp): string {
    this.#apps += 1;
    const packageId = `com.example.app${this.#apps}`;
    fillRollups(this.writer, packageId, app, FIRST_HOUR_DAY);
    return packageId;
  }

  ask<Name extends QueryName>(name: Name, query: TelemetryQueries[Name]['query']): TelemetryQueries[Name]['answer'] {
    return runQuery(this.reader, name, query, CONTEXT);
  }

  close(): void {
    this.reader.close();
    this.writer.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

const DEVICES = 8;
const timeMs = fc
  .tuple(fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 70 })), fc.nat({ max: 23 }), fc.nat({ max: HOUR - 1 }))
  .map(([daysAgo, hour, ms]) => Math.min((dayNumber(NOW) - daysAgo) * DAY + hour * HOUR + ms, NOW));
const event: fc.Arbitrary<PlainEvent> = fc
  .record({
    device: fc.nat({ max: DEVICES - 1 }),
    session: fc.nat({ max: 2 }),
    timeMs,
    type: fc.constantFrom('app_start', 'screen_view', 'app_crash', 'lua_error'),
    app_version: fc.constantFrom('', '1.0.0', '1.1.0', '2.0.0', '(other)'),
    os: fc.constantFrom('mosis', 'android'),
    crash: fc.nat({ max: 2 }),
  })
  .map(({ crash, ...rest }) => ({
    ...rest,
    session: rest.device * 10 + rest.session,
    ...(rest.type === 'app_crash' || rest.type === 'lua_error'
      ? { fingerprint: `${rest.type === 'app_crash' ? 'a' : 'b'}${crash}`.padEnd(32, '0') }
      : {}),
  }));

/** An app's history: events of the last seventy days, and a few days on which a device was a bot. */
export const plainApp: fc.Arbitrary<PlainApp> = fc
  .array(event, { maxLength: 60, size: 'max' })
  .chain((events) =>
    fc
      .subarray([...new Set(events.map((each) => `${each.device}/${dayNumber(each.timeMs)}`))])
      .map((bots) => ({ events, bots: new Set(bots) })),
  );

const moment = fc
  .oneof(fc.integer({ min: -75 * DAY, max: 2 * DAY }), fc.integer({ min: -(RAW_DAYS + 2) * DAY, max: DAY }))
  .map((offset) => NOW + offset);

/** Any range of the last seventy-five days, to the millisecond, often around where hours begin, that may end after now. */
export const anyRange = fc
  .tuple(moment, moment)
  .filter(([one, other]) => one !== other)
  .map(([one, other]) => ({ fromMs: Math.min(one, other), toMs: Math.max(one, other) }));

/** How far each edge of a range is widened: to an hour where hours are still there. */
export function stepsOf(range: { fromMs: number; toMs: number }, byHour: boolean): { from: number; to: number } {
  const stepAt = (time: number) => (byHour && dayNumber(time) >= FIRST_HOUR_DAY ? HOUR : DAY);
  return { from: stepAt(range.fromMs), to: stepAt(range.toMs - 1) };
}
