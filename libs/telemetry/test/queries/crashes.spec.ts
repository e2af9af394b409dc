import fc from 'fast-check';
import { expectWidened, groupRows, measure, pick, rangeOf, ranked } from './support/naive.js';
import { DAY, dayNumber, type PlainEvent } from './support/plain-events.js';
import { NOW, Scene, anyRange, plainApp, stepsOf } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

const kind = fc.constantFrom('app_crash', 'lua_error');
const metrics = { app_crash: 'crashes', lua_error: 'errors' } as const;
const dayText = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);

function expectedGroup(fingerprint: string, type: string, rows: PlainEvent[]) {
  const times = rows.map((event) => event.timeMs).sort((a, b) => a - b);
  return {
    fingerprint,
    kind: type,
    crash_type: 'Panic',
    message: `message of ${fingerprint}`,
    frames: ['main.lua:1'],
    crashes: rows.length,
    devices: measure('devices', rows),
    app_versions: ranked('crashes', groupRows(rows, 'app_version')),
    first_day: times.length === 0 ? null : dayText(Math.min(...times)),
    last_day: times.length === 0 ? null : dayText(Math.max(...times)),
  };
}

describe('Crashes', () => {
  it('grouped by fingerprint equal plain arithmetic over the events', () => {
    fc.assert(
      fc.property(
        plainApp,
        anyRange,
        kind,
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (app, range, type, limit, bots) => {
          const packageId = scene.add(app);
          const answer = scene.ask('crashes', { packageId, range, kind: type, limit, includeBots: bots });
          const counted = rangeOf(answer);
          expectWidened(range, counted, stepsOf(range, false));
          const rows = pick({ app, range: counted, includeBots: bots, metric: metrics[type] });
          const groups = Map.groupBy(rows, (event) => event.fingerprint ?? '');
          const expected = new Map([...groups].map(([key, events]) => [key, expectedGroup(key, type, events)]));
          expect(answer.items).toEqual(answer.items.map(({ fingerprint }) => expected.get(fingerprint)));
          const sizes = [...groups.values()].map((events) => events.length).sort((a, b) => b - a);
          expect(answer.items.map(({ crashes }) => crashes)).toEqual(sizes.slice(0, limit));
          const rest = sizes.slice(limit);
          expect(answer.rest).toEqual({ groups: rest.length, crashes: rest.reduce((sum, n) => sum + n, 0) });
        },
      ),
    );
  });

  it('of one fingerprint equal plain arithmetic over the events, with a point for every day', () => {
    fc.assert(
      fc.property(plainApp, anyRange, fc.boolean(), (app, range, includeBots) => {
        const packageId = scene.add(app);
        const known = new Map(
          app.events.flatMap((event) => (event.fingerprint ? [[event.fingerprint, event.type]] : [])),
        );
        for (const [fingerprint, type] of known as Map<string, 'app_crash' | 'lua_error'>) {
          const answer = scene.ask('crash', { packageId, range, fingerprint: fingerprint.toUpperCase(), includeBots });
          const counted = rangeOf(answer ?? { from: '', to: '' });
          const rows = pick({ app, range: counted, includeBots, metric: metrics[type] }).filter(
            (event) => event.fingerprint === fingerprint,
          );
          const versions = groupRows(rows, 'app_version');
          const days = Array.from(
            { length: (counted.toMs - counted.fromMs) / DAY },
            (_, k) => counted.fromMs + k * DAY,
          );
          expect(answer).toEqual({
            ...expectedGroup(fingerprint, type, rows),
            from: new Date(counted.fromMs).toISOString(),
            to: new Date(counted.toMs).toISOString(),
            by_version: ranked('crashes', versions).map((key) => ({ key, value: versions.get(key)?.length })),
            days: days.map((day) => ({
              time: new Date(day).toISOString(),
              value: rows.filter((event) => dayNumber(event.timeMs) === day / DAY).length,
            })),
            sample: { message: 'sent' },
          });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of a fingerprint that the app does not have are null', () => {
    const crash = {
      device: 1,
      session: 1,
      timeMs: NOW,
      type: 'app_crash',
      app_version: '1',
      os: '',
      fingerprint: 'ab'.repeat(16),
    };
    const other = scene.add({ events: [crash], bots: new Set() });
    const packageId = scene.add({ events: [], bots: new Set() });
    const query = { range: { fromMs: NOW - DAY, toMs: NOW }, includeBots: false };
    expect(scene.ask('crash', { ...query, packageId: other, fingerprint: crash.fingerprint })).not.toBeNull();
    for (const fingerprint of [crash.fingerprint, 'nonsense', '']) {
      expect(scene.ask('crash', { ...query, packageId, fingerprint })).toBeNull();
    }
  });

  it('of a group without a sample, whose device was erased, say so', () => {
    const crash = {
      device: 1,
      session: 1,
      timeMs: NOW,
      type: 'app_crash',
      app_version: '1',
      os: '',
      fingerprint: 'cd'.repeat(16),
    };
    const packageId = scene.add({ events: [crash], bots: new Set() });
    scene.writer
      .prepare('UPDATE crash_groups SET sample = NULL WHERE fingerprint = ?')
      .run(Buffer.from(crash.fingerprint, 'hex'));
    const query = {
      packageId,
      range: { fromMs: NOW - DAY, toMs: NOW },
      fingerprint: crash.fingerprint,
      includeBots: false,
    };
    expect(scene.ask('crash', query)?.sample).toBeNull();
  });
});
