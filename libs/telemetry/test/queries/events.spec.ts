import { eventsTable, eventsTableSql } from '../../src/storage/day-tables.js';
import type { EventsAnswer, EventsQuery } from '../../src/queries/types.js';
import { DAY, dayNumber, wordOf } from './support/plain-events.js';
import { NOW, RAW_DAYS, Scene } from './support/scene.js';

const TODAY = dayNumber(NOW);
let scene: Scene;
let packageId: string;
let app: number;
beforeEach(() => {
  scene = new Scene();
  packageId = scene.add({ events: [], bots: new Set() });
  app = appOf(packageId);
});
afterEach(() => scene.close());

function appOf(id: string): number {
  return scene.writer.prepare('SELECT app FROM apps WHERE package_id = ?').pluck().get(id) as number;
}

/** Puts rows of an app into a partition, with these ids. */
function store(
  day: number,
  ids: Iterable<number>,
  of: { app?: number; type?: string; data?: string; flags?: number } = {},
) {
  const { writer } = scene;
  writer.exec(eventsTableSql(day));
  writer.prepare('INSERT OR IGNORE INTO partitions (day) VALUES (?)').run(day);
  const owner = of.app ?? app;
  const type = wordOf(writer, owner, 'type', of.type ?? 'screen_view');
  const version = wordOf(writer, owner, 'app_version', '1.2.0');
  const country = wordOf(writer, owner, 'country', 'DE');
  writer
    .prepare(
      'INSERT OR IGNORE INTO contexts (app, app_version, mosis_version, os, country, device_model, locale) VALUES (?, ?, 0, 0, ?, 0, 0)',
    )
    .run(owner, version, country);
  const context = writer.prepare('SELECT context FROM contexts WHERE app = ?').pluck().get(owner);
  const insert = writer.prepare(`INSERT INTO ${eventsTable(day)} VALUES (?, ?, 5, 7, ?, ?, ?, ?, ?)`);
  writer.transaction(() => {
    for (const id of ids) insert.run(id, owner, day * DAY + id, type, context, of.flags ?? 0, of.data ?? null);
  })();
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const places = (answer: EventsAnswer) => answer.items.map(({ received, id }) => `${received}/${id}`);

/** Every page from the first to the last. */
function readAll(query: Omit<EventsQuery, 'packageId'>): EventsAnswer[] {
  const pages: EventsAnswer[] = [];
  let cursor = query.cursor;
  do {
    const page = scene.ask('events', { packageId, ...query, cursor });
    pages.push(page);
    cursor = page.next ?? undefined;
  } while (cursor);
  return pages;
}

describe('The tail of raw events', () => {
  it('comes page by page, newest first, over all partitions, without a gap or a repetition', () => {
    const other = appOf(scene.add({ events: [], bots: new Set() }));
    store(
      TODAY,
      range(1, 9).filter((id) => id % 2 === 0),
    );
    store(
      TODAY,
      range(1, 9).filter((id) => id % 2 === 1),
      { app: other },
    );
    store(TODAY - 1, range(1, 5));
    store(TODAY - 2, [3], { app: other });
    store(TODAY - 3, [2, 1000]);
    const expected = [8, 6, 4, 2]
      .map((id) => `2026-11-20/${id}`)
      .concat(
        [5, 4, 3, 2, 1].map((id) => `2026-11-19/${id}`),
        ['2026-11-17/1000', '2026-11-17/2'],
      );
    for (const limit of [1, 2, 3, 4, 11, 100]) {
      const pages = readAll({ limit });
      expect(pages.flatMap(places)).toEqual(expected);
      expect(pages).toHaveLength(Math.max(1, Math.ceil(expected.length / limit)));
    }
  });

  it('tells everything a row holds', () => {
    store(TODAY, [4], { data: '{"screen_name":"home"}', flags: 1 + 4 });
    store(TODAY, [5], { type: 'app_start', flags: 2 });
    const [newest, oldest] = scene.ask('events', { packageId, limit: 10 }).items;
    expect(oldest).toEqual({
      received: '2026-11-20',
      id: 4,
      time: '2026-11-20T00:00:00.004Z',
      type: 'screen_view',
      device: 5,
      session: 7,
      app_version: '1.2.0',
      mosis_version: '(unknown)',
      os: null,
      country: 'DE',
      device_model: null,
      locale: null,
      clock_corrected: true,
      clamped: false,
      late: true,
      data: { screen_name: 'home' },
    });
    expect(newest).toMatchObject({ id: 5, type: 'app_start', clock_corrected: false, clamped: true, data: null });
  });

  it('can be of one type', () => {
    store(TODAY, [1, 3]);
    store(TODAY, [2], { type: 'app_start' });
    expect(readAll({ limit: 1, type: 'screen_view' }).flatMap(places)).toEqual(['2026-11-20/3', '2026-11-20/1']);
    expect(scene.ask('events', { packageId, limit: 10, type: 'never_sent' })).toEqual({ items: [], next: null });
  });

  it('never reaches a partition whose days are over, though its table is still there', () => {
    store(TODAY - RAW_DAYS + 1, [1]);
    store(TODAY - RAW_DAYS, [1]);
    expect(readAll({ limit: 10 }).flatMap(places)).toEqual(['2026-11-11/1']);
    const cursor = { day: TODAY - RAW_DAYS, id: 100 };
    expect(scene.ask('events', { packageId, limit: 10, cursor })).toEqual({ items: [], next: null });
  });

  it('passes over a partition that is listed and has no table any more', () => {
    store(TODAY, [1]);
    store(TODAY - 1, [1]);
    store(TODAY - 2, [1]);
    scene.writer.exec(`DROP TABLE ${eventsTable(TODAY - 1)}`);
    expect(readAll({ limit: 1 }).flatMap(places)).toEqual(['2026-11-20/1', '2026-11-18/1']);
  });

  it('looks at a bounded number of rows a call, and goes on where it stopped', () => {
    const other = appOf(scene.add({ events: [], bots: new Set() }));
    store(TODAY, [450_001]);
    store(TODAY, range(1, 230_000), { app: other });
    store(TODAY - 1, [7]);
    const pages = readAll({ limit: 2 });
    expect(pages.map(places)).toEqual([['2026-11-20/450001'], ['2026-11-19/7']]);
    expect(pages[0]?.next).toEqual({ day: TODAY, id: 30_002 });
  });

  it('refuses a cursor it cannot have answered', () => {
    const cursor = { day: 1.5, id: 1 };
    expect(() => scene.ask('events', { packageId, limit: 1, cursor })).toThrow(
      expect.objectContaining({ code: 'invalid-cursor' }),
    );
  });
});

describe('Rejections', () => {
  it('are those of the last seven days, newest first, of one app', () => {
    const { writer } = scene;
    const other = appOf(scene.add({ events: [], bots: new Set() }));
    const count = writer.prepare('INSERT INTO rejection_counts VALUES (?, ?, ?, ?)');
    const drop = writer.prepare('INSERT INTO sdk_drops VALUES (?, ?, ?, ?)');
    const sample = writer.prepare(
      `INSERT INTO rejection_samples (app, received_ms, code, detail, batch_id, event_index, app_version, event)
       VALUES (?, ?, 'too-old', 'why', 'b', 3, '1.2.0', '{}')`,
    );
    for (const day of [TODAY - 7, TODAY - 6, TODAY]) {
      count.run(app, day, 'too-old', 3);
      count.run(app, day, 'invalid-type', 4);
      drop.run(app, day, 'queue_full', 5);
      sample.run(app, day * DAY);
    }
    count.run(other, TODAY, 'too-old', 9);
    drop.run(other, TODAY, 'queue_full', 9);
    sample.run(other, NOW);
    const text = { batch_id: 'b', code: 'too-old', detail: 'why', index: 3, app_version: '1.2.0', event: '{}' };
    expect(scene.ask('rejections', { packageId })).toEqual({
      counts: [
        { day: '2026-11-20', code: 'invalid-type', events: 4 },
        { day: '2026-11-20', code: 'too-old', events: 3 },
        { day: '2026-11-14', code: 'invalid-type', events: 4 },
        { day: '2026-11-14', code: 'too-old', events: 3 },
      ],
      dropped_by_sdk: [
        { day: '2026-11-20', reason: 'queue_full', events: 5 },
        { day: '2026-11-14', reason: 'queue_full', events: 5 },
      ],
      samples: [
        { ...text, received_at: '2026-11-20T00:00:00.000Z' },
        { ...text, received_at: '2026-11-14T00:00:00.000Z' },
      ],
    });
  });
});
