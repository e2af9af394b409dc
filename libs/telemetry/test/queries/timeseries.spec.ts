import fc from 'fast-check';
import type { TimeseriesQuery } from '../../src/queries/types.js';
import { expectWidened, groupRows, measure, pick, pointsOf, rangeOf, ranked } from './support/naive.js';
import { DAY } from './support/plain-events.js';
import { FIRST_HOUR_DAY, NOW, Scene, anyRange, plainApp, stepsOf } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

const metric = fc.constantFrom('events', 'crashes', 'errors', 'sessions', 'devices');
const interval = fc.constantFrom('day', 'week', 'month');
const groupBy = fc.constantFrom('app_version', 'os');
const type = fc.constantFrom(undefined, 'screen_view', 'app_crash', 'never_sent');

/** Keys in order, what was stored as `(other)` last. */
function keysOf(query: TimeseriesQuery, groups: ReturnType<typeof groupRows>): string[] {
  const keys = ranked(query.metric, groups);
  return [...keys.filter((key) => key !== '(other)'), ...keys.filter((key) => key === '(other)')];
}

describe('A time series', () => {
  it('of days, weeks and months equals plain arithmetic over the events, whatever the range', () => {
    fc.assert(
      fc.property(plainApp, anyRange, metric, interval, type, fc.boolean(), (app, asked, what, step, only, bots) => {
        const packageId = scene.add(app);
        const query = { packageId, range: asked, metric: what, interval: step, includeBots: bots } as TimeseriesQuery;
        if (what === 'events' && only !== undefined) query.type = only;
        const answer = scene.ask('timeseries', query);
        const range = rangeOf(answer);
        expectWidened(asked, range, stepsOf(asked, true));
        const rows = pick({ app, range, includeBots: bots, metric: query.metric, type: query.type });
        expect(answer).toMatchObject({ metric: what, interval: step });
        expect(answer.series).toEqual([{ key: null, points: pointsOf(query.metric, rows, range, query.interval) }]);
      }),
    );
  });

  it('of days, weeks and months by a dimension equals plain arithmetic over the events', () => {
    fc.assert(
      fc.property(
        plainApp,
        anyRange,
        metric,
        interval,
        groupBy,
        fc.boolean(),
        (app, asked, what, step, field, bots) => {
          const packageId = scene.add(app);
          const query = { packageId, range: asked, metric: what, interval: step, includeBots: bots } as TimeseriesQuery;
          const answer = scene.ask('timeseries', { ...query, groupBy: field });
          const range = rangeOf(answer);
          expectWidened(asked, range, stepsOf(asked, what !== 'devices'));
          const rows = pick({ app, range, includeBots: bots, metric: query.metric });
          const groups = groupRows(rows, field);
          expect(answer.series).toEqual(
            keysOf(query, groups).map((key) => ({
              key,
              points: pointsOf(query.metric, groups.get(key) ?? [], range, query.interval),
            })),
          );
        },
      ),
    );
  });

  it('of hours equals plain arithmetic over the events while hours last', () => {
    const recent = anyRange.filter(({ fromMs }) => fromMs >= FIRST_HOUR_DAY * DAY);
    fc.assert(
      fc.property(plainApp, recent, metric, fc.option(groupBy), fc.boolean(), (app, asked, what, field, bots) => {
        const packageId = scene.add(app);
        const query = { packageId, range: asked, metric: what, interval: 'hour', includeBots: bots } as TimeseriesQuery;
        if (what !== 'devices' && field !== null) query.groupBy = field;
        const answer = scene.ask('timeseries', query);
        const range = rangeOf(answer);
        expectWidened(asked, range, stepsOf(asked, true));
        const rows = pick({ app, range, includeBots: bots, metric: query.metric });
        const groups = query.groupBy ? groupRows(rows, query.groupBy as 'os') : new Map([[null, rows]]);
        const keys = query.groupBy ? keysOf(query, groups as ReturnType<typeof groupRows>) : [null];
        expect(answer.series).toEqual(
          keys.map((key) => ({
            key,
            points: pointsOf(query.metric, groups.get(key as never) ?? [], range, 'hour'),
          })),
        );
      }),
    );
  });

  it('shows the twenty greatest keys and the rest together, of which devices are counted once', () => {
    // Version k has devices 0 to k, and as many events; version 00 is the smallest of all.
    const events = Array.from({ length: 25 }, (_, k) =>
      Array.from({ length: k + 1 }, (__, device) => ({
        device,
        session: device,
        timeMs: NOW - (device % 2) * DAY,
        type: 'screen_view',
        app_version: `v${String(k).padStart(2, '0')}`,
        os: '',
      })),
    ).flat();
    const packageId = scene.add({ events, bots: new Set() });
    const range = { fromMs: NOW - 2 * DAY, toMs: NOW + 1 };
    const asked = { packageId, range, interval: 'week', groupBy: 'app_version', includeBots: false } as const;
    const expected = (value: (k: number) => number, rest: number) => [
      ...Array.from({ length: 20 }, (_, index) => ({
        key: `v${String(24 - index)}`.replace(/^v(\d)$/, 'v0$1'),
        value: value(24 - index),
      })),
      { key: '(other)', value: rest },
    ];
    for (const [what, rest] of [
      ['events', 15],
      ['devices', 5],
    ] as const) {
      const { series } = scene.ask('timeseries', { ...asked, metric: what });
      const found = series.map(({ key, points }) => ({ key, value: points[0]?.value }));
      expect(found).toEqual(expected((k) => k + 1, rest));
      expect(series.every(({ points }) => points.length === 1 && points[0]?.time === '2026-11-16T00:00:00.000Z')).toBe(
        true,
      );
    }
    expect(measure('devices', events)).toBe(25);
  });
});
