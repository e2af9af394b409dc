import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { rawKey } from '../src/columnar/export-keys.js';
import type { TelemetryEngine } from '../src/engine/telemetry-engine.js';
import type { EngineOptions } from '../src/engine/types.js';
import { parseDay } from '../src/storage/days.js';
import { archivePath } from '../src/storage/telemetry-file.js';
import { sessionIdOf, someEvents, type SentEvent } from './support/batches.js';
import { newDataDir, openEngine, upload } from './support/open-engine.js';
import { DAY_MS, HOUR_MS, TestClock } from './support/test-clock.js';

const APP = 'com.example.one';
const DAY = '2026-11-20';
const EXPORTS = { rawDays: 90, exportAggregates: true, exportRaw: true };

describe('retention with exports', () => {
  let clock: TestClock;
  let dataDir: string;
  let engine: TelemetryEngine;

  beforeEach(async () => {
    clock = new TestClock();
    dataDir = newDataDir();
    engine = await openEngine(dataDir, clock, EXPORTS);
    await send('d1');
    await send('d2');
    clock.advance(DAY_MS);
    await send('d2');
    await copyAndExport();
    expect(rawCopies()).toEqual([DAY]);
  });

  afterEach(async () => {
    await engine.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function send(deviceId: string, events: SentEvent[] = someEvents(3)): Promise<void> {
    const outcome = await upload(engine, clock, { packageId: APP, deviceId, sessionId: sessionIdOf(1), events });
    expect(outcome).toMatchObject({ kind: 'stored' });
  }

  /** What the hourly jobs do before retention. */
  async function copyAndExport(): Promise<void> {
    await engine.runArchive();
    await engine.runExport();
  }

  async function reopen(options: Partial<EngineOptions>): Promise<void> {
    await engine.close();
    engine = await openEngine(dataDir, clock, { ...EXPORTS, ...options });
  }

  /** To so many days after the first one. An hour of it after the start, so that the clock is believed. */
  function advanceTo(day: number): void {
    clock.advance(Date.parse(`${DAY}T13:00:00Z`) + day * DAY_MS - clock.wallMs);
  }

  /** Days of receipt that have a raw copy in the object store. */
  function rawCopies(): string[] {
    const folder = join(dataDir, 'objects/telemetry/raw');
    return readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'part-0.parquet')))
      .map((name) => name.replace('received=', ''));
  }

  async function devicesInRawCopy(): Promise<unknown> {
    const file = join(dataDir, 'objects', rawKey(parseDay(DAY)));
    const connection = await (await DuckDBInstance.create()).connect();
    const read = await connection.runAndReadAll(`SELECT DISTINCT device FROM read_parquet('${file}') ORDER BY 1`);
    return read.getRows().flat();
  }

  it('removes a raw copy after the last day, and drops its partition the day after', async () => {
    advanceTo(89);
    await copyAndExport();
    expect(rawCopies()).toContain(DAY);
    advanceTo(90);
    await copyAndExport();
    expect(rawCopies()).not.toContain(DAY);
    expect((await engine.runRetention()).dropped).toEqual([]);
    for (const day of [91, 92]) {
      advanceTo(day);
      await copyAndExport();
      await engine.runRetention();
      clock.advance(HOUR_MS);
    }
    expect((await engine.runRetention()).held).toEqual([]);
    expect((await engine.describeStorage()).oldestPartition).not.toBe(DAY);
    expect(existsSync(archivePath(dataDir, DAY))).toBe(false);
    expect(rawCopies()).toEqual([]);
  });

  it('drops a partition whose aggregates were purged and changed afterwards', async () => {
    await engine.purgeExports({ before: '2026-11-21', dryRun: false });
    await send('d3', someEvents(2, 'level_up', DAY_MS));
    await copyAndExport();
    advanceTo(2);
    await copyAndExport();
    expect(await engine.describeStorage()).toMatchObject({ exportWaiting: 0 });
    advanceTo(91);
    await engine.runExport();
    expect(await engine.runRetention()).toMatchObject({ dropped: [DAY], held: [] });
    expect(existsSync(join(dataDir, `objects/telemetry/aggregates/day=${DAY}/part-0.parquet`))).toBe(false);
  });

  it('removes raw copies after the last day also when exports were switched off', async () => {
    await reopen({ exportAggregates: false, exportRaw: false });
    advanceTo(89);
    expect(await engine.runExport()).toEqual({ exported: [] });
    expect(rawCopies()).toEqual([DAY]);
    advanceTo(91);
    await engine.runExport();
    expect(rawCopies()).toEqual([]);
    expect(await engine.runRetention()).toMatchObject({ dropped: [DAY], held: [] });
  });

  it.each([
    ['raw copies', { exportRaw: false }],
    ['exports', { exportAggregates: false, exportRaw: false }],
  ])('takes an erased device out of raw copies also when %s were switched off', async (_, options) => {
    expect(await devicesInRawCopy()).toEqual([0, 1]);
    await reopen(options);
    clock.advance(DAY_MS);
    await send('d2');
    await copyAndExport();
    // What was not there is not made any more.
    expect(rawCopies()).toEqual([DAY]);
    await engine.erase(APP, 'd1');
    await engine.runErasures();
    expect(await devicesInRawCopy()).toEqual([1]);
  });

  it('removes a copy that a death after its partition was dropped left behind, and nothing else', async () => {
    advanceTo(92);
    await send('d2');
    const folders = ['received=2026-08-01', 'received=2027-01-01', 'received=2026-02-31', 'received=2026-08-01.bak'];
    for (const folder of folders) mkdirSync(join(dataDir, 'archive', folder));
    await engine.runRetention();
    const left = readdirSync(join(dataDir, 'archive')).filter((name) => folders.includes(name));
    expect(left.sort()).toEqual(folders.slice(1).sort());
  });

  it('drops a partition in its time although the clock was a year ahead for some minutes', async () => {
    clock.jump(365 * DAY_MS);
    await send('d1');
    clock.jump(-365 * DAY_MS);
    advanceTo(2);
    await send('d2');
    await copyAndExport();
    advanceTo(92);
    await send('d2');
    await copyAndExport();
    expect(await engine.runRetention()).toMatchObject({ dropped: [DAY, '2026-11-21'], held: [] });
    // Days that are there in full can still be counted again.
    await engine.runAudit({ repair: true });
    const audit = await engine.runAudit();
    expect(audit.differences).toBe(0);
    expect(audit.days.map(({ day }) => day)).toContain('2027-02-20');
  });
});
