import { gzipSync } from 'node:zlib';
import { rmSync } from 'node:fs';
import { telemetryDatabasePath } from '../src/storage/telemetry-file.js';
import type { UploadOutcome } from '../src/engine/types.js';
import { bodyOf, seededRandom, sessionIdOf, someEvents } from './support/batches.js';
import { TINY_BOTS, WIDE_LIMITS } from './support/direct-engine.js';
import { newDataDir, openEngine, uploadBody } from './support/open-engine.js';
import { countRawEvents, openPlainly, readRawEvents } from './support/raw-events.js';
import { report } from './support/report.js';
import { compareWithRecount } from './support/rollups.js';
import { HOUR_MS, TestClock } from './support/test-clock.js';

const APP = 'com.example.one';

describe('an engine under pressure', () => {
  it('refuses what is beyond the bytes that may wait, and stores all it accepted', async () => {
    const clock = new TestClock();
    const dataDir = newDataDir();
    const waitingBytes = 256 * 1024;
    const limits = { ...WIDE_LIMITS, waitingBytes, waitingBytesPerApp: waitingBytes / 2 };
    const engine = await openEngine(dataDir, clock, { limits });
    const bodies = Array.from({ length: 400 }, (_, index) => {
      const packageId = `com.example.app${index % 4 === 0 ? index % 12 : 0}`;
      const sessionId = sessionIdOf(index);
      const events = someEvents(60).map((event) => ({ ...event, data: { note: 'x'.repeat(20) } }));
      return { packageId, body: bodyOf({ packageId, deviceId: `d${index}`, sessionId, events }, clock.wallMs) };
    });
    // All at once: many times what one commit takes.
    let mostWaiting = 0;
    const outcomes: Promise<UploadOutcome>[] = [];
    for (const { packageId, body } of bodies) {
      outcomes.push(uploadBody(engine, packageId, body));
      mostWaiting = Math.max(mostWaiting, engine.status().writer.waitingBytes);
    }
    const answers = await Promise.all(outcomes);
    const refused = answers.filter((answer) => answer.kind === 'refused');
    expect(mostWaiting).toBeGreaterThan(waitingBytes / 2);
    expect(mostWaiting).toBeLessThanOrEqual(waitingBytes);
    expect(refused.length).toBeGreaterThan(100);
    for (const { status, retryAfterSeconds } of refused) {
      expect([429, 503]).toContain(status);
      expect(retryAfterSeconds).toBeGreaterThan(0);
    }
    // Who was refused sends again, and is stored in the end.
    let left = bodies.filter((_, index) => answers[index]?.kind === 'refused');
    while (left.length > 0) {
      const again = await Promise.all(
        left.slice(0, 8).map(({ packageId, body }) => uploadBody(engine, packageId, body)),
      );
      left = [...left.slice(0, 8).filter((_, index) => again[index]?.kind === 'refused'), ...left.slice(8)];
    }
    await engine.settled();
    const db = openPlainly(telemetryDatabasePath(dataDir));
    expect(countRawEvents(db)).toBe(400 * 60);
    expect(compareWithRecount(db)).toEqual([]);
    report({ refused: refused.length, mostWaiting, stored: countRawEvents(db) });
    expect(engine.status().writer).toMatchObject({ waitingBytes: 0, waitingUploads: 0, events: 400 * 60 });
    db.close();
    await engine.close();
    rmSync(dataDir, { recursive: true });
  });

  it('stores and answers while a question over raw events takes for ever', async () => {
    const clock = new TestClock();
    const dataDir = newDataDir();
    const engine = await openEngine(dataDir, clock);
    let isAsking = true;
    const asked = engine
      .sql('SELECT count(*) FROM range(1000000000000)')
      .catch((error: Error) => error)
      .finally(() => (isAsking = false));
    const range = { fromMs: clock.wallMs - HOUR_MS, toMs: clock.wallMs + 1 };
    for (let index = 0; index < 20; index += 1) {
      const batch = { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(index), events: someEvents(5) };
      expect(await uploadBody(engine, APP, bodyOf(batch, clock.wallMs))).toMatchObject({ kind: 'stored' });
      await engine.settled();
      const overview = await engine.query('overview', { packageId: APP, range, includeBots: true });
      expect(overview.totals.events).toBe(5 * (index + 1));
    }
    expect(isAsking).toBe(true);
    await engine.close();
    expect(await asked).toBeInstanceOf(Error);
    rmSync(dataDir, { recursive: true });
  });

  it('keeps roll-ups right while uploads, verdicts, erasures and audits go on at once', async () => {
    const random = seededRandom(21);
    const clock = new TestClock();
    const dataDir = newDataDir();
    const engine = await openEngine(dataDir, clock, { bots: TINY_BOTS });
    const db = openPlainly(telemetryDatabasePath(dataDir));
    let accepted = 0;
    let sending = true;
    const send = async (sender: number) => {
      for (let round = 0; round < 60; round += 1) {
        const agoMs = Math.floor(random() * 30 * HOUR_MS);
        const events = [
          ...someEvents(1 + Math.floor(random() * 4), 'button_click', agoMs),
          ...someEvents(1, 'app_crash'),
        ];
        const deviceId = `d${Math.floor(random() * 6)}`;
        const packageId = `com.example.app${sender % 2}`;
        const body = bodyOf({ packageId, deviceId, sessionId: sessionIdOf(round % 5), events }, clock.wallMs);
        const outcome = await uploadBody(engine, packageId, body);
        if (outcome.kind !== 'stored') throw new Error(JSON.stringify(outcome));
        accepted += outcome.answer.accepted;
        if (round % 6 === 0) clock.advance(4_000);
      }
    };
    const look = async () => {
      let looks = 0;
      while (sending) {
        // Between two steps of an erasure sets and rows differ; it says of itself that it is running.
        const differences = db.transaction(() =>
          db.prepare(`SELECT 1 FROM erasures WHERE state = 'running'`).get() ? [] : compareWithRecount(db),
        )();
        expect(differences).toEqual([]);
        looks += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return looks;
    };
    const maintain = async () => {
      for (let round = 0; sending; round += 1) {
        await engine.erase(`com.example.app${round % 2}`, `d${Math.floor(random() * 6)}`);
        await engine.runErasures();
        expect(await engine.runAudit()).toMatchObject({ differences: 0 });
      }
    };
    const looking = look();
    const maintaining = maintain();
    await Promise.all([0, 1, 2, 3].map((sender) => send(sender)));
    sending = false;
    await maintaining;
    const looks = await looking;
    await engine.settled();
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    expect(compareWithRecount(db)).toEqual([]);
    const erased = db.prepare('SELECT sum(rows_erased) FROM erasures').pluck().get() as number;
    expect(countRawEvents(db)).toBe(accepted - erased);
    report({ accepted, erased, looks });
    db.close();
    await engine.close();
    rmSync(dataDir, { recursive: true });
  });
});

describe('hostile uploads', () => {
  it('are refused with a code or lose only their bad events, and hold nobody up for long', async () => {
    const clock = new TestClock();
    const dataDir = newDataDir();
    const engine = await openEngine(dataDir, clock);
    const time = new Date(clock.wallMs).toISOString();
    const head = { app_id: APP, app_version: '1', mosis_version: '1', device_id: 'd', session_id: sessionIdOf(1) };
    let number = 0;
    const around = (events: string) =>
      Buffer.from(
        JSON.stringify({ ...head, batch_id: sessionIdOf(1_000 + (number += 1)), events: ['here'] }).replace(
          '["here"]',
          () => events,
        ),
      );
    const good = `{"type":"good","timestamp":"${time}"}`;
    const bad = (data: string) => `[${good},{"type":"bad","timestamp":"${time}","data":${data}},${good}]`;
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 32), { level: 9 });
    const refusals: [string, Buffer, number, string | undefined][] = [
      ['a bomb', bomb, 413, 'gzip'],
      ['half a gzip stream', gzipSync(around(`[${good}]`)).subarray(0, 60), 400, 'gzip'],
      [
        'a million keys',
        Buffer.from(`{${Array.from({ length: 90_000 }, (_, key) => `"k${key}":1`).join(',')}}`),
        422,
        undefined,
      ],
      ['deep nesting', Buffer.from('['.repeat(500_000)), 400, undefined],
      ['deep nesting that ends', Buffer.from('['.repeat(400_000) + ']'.repeat(400_000)), 422, undefined],
      ['no JSON', Buffer.from('\u0000'), 400, undefined],
      ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), 400, undefined],
      ['501 events', around(`[${Array(501).fill(good).join(',')}]`), 422, undefined],
      ['an unknown coding', around(`[${good}]`), 415, 'br'],
    ];
    const startedMs = performance.now();
    for (const [what, body, status, contentEncoding] of refusals) {
      const outcome = await uploadBody(engine, APP, body, contentEncoding ? { contentEncoding } : {});
      expect([what, outcome.kind === 'refused' ? outcome.status : outcome]).toEqual([what, status]);
    }
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const keys = `{${Array.from({ length: 40_000 }, (_, key) => `"k${key}":1`).join(',')}}`;
    const harmless = [
      'NaN',
      'Infinity',
      '1e400',
      '9007199254740993',
      '-1e300',
      '"\\ud800"',
      '"\\u0000"',
      '[1]',
      '{"b":1}',
    ];
    const losing = [
      ...harmless.map((value) => `{"value":${value}}`),
      deep,
      keys,
      '7',
      `{"long":"${'x'.repeat(5_000)}"}`,
    ];
    let stored = 0;
    for (const data of losing) {
      const outcome = await uploadBody(engine, APP, around(bad(data)));
      expect([data.slice(0, 40), outcome]).toMatchObject([
        data.slice(0, 40),
        { kind: 'stored', answer: { accepted: 2, rejected: [{ index: 1 }] } },
      ]);
      stored += 2;
    }
    const lastMs = performance.now() - startedMs;
    const db = openPlainly(telemetryDatabasePath(dataDir));
    expect(readRawEvents(db).map(({ type }) => type)).toEqual(Array(stored).fill('good'));
    report({ refused: refusals.length, keptBeside: losing.length, milliseconds: Math.round(lastMs) });
    expect(engine.status().writer.restarts).toBe(0);
    expect(db.prepare('SELECT count(*) FROM rejection_samples').pluck().get()).toBeGreaterThan(losing.length);
    db.close();
    await engine.close();
    rmSync(dataDir, { recursive: true });
  });
});
