import fc from 'fast-check';
import type { AdHocQuery, FunnelQuery } from '../queries/types.js';
import { AnalyticsProcess } from './analytics-process.js';
import { DEVICES_PER_WALK } from './funnel-walk.js';
import { ROWS_PER_PART } from './raw-events.js';
import { runArchive } from './run-archive.js';
import { TelemetryFixture, type TestEvent } from './test/telemetry-fixture.js';

const NOW = Date.parse('2026-11-12T15:00:00Z');
const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const range = { fromMs: at('01T00:00:00'), toMs: NOW };
const asked = { packageId: 'com.dev.one', range, includeBots: false };

let fixture: TelemetryFixture;
let analytics: AnalyticsProcess;
let nowMs: number;

beforeEach(() => {
  nowMs = NOW;
  fixture = new TelemetryFixture();
  analytics = new AnalyticsProcess({ dataDir: fixture.dataDir, rawDays: 90, now: () => nowMs });
});

afterEach(async () => {
  await analytics.close();
  fixture.dispose();
});

const archive = (): Promise<unknown> => runArchive({ dataDir: fixture.dataDir, analytics, state: fixture.state });

async function count(query: Partial<AdHocQuery> = {}): Promise<number> {
  const answer = await analytics.rawQuery('query', {
    ...asked,
    metric: 'events',
    filters: [],
    groupBy: [],
    limit: 10,
    ...query,
  });
  return answer.rows[0]?.value ?? 0;
}

describe('raw events', () => {
  it('come from Parquet, from closed partitions without a copy, and from today, each once', async () => {
    fixture.receive('2026-11-09', [{ timeMs: at('09T10:00:00') }, { timeMs: at('08T10:00:00') }]);
    await archive();
    fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00') }]);
    fixture.receive('2026-11-12', [{ timeMs: at('12T10:00:00') }], { open: true });
    fixture.receive('2026-11-12', [{ timeMs: at('12T10:00:00'), packageId: 'com.dev.two' }], { open: true });
    expect(await count()).toBe(4);
    fixture.receive('2026-11-12', [{ timeMs: at('12T10:00:01') }], { open: true });
    expect(await count()).toBe(5);
    await archive();
    expect(await count()).toBe(5);
    expect(await count({ packageId: 'COM.dev.one' })).toBe(5);
    expect(await count({ range: { fromMs: at('08T10:00:00'), toMs: at('09T10:00:00') } })).toBe(1);
    expect(await count({ packageId: 'com.dev.none' })).toBe(0);
  });

  it('are gone with an erasure, archived or staged', async () => {
    fixture.receive('2026-11-10', [
      { timeMs: at('10T10:00:00'), device: 1 },
      { timeMs: at('10T10:00:00'), device: 2 },
    ]);
    await archive();
    fixture.receive(
      '2026-11-12',
      [
        { timeMs: at('12T10:00:00'), device: 1 },
        { timeMs: at('12T10:00:00'), device: 2 },
      ],
      { open: true },
    );
    expect(await count()).toBe(4);
    fixture.erase('2026-11-10', 1);
    fixture.erase('2026-11-12', 1);
    expect(await count()).toBe(2);
    await archive();
    expect(await count()).toBe(2);
  });

  it('are not reached once their partition is past its time, even while its file and table are there', async () => {
    fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00') }]);
    fixture.receive('2026-11-11', [{ timeMs: at('10T10:00:00') }]);
    await archive();
    fixture.erase('2026-11-11', 99);
    expect(await count()).toBe(2);
    nowMs = at('10T00:00:00') + 90 * 86_400_000;
    expect(await count()).toBe(1);
    nowMs += 86_400_000;
    expect(await count()).toBe(0);
    expect((await analytics.sql('SELECT count(*) FROM events')).rows).toEqual([[0]]);
  });

  it('leave out what a bot did on the day it was one, unless asked for', async () => {
    fixture.receive('2026-11-10', [
      { timeMs: at('10T10:00:00'), device: 1 },
      { timeMs: at('09T10:00:00'), device: 1 },
      { timeMs: at('10T10:00:00'), device: 2 },
    ]);
    fixture.bots('com.dev.one', '2026-11-10', [1]);
    expect(await count()).toBe(2);
    expect(await count({ metric: 'devices' })).toBe(2);
    expect(await count({ includeBots: true })).toBe(3);
  });
});

describe('top', () => {
  it('ranks the values of one field, tells the rest, and counts devices exactly', async () => {
    const name = (value: unknown, device: number): TestEvent => ({
      timeMs: at('10T10:00:00'),
      device,
      data: { "na'me/~": value },
    });
    fixture.receive('2026-11-10', [
      ...[name('home', 1), name('home', 1), name('home', 2), name(7, 1), name(7, 3), name(true, 1), name(null, 1)],
      { timeMs: at('10T10:00:00'), data: { other: 'home' } },
      { timeMs: at('10T10:00:00'), type: 'button_click', data: { "na'me/~": 'home' } },
    ]);
    for (const _ of ['staged', 'archived']) {
      const answer = await analytics.rawQuery('top', { ...asked, type: 'screen_view', field: "na'me/~", limit: 2 });
      expect(answer.items).toEqual([
        { value: 'home', events: 3, devices: 2 },
        { value: 7, events: 2, devices: 2 },
      ]);
      expect(answer.rest).toEqual({ values: 1, events: 1 });
      await archive();
    }
  });
});

describe('query', () => {
  const events: TestEvent[] = [
    { timeMs: at('09T10:30:00'), device: 1, session: 1, data: { n: 1, s: 'a' }, context: { os: 'mosis' } },
    {
      timeMs: at('09T11:30:00'),
      device: 1,
      session: 1,
      data: { n: 2.5, s: "'; DROP TABLE apps; --" },
      context: { os: 'mosis' },
    },
    { timeMs: at('09T11:40:00'), device: 2, session: 2, data: { n: '2', s: 'b', on: true }, context: { os: 'pc' } },
    { timeMs: at('10T11:40:00'), device: 2, session: 3, type: 'app_start', data: null },
  ];

  const counted: [string, Partial<AdHocQuery>, number][] = [
    ['eq on a column', { filters: [{ field: 'os', op: 'eq', value: 'mosis' }] }, 2],
    ['ne on a column, absent counts', { filters: [{ field: 'os', op: 'ne', value: 'mosis' }] }, 2],
    ['eq on a number', { filters: [{ field: 'data.n', op: 'eq', value: 1 }] }, 1],
    ['eq on a text that looks like a number', { filters: [{ field: 'data.n', op: 'eq', value: '2' }] }, 1],
    ['gt on numbers only', { filters: [{ field: 'data.n', op: 'gt', value: 1 }] }, 1],
    ['lte', { filters: [{ field: 'data.n', op: 'lte', value: 2.5 }] }, 2],
    ['lt on a number beyond 64 bits', { filters: [{ field: 'data.n', op: 'lt', value: 1e308 }] }, 2],
    ['gt on 2^63', { filters: [{ field: 'data.n', op: 'gt', value: 2 ** 63 }] }, 0],
    ['in with numbers beyond 64 bits', { filters: [{ field: 'data.n', op: 'in', value: [-1e300, 2.5] }] }, 1],
    ['in', { filters: [{ field: 'data.s', op: 'in', value: ['a', 'b'] }] }, 2],
    ['exists', { filters: [{ field: 'data.n', op: 'exists' }] }, 3],
    ['exists false', { filters: [{ field: 'data.n', op: 'exists', value: false }] }, 1],
    ['a boolean', { filters: [{ field: 'data.on', op: 'eq', value: true }] }, 1],
    ['text that is SQL', { filters: [{ field: 'data.s', op: 'eq', value: "'; DROP TABLE apps; --" }] }, 1],
    ['a key that is SQL', { filters: [{ field: `data.') OR 1=1 --`, op: 'exists' }] }, 0],
    ['sessions', { metric: 'sessions' }, 3],
    ['devices', { metric: 'devices' }, 2],
  ];

  it('counts by every operator, staged and archived alike', async () => {
    fixture.receive('2026-11-10', events);
    for (const state of ['staged', 'archived']) {
      for (const [what, query, expected] of counted) {
        expect({ state, what, counted: await count(query) }).toEqual({ state, what, counted: expected });
      }
      await archive();
    }
  });

  it('groups by fields and time, and says when there is more', async () => {
    fixture.receive('2026-11-10', events);
    const ask = { ...asked, metric: 'events', filters: [], groupBy: ['os', 'data.on'], interval: 'day' } as const;
    const query: AdHocQuery = { ...ask, filters: [], groupBy: [...ask.groupBy], limit: 3 };
    const answer = await analytics.rawQuery('query', query);
    expect(answer.rows).toEqual([
      { time: '2026-11-09T00:00:00.000Z', group: { os: 'mosis', 'data.on': null }, value: 2 },
      { time: '2026-11-09T00:00:00.000Z', group: { os: 'pc', 'data.on': true }, value: 1 },
      { time: '2026-11-10T00:00:00.000Z', group: { os: null, 'data.on': null }, value: 1 },
    ]);
    expect(answer.truncated).toBe(false);
    expect((await analytics.rawQuery('query', { ...query, limit: 2 })).truncated).toBe(true);
  });

  it('refuses what it does not know, and says what it does', async () => {
    const field = 'e.device) FROM apps --' as 'os';
    await expect(count({ groupBy: [field] })).rejects.toThrow(/is no field of an event/);
    await expect(count({ filters: [{ field: 'os', op: 'gt', value: 1 }] })).rejects.toMatchObject({
      code: 'not-possible',
    });
    await expect(count({ interval: "hour', x)" as 'hour' })).rejects.toMatchObject({ name: 'QueryError' });
  });
});

describe('funnel', () => {
  it('counts what following every device by hand counts, whatever parts it is read in', async () => {
    const step = fc.constantFrom('a', 'b', 'b:k=1', 'c', 'a:k=x');
    const event = fc.record({
      // The last one is in another walk than the others.
      device: fc.constantFrom(0, 1, DEVICES_PER_WALK + 2),
      minute: fc.integer({ min: 0, max: 12 }),
      type: fc.constantFrom('a', 'b', 'c', 'd'),
      k: fc.constantFrom(undefined, 1, 'x'),
      received: fc.constantFrom('2026-11-10', '2026-11-11'),
    });
    const cases = fc.sample(
      fc.record({
        events: fc.array(event, { minLength: 4, maxLength: 40 }),
        steps: fc.array(step, { minLength: 2, maxLength: 4 }),
        within: fc.integer({ min: 0, max: 10 }),
      }),
      { numRuns: 24, seed: 20261120 },
    );
    const questions: { query: FunnelQuery; expected: number[] }[] = [];
    for (const [index, { events, steps, within }] of cases.entries()) {
      const packageId = `com.dev.app${index}`;
      const stored = ['2026-11-10', '2026-11-11'].flatMap((received) => {
        const rows = events
          .filter((row) => row.received === received)
          .map(({ device, minute, type, k }) => {
            const timeMs = at('09T23:54:00') + minute * 60_000;
            return { packageId, device, type, timeMs, data: k === undefined ? null : { k } };
          });
        fixture.receive(received, rows);
        return rows;
      });
      const query = { ...asked, packageId, steps, withinMs: within * 60_000 };
      questions.push({ query, expected: walk(stored, steps, within * 60_000) });
    }
    fixture.db.prepare('UPDATE apps SET next_ordinal = ?').run(DEVICES_PER_WALK + 3);
    fixture.receive('2026-11-09', []);
    const answers = async (some: typeof questions): Promise<unknown[]> => {
      const counted: unknown[] = [];
      for (const { query } of some) {
        const { steps } = await analytics.rawQuery('funnel', query);
        counted.push({ query, expected: steps.map(({ devices }) => devices) });
      }
      return counted;
    };
    expect(await answers(questions.slice(0, 8))).toEqual(questions.slice(0, 8));
    await archive();
    expect(await answers(questions.slice(0, 12))).toEqual(questions.slice(0, 12));
    // Copies with as much of an app as this are read one by one, so that chains go on from one part to the next.
    fixture.db
      .prepare('INSERT INTO receipts (app, day, accepted) SELECT app, day, ? FROM apps, partitions')
      .run(ROWS_PER_PART);
    expect(await answers(questions.slice(12))).toEqual(questions.slice(12));
  });

  it('counts what happened within the range, and what bots did when that is asked for', async () => {
    const minutes = (device: number, day: string): TestEvent[] =>
      ['a', 'b'].map((type, minute) => ({ device, type, timeMs: at(`${day}T12:00:00`) + minute * 60_000 }));
    fixture.receive('2026-11-10', [...minutes(1, '10'), ...minutes(2, '10'), ...minutes(3, '09')]);
    fixture.receive('2026-11-11', [...minutes(4, '11'), ...minutes(2, '10')]);
    fixture.bots('com.dev.one', '2026-11-10', [1, 2]);
    const reached = async (query: Partial<FunnelQuery> = {}): Promise<number[]> => {
      const asking = { ...asked, steps: ['a', 'b'], withinMs: 60_000, ...query };
      return (await analytics.rawQuery('funnel', asking)).steps.map(({ devices }) => devices);
    };
    const expectAll = async (): Promise<void> => {
      expect(await reached()).toEqual([2, 2]);
      expect(await reached({ includeBots: true })).toEqual([4, 4]);
      expect(await reached({ withinMs: 59_999, includeBots: true })).toEqual([4, 0]);
      const toNoon = { fromMs: at('09T12:00:00'), toMs: at('10T12:00:01') };
      expect(await reached({ includeBots: true, range: toNoon })).toEqual([3, 1]);
      expect(await reached({ includeBots: true, range: { ...toNoon, fromMs: at('09T12:00:01') } })).toEqual([2, 0]);
    };
    await expectAll();
    await archive();
    await expectAll();
  });
});

interface Walked {
  device: number;
  type: string;
  timeMs: number;
  data: { k: number | string } | null;
}

/** Follows every chain of every device; `events` are in the order of receipt. */
function walk(events: Walked[], steps: string[], withinMs: number): number[] {
  const matches = (event: Walked, step: string): boolean => {
    const [type, value] = step.split(':k=');
    return event.type === type && (value === undefined || (event.data !== null && String(event.data.k) === value));
  };
  const reached = steps.map(() => new Set<number>());
  for (const device of new Set(events.map((event) => event.device))) {
    const own = events.filter((event) => event.device === device).sort((a, b) => a.timeMs - b.timeMs);
    const follow = (from: number, step: number, startMs: number): void => {
      reached[step - 1]?.add(device);
      if (step === steps.length) return;
      own.forEach((event, index) => {
        const inTime = event.timeMs - startMs <= withinMs;
        if (index > from && inTime && matches(event, steps[step] as string)) follow(index, step + 1, startMs);
      });
    };
    own.forEach((event, index) => {
      if (matches(event, steps[0] as string)) follow(index, 1, event.timeMs);
    });
  }
  return reached.map((devices) => devices.size);
}
