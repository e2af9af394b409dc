import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { openTelemetryWriter, telemetryDatabasePath } from '../src/storage/telemetry-file.js';
import { CheckpointGap } from '../src/writer/checkpoint-gap.js';
import { sessionIdOf, someEvents } from './support/batches.js';
import { newDataDir, openEngine, upload } from './support/open-engine.js';
import { TestClock } from './support/test-clock.js';

/** Begins the WAL anew as Litestream does, waiting for the lock as long as it does; answers whether the lock was never free. */
const RESTART = `
  const { parentPort, workerData } = require('node:worker_threads');
  const db = new (require(workerData.sqlite))(workerData.file, { timeout: 1000 });
  const [{ busy }] = db.pragma('wal_checkpoint(RESTART)');
  db.close();
  parentPort.postMessage(busy);`;
const HELD_MS = 10;

describe('a WAL that somebody else folds in', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = newDataDir()));
  afterEach(() => rmSync(dataDir, { recursive: true }));

  const openLarge = () => {
    const db = openTelemetryWriter(dataDir, { autoCheckpoint: false });
    db.exec('CREATE TABLE filler (bytes BLOB) STRICT');
    for (let row = 0; row < 20; row += 1) db.exec('INSERT INTO filler VALUES (zeroblob(4000))');
    return db;
  };

  it('gets moments without a commit while it is large, and only then', () => {
    const db = openLarge();
    expect(new CheckpointGap(db, 1_000).leave()).toBe(0);
    const gap = new CheckpointGap(db, 20);
    for (const tookMs of [gap.leave(), gap.leave()]) expect(tookMs).toBeGreaterThan(19);
    db.pragma('wal_checkpoint(RESTART)');
    db.exec('INSERT INTO filler VALUES (zeroblob(4000))');
    expect(gap.leave()).toBe(0);
    db.close();
  });

  it('costs nothing for a while when nobody folds it in, and is given moments again later', () => {
    const db = openLarge();
    const gap = new CheckpointGap(db, 20, { longestMs: 50, againMs: 2_000 });
    const isLeft = () => gap.leave() > 0;
    expect(isLeft()).toBe(true);
    while (isLeft());
    expect(isLeft()).toBe(false);
    const deadlineMs = performance.now() + 20_000;
    while (!isLeft() && performance.now() < deadlineMs);
    expect(performance.now()).toBeLessThan(deadlineMs);
    db.close();
  });

  it('is begun anew although one commit follows the other', async () => {
    const db = openLarge();
    const gap = new CheckpointGap(db, 20);
    const hold = new Int32Array(new SharedArrayBuffer(4));
    const sqlite = createRequire(import.meta.url).resolve('better-sqlite3');
    const worker = new Worker(RESTART, { eval: true, workerData: { sqlite, file: telemetryDatabasePath(dataDir) } });
    let isOver = false;
    const answered = once(worker, 'message').finally(() => (isOver = true));
    while (!isOver) {
      db.exec('BEGIN IMMEDIATE; INSERT INTO filler VALUES (zeroblob(4000))');
      Atomics.wait(hold, 0, 0, HELD_MS);
      db.exec('COMMIT');
      gap.leave();
      // Only so the answer is heard; it takes no longer than a message does.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answered).toEqual([0]);
    db.close();
  });

  it('has the engine leave such moments before its commits, unless it folds the WAL in itself', async () => {
    const clock = new TestClock();
    const engine = await openEngine(dataDir, clock, { autoCheckpoint: false, checkpointPages: 1 });
    const kinds = new Set<string>();
    const startedMs = performance.now();
    for (let turn = 0; turn < 10; turn += 1) {
      const batch = {
        packageId: 'com.example.one',
        deviceId: 'd',
        sessionId: sessionIdOf(turn),
        events: someEvents(1),
      };
      kinds.add((await upload(engine, clock, batch)).kind);
    }
    const tookMs = performance.now() - startedMs;
    await engine.close();
    expect([...kinds]).toEqual(['stored']);
    // Nothing makes the moments shorter.
    expect(tookMs).toBeGreaterThanOrEqual(10 * 20 - 1);
  });
});
