import { randomUUID } from 'node:crypto';
import { bodyOf, seededRandom, sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine } from './support/direct-engine.js';
import { countRawEvents, listRawTables, readRawEvents, type RawEventRow } from './support/raw-events.js';
import { compareCoveredDays, compareWithRecount } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

const APP = 'com.example.one';
const YEAR_MS = 365 * DAY_MS;

describe('late events', () => {
  it('count in their own bucket, once, and make its export due again', () => {
    const engine = new DirectEngine();
    const version = (day: number) =>
      (engine.db.prepare('SELECT version FROM bucket_days WHERE day = ?').pluck().get(day) as number | undefined) ?? 0;
    const count = (day: number) =>
      engine.db
        .prepare(
          `SELECT n FROM day_counts JOIN words ON word = measure WHERE dimension = 0 AND day = ? AND words.value = 'level_up'`,
        )
        .pluck()
        .get(day);
    const today = Math.floor(engine.clock.wallMs / DAY_MS);
    for (let daysAgo = 0; daysAgo <= 7; daysAgo += 1) {
      const before = version(today - daysAgo);
      const batch = { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(daysAgo) };
      const body = bodyOf(
        { ...batch, events: someEvents(3, 'level_up', daysAgo * DAY_MS - 3_000) },
        engine.clock.wallMs,
      );
      for (let times = 0; times < 3; times += 1) engine.uploadBodies([{ packageId: APP, body }]);
      engine.flush();
      expect(version(today - daysAgo)).toBeGreaterThan(before);
      expect(count(today - daysAgo)).toBe(3);
    }
    expect(listRawTables(engine.db)).toHaveLength(1);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });
});

describe('the clock of a device', () => {
  it.each([-YEAR_MS, YEAR_MS, -3 * HOUR_MS, 20 * DAY_MS])('that is off by %d ms ends up right', (offMs) => {
    const engine = new DirectEngine();
    const deviceNowMs = engine.clock.wallMs + offMs;
    const batch = {
      packageId: APP,
      deviceId: 'd',
      sessionId: sessionIdOf(1),
      events: someEvents(5, 'level_up', HOUR_MS),
    };
    const body = bodyOf(batch, deviceNowMs);
    // On its way for a second and a half.
    const sentAt = new Date(deviceNowMs - 1_500).toISOString();
    expect(engine.uploadBodies([{ packageId: APP, body, sentAt }])).toMatchObject([{ answer: { accepted: 5 } }]);
    const times = readRawEvents(engine.db).map(({ timeMs }) => timeMs);
    times.forEach((timeMs, index) => {
      expect(Math.abs(timeMs - (engine.clock.wallMs - HOUR_MS - index * 1_000))).toBeLessThanOrEqual(2_000);
    });
    engine.close();
  });
});

describe("the server's own clock", () => {
  const jumps = {
    'hours ahead and back': [5 * HOUR_MS, -5 * HOUR_MS],
    'a day back and ahead again': [-DAY_MS, DAY_MS],
    'days ahead and back': [5 * DAY_MS, -5 * DAY_MS],
    'a year ahead and back': [YEAR_MS, -YEAR_MS],
    'a year back and ahead': [-YEAR_MS, YEAR_MS],
    'to and fro': [HOUR_MS, -3 * DAY_MS, YEAR_MS, -YEAR_MS, 40 * DAY_MS, -YEAR_MS, YEAR_MS - 38 * DAY_MS],
  };
  it.each(Object.entries(jumps))(
    'may jump %s: nothing is lost, no day comes again, retention waits',
    async (_, list) => {
      const random = seededRandom(3);
      const engine = new DirectEngine();
      let accepted = 0;
      let jumpedMs = 0;
      const days: number[] = [];
      const gone: RawEventRow[] = [];
      const send = () => {
        for (let index = 0; index < 6; index += 1) {
          const deviceNowMs = engine.clock.wallMs - jumpedMs;
          const packageId = APP;
          const events = someEvents(4, 'screen_view', Math.floor(random() * 2 * DAY_MS));
          const body = bodyOf(
            { packageId, deviceId: `d${index}`, sessionId: sessionIdOf(index), events },
            deviceNowMs,
            randomUUID(),
          );
          const sentAt = new Date(deviceNowMs).toISOString();
          for (let times = 0; times < 2; times += 1) {
            const [outcome] = engine.uploadBodies([{ packageId, body, sentAt }]);
            if (outcome?.kind !== 'stored') throw new Error(JSON.stringify(outcome));
            expect(outcome.answer).toMatchObject({ accepted: 4, duplicate: times === 1 });
            if (times === 0) accepted += 4;
          }
          days.push(engine.db.prepare('SELECT max(day) FROM partitions').pluck().get() as number);
          engine.clock.advance(HOUR_MS / 4);
        }
        engine.flush();
        expect(compareCoveredDays(engine.db, gone)).toEqual([]);
      };
      for (let day = 0; day < 10; day += 1) {
        send();
        engine.clock.advance(DAY_MS - 6 * (HOUR_MS / 4));
      }
      const [first = 0] = listRawTables(engine.db).map(({ day }) => day);
      for (const partition of [first, first + 1]) gone.push(...readRawEvents(engine.db, { partition }));
      expect((await engine.runRetention()).dropped).toHaveLength(2);
      accepted -= 2 * 24;
      for (const jump of list) {
        const tables = listRawTables(engine.db).length;
        engine.clock.jump(jump);
        jumpedMs += jump;
        expect((await engine.runRetention()).dropped).toEqual([]);
        expect(listRawTables(engine.db)).toHaveLength(tables);
        send();
        expect((await engine.runRetention()).dropped).toEqual([]);
        expect(await engine.runAudit()).toMatchObject({ differences: 0 });
      }
      expect(countRawEvents(engine.db)).toBe(accepted);
      expect(days).toEqual([...days].sort((left, right) => left - right));
      engine.close();
    },
  );

  it('set back lets what waits be rolled up within seconds all the same', () => {
    const engine = new DirectEngine();
    const batch = { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(1), events: someEvents(2) };
    engine.upload(batch);
    engine.clock.jump(-YEAR_MS);
    expect(engine.store.isFlushDue(engine.clock.wallMs)).toBe(true);
    engine.close();
  });
});
