import type { QueryName } from '../../src/queries/run-query.js';
import { QueryError } from '../../src/queries/types.js';
import { DAY, HOUR } from './support/plain-events.js';
import { NOW, Scene } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

const packageId = 'com.example.never-sent';
const asked = { packageId, range: { fromMs: NOW - DAY, toMs: NOW }, includeBots: false };

/** The code and text of the refusal of a query that a caller may ask although the types forbid it. */
function refusalOf<Name extends QueryName>(name: Name, query: object): { code: string; message: string } {
  try {
    scene.ask(name, { ...asked, ...query });
  } catch (error) {
    if (error instanceof QueryError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('It was answered.');
}

describe('What the roll-ups cannot tell', () => {
  it.each([
    [{ metric: 'sessions', interval: 'day', type: 'screen_view' }, /goes with events, crashes, errors/],
    [{ metric: 'devices', interval: 'day', type: 'screen_view' }, /goes with events, crashes, errors/],
    [{ metric: 'devices', interval: 'hour', groupBy: 'os' }, /by day, week or month/],
    [{ metric: 'events', interval: 'day', groupBy: 'locale' }, /app_version, mosis_version, os, country/],
    [{ metric: 'money', interval: 'day' }, /events, crashes, errors, sessions, devices/],
    [{ metric: 'events', interval: 'minute' }, /hour, day, week, month/],
    [{ metric: 'events', interval: 'hour', range: { fromMs: NOW - 10 * DAY, toMs: NOW } }, /2026-11-11 or later/],
  ])('is refused as a time series with what is possible: %j', (query, text) => {
    const { code, message } = refusalOf('timeseries', query);
    expect(code).toBe('not-possible');
    expect(message).toMatch(text);
  });

  it.each([
    [{ metric: 'sessions', dimension: 'type' }, /only events have types/i],
    [{ metric: 'events', dimension: 'locale' }, /type, app_version/],
    [{ metric: 'devices', dimension: 'locale' }, /by app_version/],
  ])('is refused as a breakdown with what is possible: %j', (query, text) => {
    const { code, message } = refusalOf('breakdown', { limit: 10, ...query });
    expect(code).toBe('not-possible');
    expect(message).toMatch(text);
  });

  it('is refused in the other answers as well', () => {
    expect(refusalOf('stability', { groupBy: 'locale' }).code).toBe('not-possible');
    expect(refusalOf('retention', { interval: 'month' }).code).toBe('not-possible');
    expect(refusalOf('crashes', { kind: 'screen_view', limit: 1 }).code).toBe('not-possible');
  });

  it('is not a type together with a dimension, nor an hour of yesterday', () => {
    const query = { ...asked, metric: 'events', type: 'screen_view', groupBy: 'os', interval: 'hour' } as const;
    expect(scene.ask('timeseries', query).series).toEqual([]);
  });
});

describe('The bounds of a range', () => {
  const ranged: [QueryName, object][] = [
    ['overview', {}],
    ['timeseries', { metric: 'events', interval: 'day' }],
    ['timeseries', { metric: 'devices', interval: 'month', groupBy: 'os' }],
    ['timeseries', { metric: 'events', interval: 'hour' }],
    ['breakdown', { metric: 'events', dimension: 'os', limit: 5 }],
    ['retention', { interval: 'day' }],
    ['stability', {}],
    ['crashes', { kind: 'app_crash', limit: 5 }],
    ['crash', { fingerprint: '0'.repeat(32) }],
  ];

  it.each(ranged)('are kept by %s %j', (name, query) => {
    const of = (fromMs: number, toMs: number) => refusalOf(name, { ...query, range: { fromMs, toMs } }).code;
    expect(of(NOW, NOW)).toBe('empty-range');
    expect(of(NOW, NOW - 1)).toBe('empty-range');
    expect(of(Number.NaN, NOW)).toBe('empty-range');
    expect(of(NOW - 3_700 * DAY - 1, NOW)).toBe('range-too-wide');
    expect(of(-8.64e15, 8.64e15)).toBe('range-too-wide');
  });

  it('are 3,700 days, and 92 days by hour', () => {
    const wide = { ...asked, range: { fromMs: NOW - 3_700 * DAY, toMs: NOW } };
    expect(scene.ask('timeseries', { ...wide, metric: 'events', interval: 'day' }).series[0]?.points).toHaveLength(
      3_701,
    );
    const future = (hours: number) =>
      ({ metric: 'events', interval: 'hour', range: { fromMs: NOW, toMs: NOW + hours * HOUR - HOUR / 2 } }) as const;
    expect(scene.ask('timeseries', { ...asked, ...future(2_208) }).series[0]?.points).toHaveLength(2_208);
    expect(refusalOf('timeseries', future(2_209)).code).toBe('range-too-wide');
  });

  it('are 366 days or 53 weeks of cohorts', () => {
    const monday = Date.parse('2025-11-03T00:00:00Z');
    const of = (interval: 'day' | 'week', days: number) => ({
      interval,
      range: { fromMs: monday, toMs: monday + days * DAY },
    });
    expect(scene.ask('retention', { ...asked, ...of('day', 366) }).cohorts).toHaveLength(366);
    expect(refusalOf('retention', of('day', 367)).code).toBe('range-too-wide');
    expect(scene.ask('retention', { ...asked, ...of('week', 53 * 7) }).cohorts).toHaveLength(53);
    expect(refusalOf('retention', of('week', 53 * 7 + 1)).code).toBe('range-too-wide');
  });

  it('of a list are 1 and 1,000 items', () => {
    for (const limit of [0, 1_001, 1.5, Number.NaN]) {
      expect(refusalOf('breakdown', { metric: 'events', dimension: 'os', limit }).code).toBe('invalid-limit');
      expect(refusalOf('crashes', { kind: 'app_crash', limit }).code).toBe('invalid-limit');
      expect(refusalOf('events', { limit }).code).toBe('invalid-limit');
    }
  });
});

describe('An app that never sent anything', () => {
  it('is answered with zeros and empty lists', () => {
    const zero = {
      sessions: 0,
      crashed_sessions: 0,
      crash_free_sessions: null,
      devices: 0,
      crashed_devices: 0,
      crash_free_devices: null,
    };
    expect(scene.ask('overview', asked).totals).toMatchObject({ events: 0, devices: 0, crash_free_sessions: null });
    const day = scene.ask('timeseries', { ...asked, metric: 'devices', interval: 'day' });
    expect(day.series.map(({ key, points }) => [key, points.map(({ value }) => value)])).toEqual([[null, [0, 0]]]);
    const breakdown = scene.ask('breakdown', { ...asked, metric: 'devices', dimension: 'os', limit: 5 });
    expect(breakdown).toMatchObject({ total: 0, items: [], rest: { keys: 0, value: 0 } });
    expect(scene.ask('retention', { ...asked, interval: 'day' }).cohorts.map(({ size }) => size)).toEqual([0, 0]);
    expect(scene.ask('stability', asked).items).toEqual([{ key: null, ...zero }]);
    expect(scene.ask('stability', { ...asked, groupBy: 'os' }).items).toEqual([]);
    expect(scene.ask('crashes', { ...asked, kind: 'app_crash', limit: 5 })).toMatchObject({
      items: [],
      rest: { groups: 0, crashes: 0 },
    });
    expect(scene.ask('crash', { ...asked, fingerprint: '0'.repeat(32) })).toBeNull();
    expect(scene.ask('events', { packageId, limit: 5 })).toEqual({ items: [], next: null });
    expect(scene.ask('rejections', { packageId })).toEqual({ counts: [], dropped_by_sdk: [], samples: [] });
  });

  it('is found by its package id in any spelling once it has', () => {
    const event = { device: 1, session: 1, timeMs: NOW, type: 'app_start', app_version: '1', os: '' };
    const known = scene.add({ events: [event], bots: new Set() });
    expect(
      scene.ask('overview', { ...asked, range: { fromMs: NOW, toMs: NOW + 1 }, packageId: known.toUpperCase() }).totals
        .events,
    ).toBe(1);
  });
});

describe('An answer', () => {
  it('leaves no transaction open behind it, refused or not', () => {
    scene.ask('overview', asked);
    refusalOf('events', { limit: 0 });
    expect(scene.reader.inTransaction).toBe(false);
  });
});
