import { bodyOf, sessionIdOf, someEvents, type SentBatch } from './support/batches.js';
import { DirectEngine, NO_BOTS, SILENT, TINY_BOTS, WIDE_LIMITS } from './support/direct-engine.js';
import { compareWithRecount, readBots } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';
import { WriterThread } from '../src/writer/writer-thread.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const APP = 'com.example.one';

function batchOf(device: number, session: number, more: Partial<SentBatch> = {}): SentBatch {
  return { packageId: APP, deviceId: `d${device}`, sessionId: sessionIdOf(session), events: someEvents(4), ...more };
}

/** So many days with the same three devices, and retention once a day. */
async function liveDays(engine: DirectEngine, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    for (let device = 0; device < 3; device += 1) engine.upload(batchOf(device, day));
    engine.flush();
    engine.judge();
    await engine.runRetention();
    engine.clock.advance(DAY_MS);
  }
}

describe('maintenance', () => {
  it('erases a device although exports hold the partitions that retention would drop', async () => {
    const engine = new DirectEngine();
    engine.exportAggregates = true;
    await liveDays(engine, 14);
    expect((await engine.runRetention()).held).toHaveLength(6);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    await engine.erase(APP, 'd1');
    await engine.runErasures();
    expect(compareWithRecount(engine.db)).toEqual([]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });

  it('erases a device of an app that has been silent for longer than raw rows are kept', async () => {
    const engine = new DirectEngine();
    await liveDays(engine, 3);
    engine.clock.advance(20 * DAY_MS);
    await engine.runRetention();
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    await engine.erase(APP, 'd1');
    await engine.runErasures();
    expect(engine.db.prepare('SELECT count(*) FROM sessions WHERE device = 1').pluck().get()).toBe(0);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });

  it('drops the last day as well when nothing more comes, once the clock is believed', async () => {
    const engine = new DirectEngine();
    await liveDays(engine, 3);
    engine.clock.advance(20 * DAY_MS);
    // A leap of weeks is believed after an hour.
    await engine.runRetention();
    expect((await engine.runRetention()).dropped).toEqual([]);
    engine.clock.advance(HOUR_MS);
    expect((await engine.runRetention()).dropped).toEqual(['2026-11-22']);
    const partitions = () => engine.db.prepare('SELECT day FROM partitions').pluck().all();
    const today = Math.floor(engine.clock.wallMs / DAY_MS);
    expect(partitions()).toEqual([today]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    // An empty day is no reason for another one.
    engine.clock.advance(DAY_MS);
    await engine.runRetention();
    expect(partitions()).toEqual([today]);
    engine.upload(batchOf(1, 9));
    engine.flush();
    expect(partitions()).toEqual([today, today + 1]);
    // Of the days that are gone an audit says that it did not count them.
    expect(await engine.runAudit()).toMatchObject({ differences: 0, uncovered: 3, undecided: [], days: [{}] });
    engine.close();
  });

  it('goes on with other erasures when one cannot be done', async () => {
    const engine = new DirectEngine();
    engine.upload(batchOf(1, 1), batchOf(2, 2, { packageId: 'com.example.two' }));
    engine.flush();
    engine.db.exec('DELETE FROM day_counts WHERE app = 1');
    await engine.erase(APP, 'd1');
    const { erasure } = await engine.erase('com.example.two', 'd2');
    await engine.runErasures().catch(() => undefined);
    expect(engine.call('findErasure', { erasure })).toMatchObject({ state: 'done', rows_erased: 4 });
    await engine.runAudit(true);
    expect(await engine.runErasures()).toEqual({ done: 1 });
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('says of what changed when counts are written in the course of something else', () => {
    const engine = new DirectEngine({ bots: TINY_BOTS });
    engine.upload(batchOf(1, 1, { events: someEvents(20) }));
    const begun = engine.call<{ touched?: unknown[]; suspects?: unknown[] }>('beginErasure', {
      erasure: '00000000-0000-4000-8000-000000000000',
      packageId: APP,
      deviceId: 'somebody else',
      requestedMs: engine.clock.wallMs,
    });
    expect(begun.touched).toHaveLength(1);
    expect(begun.suspects).toHaveLength(1);
    engine.close();
  });

  it('moves to the bots also what came while their rows were collected', async () => {
    const engine = new DirectEngine({ bots: TINY_BOTS });
    engine.upload(batchOf(1, 1, { events: someEvents(20) }), batchOf(2, 2));
    engine.flush();
    engine.judge(() => {
      engine.upload(batchOf(1, 1, { events: [...someEvents(5, 'app_crash'), ...someEvents(3)] }));
      engine.flush();
      engine.upload(batchOf(1, 3, { appVersion: '3.0' }));
    });
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.flush();
    expect(compareWithRecount(engine.db)).toEqual([]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });

  it('counts rows that come after an erasure took the newest ones, before and after a restart', async () => {
    const engine = new DirectEngine();
    engine.upload(batchOf(2, 2), batchOf(1, 1, { events: someEvents(30) }));
    engine.flush();
    await engine.erase(APP, 'd1');
    await engine.runErasures();
    engine.upload(batchOf(3, 3));
    engine.flush();
    expect(compareWithRecount(engine.db)).toEqual([]);
    await engine.erase(APP, 'd3');
    await engine.runErasures();
    engine.reopen();
    engine.upload(batchOf(4, 4));
    // Killed before it is rolled up: only the ids tell that it is not.
    engine.reopen();
    engine.flush();
    expect(compareWithRecount(engine.db)).toEqual([]);
    expect(engine.db.prepare('SELECT count(*) FROM device_days').pluck().get()).toBe(2);
    engine.close();
  });

  it('passes no verdict on a device that was forgotten meanwhile', async () => {
    const engine = new DirectEngine({ bots: TINY_BOTS });
    engine.upload(batchOf(1, 1, { events: someEvents(20) }));
    engine.flush();
    expect(engine.suspects.size).toBe(1);
    await engine.erase(APP, 'd1');
    await engine.runErasures();
    engine.judge();
    const day = Math.floor(engine.clock.wallMs / DAY_MS);
    expect(readBots(engine.db)(1, day, 0)).toBe(false);
    expect(engine.db.prepare('SELECT count(*) FROM bot_days').pluck().get()).toBe(0);
    engine.close();
  });

  it('remembers batches that came just before a leap of the day of receipt', async () => {
    const engine = new DirectEngine();
    engine.upload(batchOf(1, 1));
    // The server is off for six weeks; the day of receipt follows an hour after the start.
    engine.clock.advance(42 * DAY_MS);
    engine.reopen();
    const again = { packageId: APP, body: bodyOf(batchOf(1, 2), engine.clock.wallMs) };
    expect(engine.uploadBodies([again])).toMatchObject([{ answer: { accepted: 4, duplicate: false } }]);
    for (let minute = 0; minute <= 120; minute += 10) {
      engine.clock.advance(HOUR_MS / 6);
      engine.upload(batchOf(3, 3));
    }
    await engine.runRetention();
    expect(engine.uploadBodies([again])).toMatchObject([{ answer: { accepted: 4, duplicate: true } }]);
    engine.close();
  });

  it('forgets no living day when a partition goes that a wrong clock gave rows of next year', async () => {
    const engine = new DirectEngine({ bots: TINY_BOTS });
    engine.upload(batchOf(1, 1));
    engine.clock.jump(365 * DAY_MS);
    const sentAt = new Date(engine.clock.wallMs - 365 * DAY_MS).toISOString();
    const body = bodyOf(batchOf(1, 1), Date.parse(sentAt));
    expect(engine.uploadBodies([{ packageId: APP, body, sentAt }])).toMatchObject([{ answer: { accepted: 4 } }]);
    engine.clock.jump(-365 * DAY_MS);
    await liveDays(engine, 12);
    engine.upload(batchOf(5, 5, { events: someEvents(7, 'app_start') }));
    engine.flush();
    await engine.runRetention();
    engine.upload(batchOf(5, 5, { events: someEvents(7, 'app_start') }));
    engine.flush();
    // Fourteen events make a bot; the seven before retention count.
    expect(engine.suspects.size).toBe(1);
    engine.close();
  });

  it('answers what waits when it is closed before its thread was ready', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-unmigrated-'));
    const writer = new WriterThread({
      dataDir,
      bots: NO_BOTS,
      limits: WIDE_LIMITS,
      gatherMs: 0,
      now: Date.now,
      log: SILENT,
      onSeen: () => undefined,
      onChange: () => undefined,
    });
    await expect(writer.start()).rejects.toThrow();
    const upload = {
      packageId: APP,
      body: Buffer.from('{}'),
      contentEncoding: undefined,
      sentAt: undefined,
      receivedMs: 0,
    };
    const waiting = writer.upload(upload);
    await writer.close();
    expect(await waiting).toMatchObject({ kind: 'refused', status: 503 });
    rmSync(dataDir, { recursive: true });
  });
});
