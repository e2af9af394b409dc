import fc from 'fast-check';
import type { BreakdownQuery } from '../../src/queries/types.js';
import { expectWidened, groupRows, measure, pick, rangeOf, ranked } from './support/naive.js';
import { Scene, anyRange, plainApp, stepsOf } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

describe('A breakdown', () => {
  it('equals plain arithmetic over the events, in its items, its rest and its total', () => {
    const metric = fc.constantFrom('events', 'crashes', 'errors', 'sessions', 'devices');
    const dimension = fc.constantFrom('app_version', 'os', 'type');
    fc.assert(
      fc.property(
        ...([plainApp, anyRange, metric, dimension, fc.integer({ min: 1, max: 5 }), fc.boolean()] as const),
        (app, range, what, by, limit, includeBots) => {
          fc.pre(by !== 'type' || what === 'events');
          const packageId = scene.add(app);
          const query = { packageId, range, metric: what, dimension: by, limit, includeBots } as BreakdownQuery;
          const answer = scene.ask('breakdown', query);
          const counted = rangeOf(answer);
          expectWidened(range, counted, stepsOf(range, what !== 'devices'));
          const rows = pick({ app, range: counted, includeBots, metric: query.metric });
          const groups = groupRows(rows, query.dimension as 'type');
          const keys = ranked(query.metric, groups);
          const sum = (some: string[]) =>
            measure(
              query.metric,
              some.flatMap((key) => groups.get(key) ?? []),
            );
          expect(answer).toMatchObject({
            metric: what,
            dimension: by,
            total: measure(query.metric, rows),
            items: keys.slice(0, limit).map((key) => ({ key, value: sum([key]) })),
            rest: { keys: keys.slice(limit).length, value: sum(keys.slice(limit)) },
          });
        },
      ),
    );
  });

  it('of events of one type counts that type alone', () => {
    const event = { device: 1, session: 1, timeMs: Date.parse('2026-11-19T10:00:00Z'), os: 'mosis' };
    const packageId = scene.add({
      events: [
        { ...event, type: 'screen_view', app_version: '1' },
        { ...event, type: 'screen_view', app_version: '2' },
        { ...event, type: 'app_start', app_version: '2' },
      ],
      bots: new Set(),
    });
    const range = { fromMs: event.timeMs, toMs: event.timeMs + 1 };
    const query = { packageId, range, metric: 'events', type: 'screen_view', limit: 10, includeBots: false } as const;
    expect(scene.ask('breakdown', { ...query, dimension: 'app_version' }).items).toEqual([
      { key: '1', value: 1 },
      { key: '2', value: 1 },
    ]);
    expect(scene.ask('breakdown', { ...query, dimension: 'type' }).items).toEqual([{ key: 'screen_view', value: 2 }]);
  });
});
