import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectStore } from '@mosis/object-store';
import { openReader } from '@mosis/sqlite/connection';
import { aggregatesKey } from '../src/columnar/export-keys.js';
import type { TelemetryEngine } from '../src/engine/telemetry-engine.js';
import { reconcileRestoredTelemetry } from '../src/restored/reconcile-restored.js';
import { parseDay } from '../src/storage/days.js';
import { archivePath, telemetryDatabasePath } from '../src/storage/telemetry-file.js';
import { sessionIdOf, someEvents } from './support/batches.js';
import { newDataDir, openEngine, upload } from './support/open-engine.js';
import { DAY_MS, START_MS, TestClock } from './support/test-clock.js';

const APP = 'com.example.one';
const DAY = '2026-11-20';
const EXPORTS = { exportAggregates: true };

describe('telemetry that came back from a backup', () => {
  const dataDir = newDataDir();
  const restored = mkdtempSync(join(tmpdir(), 'mosis-telemetry-restored-'));
  afterAll(() => {
    for (const folder of [dataDir, restored]) rmSync(folder, { recursive: true, force: true });
  });

  it('answers from Parquet and exports again, its copies made anew and what is missing put back', async () => {
    const clock = new TestClock();
    const engine = await openEngine(dataDir, clock, EXPORTS);
    for (let device = 0; device < 3; device += 1)
      await upload(engine, clock, {
        packageId: APP,
        deviceId: `d${device}`,
        sessionId: sessionIdOf(device),
        events: someEvents(4 + device),
      });
    clock.advance(DAY_MS);
    await upload(engine, clock, { packageId: APP, deviceId: 'd0', sessionId: sessionIdOf(9), events: someEvents(2) });
    await engine.settled();
    expect(await engine.runArchive()).toEqual({ archived: [DAY] });
    const { exported } = await engine.runExport();
    expect(exported).toContain(aggregatesKey(parseDay(DAY)));
    const answer = await ask(engine, clock);
    expect(answer.rows).toEqual([expect.objectContaining({ value: 17 })]);
    await engine.close();

    // What a restore has: the database of the replica and the copies of objects, of which one is lost; no archive.
    const reader = openReader(telemetryDatabasePath(dataDir));
    reader.pragma('query_only = OFF');
    reader.prepare('VACUUM INTO ?').run(telemetryDatabasePath(restored));
    reader.close();
    cpSync(join(dataDir, 'objects'), join(restored, 'objects'), { recursive: true });
    const lost = aggregatesKey(parseDay(DAY));
    rmSync(join(restored, 'objects', lost));
    const objects = createObjectStore({ url: `file://${restored}/objects` });
    const report = await reconcileRestoredTelemetry(telemetryDatabasePath(restored), objects);
    expect(report).toMatchObject({ damage: undefined, rawEvents: 17, exportedAgain: [lost], exportsUnknown: [] });

    const again = await openEngine(restored, clock, EXPORTS);
    expect(await ask(again, clock)).toEqual(answer);
    expect(await again.runArchive()).toEqual({ archived: [DAY] });
    expect(existsSync(archivePath(restored, DAY))).toBe(true);
    expect(await ask(again, clock)).toEqual(answer);
    expect(await again.runExport()).toEqual({ exported: [lost] });
    const original = createObjectStore({ url: `file://${dataDir}/objects` });
    expect(await objects.hash(lost)).toEqual(await original.hash(lost));
    expect(await again.runAudit({ repair: false })).toMatchObject({ differences: 0 });
    await again.close();
  });
});

/** Counts all events, by reading the raw ones. */
function ask(engine: TelemetryEngine, clock: TestClock) {
  return engine.rawQuery('query', {
    packageId: APP,
    range: { fromMs: START_MS - DAY_MS, toMs: clock.wallMs + DAY_MS },
    includeBots: false,
    metric: 'events',
    filters: [],
    groupBy: [],
    limit: 10,
  });
}
