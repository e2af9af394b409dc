import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { telemetryDatabasePath } from '../src/storage/telemetry-file.js';
import { bodyOf, seededRandom, sessionIdOf, someEvents } from './support/batches.js';
import { newDataDir, openEngine, uploadBody } from './support/open-engine.js';
import { countRawEvents, listRawTables, openPlainly } from './support/raw-events.js';
import { compareWithRecount } from './support/rollups.js';
import { DAY_MS, HOUR_MS, TestClock } from './support/test-clock.js';

const APP = 'com.example.one';
const ROUNDS = process.env.TELEMETRY_LONG ? 60 : 8;

describe('a batch that is sent again', () => {
  it('is stored once and answered alike: reordered, across restarts, crashes and midnight', async () => {
    const random = seededRandom(7);
    const clock = new TestClock();
    let dataDir = newDataDir();
    const folders = [dataDir];
    let engine = await openEngine(dataDir, clock);
    const first = new Map<string, { accepted: number; rejected: unknown[] }>();
    const bodies: { batchId: string; body: Buffer }[] = [];
    let duplicates = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const sends: { batchId: string; body: Buffer; gzip: boolean }[] = [];
      for (let index = 0; index < 25; index += 1) {
        const batchId = randomUUID();
        const events = [...someEvents(1 + Math.floor(random() * 5)), ...someEvents(index % 3, 'too_old', 9 * DAY_MS)];
        const batch = { packageId: APP, deviceId: `d${index % 7}`, sessionId: sessionIdOf(index), events };
        const body = bodyOf(batch, clock.wallMs, batchId);
        bodies.push({ batchId, body });
        for (let times = 1 + Math.floor(random() * 5); times > 0; times -= 1) {
          sends.push({ batchId, body, gzip: random() < 0.5 });
        }
      }
      // And what was sent long ago, by devices that never got the answer.
      for (let index = 0; index < 10; index += 1) {
        const old = bodies[Math.floor(random() * bodies.length)];
        if (old) sends.push({ ...old, gzip: false });
      }
      sends.sort(() => random() - 0.5);
      const outcomes = await Promise.all(
        sends.map(({ body, gzip }) =>
          gzip
            ? uploadBody(engine, APP, gzipSync(body), { contentEncoding: 'gzip' })
            : uploadBody(engine, APP.toUpperCase().replace('COM', 'com'), body),
        ),
      );
      outcomes.forEach((outcome, index) => {
        if (outcome.kind !== 'stored') throw new Error(JSON.stringify(outcome));
        const { accepted, rejected, duplicate } = outcome.answer;
        const { batchId } = sends[index] as (typeof sends)[number];
        const known = first.get(batchId);
        if (duplicate) duplicates += 1;
        if (known) expect({ accepted, rejected }).toEqual(known);
        else first.set(batchId, { accepted, rejected });
      });
      clock.advance(round % 2 === 0 ? 11 * HOUR_MS : HOUR_MS);
      if (round % 3 === 1) {
        await engine.close();
        engine = await openEngine(dataDir, clock);
      } else if (round % 3 === 2) {
        // A crash: what is on the disk at this moment is all there is.
        const copy = mkdtempSync(join(tmpdir(), 'mosis-telemetry-crash-'));
        cpSync(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('-shm') });
        await engine.close();
        folders.push(copy);
        dataDir = copy;
        engine = await openEngine(dataDir, clock);
      }
    }
    const { batchId } = bodies[0] as (typeof bodies)[number];
    const other = bodyOf(
      { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(0), events: someEvents(1) },
      clock.wallMs,
      batchId,
    );
    expect(await uploadBody(engine, APP, other)).toMatchObject({
      kind: 'refused',
      status: 409,
      code: 'batch-id-reused',
    });
    await engine.settled();
    const db = openPlainly(telemetryDatabasePath(dataDir));
    expect(listRawTables(db).length).toBeGreaterThan(1);
    expect(countRawEvents(db)).toBe([...first.values()].reduce((sum, { accepted }) => sum + accepted, 0));
    expect(first.size).toBe(bodies.length);
    expect(duplicates).toBeGreaterThan(bodies.length);
    expect(compareWithRecount(db)).toEqual([]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    db.close();
    await engine.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
});
