import { bodyOf, sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine, TINY_BOTS } from './support/direct-engine.js';
import { readBitmap, RoaringBitmap32, using, writeBitmap } from '../src/bitmaps.js';
import { formatDay } from '../src/storage/days.js';
import { compareWithRecount } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

const APP = 'com.example.one';

/** An engine with three days of people, a bot and crashes in it, all rolled up and judged. */
async function settledEngine(): Promise<DirectEngine> {
  const engine = new DirectEngine({ bots: TINY_BOTS });
  for (let day = 0; day < 3; day += 1) {
    for (let device = 0; device < 4; device += 1) {
      const batch = { packageId: APP, deviceId: `d${device}`, sessionId: sessionIdOf(day), context: { country: 'DE' } };
      engine.upload({ ...batch, events: [...someEvents(3), ...someEvents(1, 'app_crash', HOUR_MS)] });
      if (device === 3) engine.upload({ ...batch, events: someEvents(20, 'button_click', 2 * HOUR_MS) });
    }
    engine.clock.advance(DAY_MS);
  }
  engine.flush();
  engine.judge();
  expect(await engine.runAudit()).toMatchObject({ differences: 0 });
  expect(compareWithRecount(engine.db)).toEqual([]);
  return engine;
}

/** Takes the lowest device out of the first set of a table. */
function dropOneBit(engine: DirectEngine, table: string, key: string): void {
  const row = engine.db.prepare(`SELECT ${key} AS key, devices FROM ${table} LIMIT 1`).get() as {
    key: number;
    devices: Buffer;
  };
  const blob = using(readBitmap(row.devices), (bitmap) => {
    bitmap.remove(bitmap.minimum());
    return writeBitmap(bitmap);
  });
  engine.db.prepare(`UPDATE ${table} SET devices = ? WHERE ${key} = ? AND devices = ?`).run(blob, row.key, row.devices);
}

const DAMAGES: Record<string, (engine: DirectEngine) => void> = {
  'an hour count that is too high': ({ db }) => db.exec('UPDATE hour_counts SET n = n + 1 WHERE measure > 0'),
  'a day count that is too low': ({ db }) => db.exec('UPDATE day_counts SET n = n - 1 WHERE measure > 0'),
  'day counts that are gone': ({ db }) => db.exec('DELETE FROM day_counts WHERE dimension = 1'),
  'hour counts that are gone': ({ db }) => db.exec('DELETE FROM hour_counts'),
  'a count nobody made': ({ db }) =>
    db.exec(`INSERT INTO day_counts SELECT app, 4, day, 0, measure, 1 - bot, 7 FROM day_counts WHERE dimension = 0`),
  'session counts that are gone': ({ db }) => db.exec('DELETE FROM day_counts WHERE measure = -1'),
  'crash counts that are gone': ({ db }) => db.exec('DELETE FROM crash_days'),
  'device days that are gone': ({ db }) => db.exec('DELETE FROM device_days WHERE device = 1'),
  'device days that are too high': ({ db }) => db.exec('UPDATE device_days SET events = events + 1'),
  'an hour set that lacks a device': (engine) => dropOneBit(engine, 'hour_devices', 'hour'),
  'a day set that lacks a device': (engine) => dropOneBit(engine, 'day_devices', 'dimension'),
  'a crash set that lacks a device': (engine) => dropOneBit(engine, 'crash_devices', 'crash_group'),
  'sets that are gone': ({ db }) =>
    db.exec('DELETE FROM day_devices; DELETE FROM hour_devices; DELETE FROM crash_devices'),
  'a set with a device too many': ({ db }) => {
    const blob = using(new RoaringBitmap32([0, 1, 2, 3, 77]), (bitmap) => writeBitmap(bitmap));
    db.prepare('UPDATE day_devices SET devices = ? WHERE dimension = 0 AND crashed = 0').run(blob);
  },
};

describe('an audit', () => {
  it.each(Object.entries(DAMAGES))('finds and mends %s', async (_name, damage) => {
    const engine = await settledEngine();
    damage(engine);
    expect(compareWithRecount(engine.db)).not.toEqual([]);
    const found = await engine.runAudit();
    expect(found.differences).toBeGreaterThan(0);
    expect(found.examples).not.toEqual([]);
    expect(compareWithRecount(engine.db)).not.toEqual([]);
    expect((await engine.runAudit(true)).differences).toBe(found.differences);
    expect(compareWithRecount(engine.db)).toEqual([]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });

  it('mends the days after one that it cannot count, and says which one that is', async () => {
    const engine = await settledEngine();
    const first = engine.db.prepare('SELECT min(day) FROM day_devices').pluck().get() as number;
    const later = () => engine.db.prepare('SELECT day, sum(n) FROM day_counts WHERE day > ? GROUP BY day').all(first);
    const before = later();
    engine.db.prepare('UPDATE day_devices SET devices = ? WHERE day = ?').run(Buffer.from('no set'), first);
    engine.db.prepare('UPDATE day_counts SET n = n + 1 WHERE day > ? AND measure > 0').run(first);
    expect(later()).not.toEqual(before);
    await expect(engine.runAudit(true)).rejects.toThrow(formatDay(first));
    expect(later()).toEqual(before);
    engine.close();
  });

  it('mends roll-ups so damaged that waiting counts cannot be added, and uploads are stored meanwhile', async () => {
    const engine = await settledEngine();
    engine.db.exec('DELETE FROM hour_counts WHERE measure < 0; DELETE FROM day_counts WHERE measure < 0');
    // An earlier event of a known session: its count, which is not there, is to be moved.
    const earlier = {
      packageId: APP,
      deviceId: 'd0',
      sessionId: sessionIdOf(2),
      events: someEvents(1, 'app_start', 4 * DAY_MS),
    };
    const body = bodyOf(earlier, engine.clock.wallMs);
    expect(engine.uploadBodies([{ packageId: APP, body }])).toMatchObject([{ kind: 'stored' }]);
    for (let second = 0; second < 5; second += 1) {
      engine.clock.advance(4_000);
      const other = { packageId: APP, deviceId: 'd9', sessionId: sessionIdOf(9), events: someEvents(2) };
      expect(engine.upload(other)).toMatchObject([{ kind: 'stored', answer: { accepted: 2 } }]);
    }
    await engine.runAudit(true);
    engine.flush();
    expect(await engine.runAudit(true)).toMatchObject({ differences: 0 });
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });
});
