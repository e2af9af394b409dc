import fc from 'fast-check';
import { expectWidened, groupRows, measure, pick, rangeOf, retentionOf } from './support/naive.js';
import { DAY, HOUR, isBotEvent, sessionsOf, type PlainApp } from './support/plain-events.js';
import { NOW, Scene, anyRange, plainApp, stepsOf } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

const share = (all: number, crashed: number) => (all === 0 ? null : (all - crashed) / all);
const crashedSessions = (app: PlainApp, includeBots: boolean, range: { fromMs: number; toMs: number }) =>
  sessionsOf(app)
    .filter(({ first, crashed }) => crashed && (includeBots || !isBotEvent(app, first)))
    .map(({ first }) => first)
    .filter(({ timeMs }) => timeMs >= range.fromMs && timeMs < range.toMs);

describe('Retention', () => {
  it('by day and by week equals set arithmetic over the events', () => {
    fc.assert(
      fc.property(plainApp, anyRange, fc.constantFrom('day', 'week'), fc.boolean(), (app, range, interval, bots) => {
        const packageId = scene.add(app);
        const answer = scene.ask('retention', { packageId, range, interval, includeBots: bots });
        const counted = rangeOf(answer);
        const days = interval === 'week' ? 7 : 1;
        expect(counted.fromMs).toBeLessThanOrEqual(range.fromMs);
        expect(counted.toMs).toBeGreaterThanOrEqual(range.toMs);
        expect(range.fromMs - counted.fromMs).toBeLessThan(days * DAY);
        expect(counted.toMs - range.toMs).toBeLessThan(days * DAY);
        expect(new Date(counted.fromMs).getUTCHours()).toBe(0);
        if (interval === 'week') expect(new Date(counted.fromMs).getUTCDay()).toBe(1);
        expect(answer.cohorts).toEqual(retentionOf(app, counted, days, bots));
      }),
    );
  });

  it('knows a device from the first day it was a person, not from one it was a bot on', () => {
    const seen = (daysAgo: number) => ({
      device: 1,
      session: 1,
      timeMs: NOW - daysAgo * DAY,
      type: 'screen_view',
      app_version: '1',
      os: '',
    });
    const events = [seen(3), seen(2), seen(1)];
    const packageId = scene.add({ events, bots: new Set([`1/${Math.floor((NOW - 3 * DAY) / DAY)}`]) });
    const range = { fromMs: NOW - 3 * DAY, toMs: NOW };
    const sizes = (includeBots: boolean) =>
      scene.ask('retention', { packageId, range, interval: 'day', includeBots }).cohorts.map(({ size }) => size);
    expect(sizes(false)).toEqual([0, 1, 0, 0]);
    expect(sizes(true)).toEqual([1, 0, 0, 0]);
  });
});

describe('Stability', () => {
  it('equals plain arithmetic over the events, for the app and by key', () => {
    const groupBy = fc.constantFrom(undefined, 'app_version', 'os');
    fc.assert(
      fc.property(plainApp, anyRange, groupBy, fc.boolean(), (app, range, field, includeBots) => {
        const packageId = scene.add(app);
        const answer = scene.ask('stability', { packageId, range, groupBy: field, includeBots });
        const counted = rangeOf(answer);
        expectWidened(range, counted, stepsOf(range, false));
        const asked = { app, range: counted, includeBots };
        const split = (rows: typeof app.events) =>
          field === undefined ? new Map([[null, rows]]) : groupRows(rows, field);
        const sessions = split(pick({ ...asked, metric: 'sessions' }));
        const crashed = split(crashedSessions(app, includeBots, counted));
        const events = split(pick({ ...asked, metric: 'events' }));
        const crashes = split(pick({ ...asked, metric: 'crashes' }));
        const of = (groups: typeof sessions, key: string | null) => groups.get(key as never) ?? [];
        const keys = field === undefined ? [null] : [...new Set([...sessions.keys(), ...events.keys()])];
        const expected = keys.map((key) => {
          const counts = [of(sessions, key).length, of(crashed, key).length] as const;
          const sets = [measure('devices', of(events, key)), measure('devices', of(crashes, key))] as const;
          return {
            key,
            sessions: counts[0],
            crashed_sessions: counts[1],
            crash_free_sessions: share(...counts),
            devices: sets[0],
            crashed_devices: sets[1],
            crash_free_devices: share(...sets),
          };
        });
        expect(answer.items).toHaveLength(expected.length);
        expect(answer.items).toEqual(expect.arrayContaining(expected));
        const ordered = answer.items.filter(({ key }) => key !== '(other)').map((item) => item.sessions);
        expect(ordered).toEqual(ordered.toSorted((a, b) => b - a));
      }),
    );
  });
});

describe('An overview', () => {
  it('equals plain arithmetic over the events of its range and of the one as long before', () => {
    fc.assert(
      fc.property(plainApp, anyRange, fc.boolean(), (app, range, includeBots) => {
        const packageId = scene.add(app);
        const answer = scene.ask('overview', { packageId, range, includeBots });
        const counted = rangeOf(answer);
        const before = rangeOf(answer.previous);
        expect(before.toMs).toBe(counted.fromMs);
        expect(before.toMs - before.fromMs).toBe(counted.toMs - counted.fromMs);
        expect(counted.fromMs % HOUR).toBe(0);
        expect(range.fromMs - counted.fromMs).toBeLessThan(DAY);
        expect(counted.fromMs).toBeLessThanOrEqual(range.fromMs);
        expect(counted.toMs - range.toMs).toBeLessThan(DAY);
        expect(counted.toMs).toBeGreaterThanOrEqual(range.toMs);
        expect(answer.totals).toEqual(totals(app, counted, includeBots));
        expect(answer.previous.totals).toEqual(totals(app, before, includeBots));
      }),
    );
  });

  it('is by hours where both ranges have them, so that today is compared with as much of yesterday', () => {
    const packageId = scene.add({ events: [], bots: new Set() });
    const range = { fromMs: NOW - DAY, toMs: NOW };
    const { from, to, previous } = scene.ask('overview', { packageId, range, includeBots: false });
    expect([previous.from, from, to]).toEqual([
      '2026-11-18T14:00:00.000Z',
      '2026-11-19T15:00:00.000Z',
      '2026-11-20T16:00:00.000Z',
    ]);
  });
});

function totals(app: PlainApp, range: { fromMs: number; toMs: number }, includeBots: boolean) {
  const asked = { app, range, includeBots };
  const events = pick({ ...asked, metric: 'events' });
  const sessions = pick({ ...asked, metric: 'sessions' });
  const days = { fromMs: Math.floor(range.fromMs / DAY) * DAY, toMs: Math.ceil(range.toMs / DAY) * DAY };
  const devicesOf = (metric: 'events' | 'crashes') =>
    measure('devices', pick({ app, range: days, includeBots, metric }));
  return {
    events: events.length,
    sessions: sessions.length,
    devices: measure('devices', events),
    crashes: pick({ ...asked, metric: 'crashes' }).length,
    errors: pick({ ...asked, metric: 'errors' }).length,
    crash_free_sessions: share(sessions.length, crashedSessions(app, includeBots, range).length),
    crash_free_devices: share(devicesOf('events'), devicesOf('crashes')),
  };
}
