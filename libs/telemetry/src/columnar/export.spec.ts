import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { createObjectStore, type ObjectStore } from '@mosis/object-store';
import { startS3Server, type S3Server } from '../../../object-store/test/support/s3-server.js';
import { readBitmap, using } from '../bitmaps.js';
import { formatDay, parseDay } from '../storage/days.js';
import { AnalyticsProcess } from './analytics-process.js';
import type { ColumnarDeps } from './deps.js';
import { aggregatesKey, MANIFEST_KEY, rawKey } from './export-keys.js';
import { readManifest, type Manifest } from './manifest.js';
import { purgeExports } from './purge-exports.js';
import { runArchive } from './run-archive.js';
import { runExport } from './run-export.js';
import { bitmapOf, TelemetryFixture } from './test/telemetry-fixture.js';

const options = { aggregates: true, raw: false, rawDays: 90 };
const DAY = '2026-11-10';
const ONE = 'com.dev.one';

let fixture: TelemetryFixture;
let objects: ObjectStore;
let server: S3Server | undefined;
let folder: string;
let nowMs: number;
let deps: ColumnarDeps;

beforeEach(() => {
  nowMs = Date.parse('2026-11-12T15:00:00Z');
  fixture = new TelemetryFixture();
  folder = mkdtempSync(join(tmpdir(), 'exported-'));
  objects = createObjectStore({ url: `file://${folder}` });
  const analytics = new AnalyticsProcess({
    dataDir: fixture.dataDir,
    rawDays: 90,
    aggregatesFolder: join(folder, 'telemetry/aggregates'),
    now: () => nowMs,
  });
  deps = { dataDir: fixture.dataDir, analytics, state: fixture.state, objects, now: () => nowMs };
});

afterEach(async () => {
  await deps.analytics.close();
  await deps.objects.close();
  await server?.kill();
  server = undefined;
  fixture.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Rolls up one cell of a bucket day by hand, and says that the day has changed. */
function rollUp(day: string, count: number, devices: number[]): void {
  const app = fixture.app(ONE);
  const view = fixture.word(app, 'type', 'screen_view');
  const version = fixture.word(app, 'app_version', '1.0');
  const { db } = fixture;
  const counts = db.prepare(
    'INSERT OR REPLACE INTO day_counts (app, dimension, day, value, measure, bot, n) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const sets = db.prepare(
    'INSERT OR REPLACE INTO day_devices (app, dimension, crashed, day, value, devices) VALUES (?, ?, ?, ?, ?, ?)',
  );
  for (const [dimension, value] of [
    [0, 0],
    [1, version],
  ]) {
    counts.run(app, dimension, parseDay(day), value, view, 0, count);
    counts.run(app, dimension, parseDay(day), value, view, 1, 1000);
    counts.run(app, dimension, parseDay(day), value, -1, 0, 3);
    sets.run(app, dimension, 0, parseDay(day), value, bitmapOf(devices));
  }
  counts.run(app, 0, parseDay(day), 0, -2, 0, 1);
  sets.run(app, 0, 1, parseDay(day), 0, bitmapOf([1]));
  db.prepare(
    `INSERT INTO bucket_days (day, version, changed_ms) VALUES (?, 1, 0)
     ON CONFLICT DO UPDATE SET version = version + 1`,
  ).run(parseDay(day));
}

async function keys(prefix = 'telemetry/'): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of deps.objects.list(prefix)) found.push(key);
  return found;
}

async function elsewhere(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function manifest(): Promise<Manifest> {
  return (await readManifest(deps.objects)) as Manifest;
}

const exported = (): string => `read_parquet('${folder}/telemetry/aggregates/*/*.parquet', hive_partitioning = true)`;

describe('the daily aggregates', () => {
  it('are read by any DuckDB with one line, people and bots apart, devices as sets that add up', async () => {
    rollUp('2026-11-09', 5, [1, 2]);
    rollUp(DAY, 7, [2, 3, 900]);
    fixture.bots(ONE, DAY, [900]);
    rollUp('2026-11-12', 9, [1]);
    expect(await runExport(deps, options)).toEqual({
      exported: [aggregatesKey(parseDay('2026-11-09')), aggregatesKey(parseDay(DAY))],
    });
    const rows = await elsewhere(`SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day) FROM ${exported()}
      WHERE day = DATE '${DAY}' AND dimension IS NULL ORDER BY metric, bots`);
    expect(
      rows.map(({ devices, ...row }) => ({
        ...row,
        set: devices && using(readBitmap(devices as Uint8Array), (set) => set.toArray()),
      })),
    ).toEqual(
      [
        { metric: 'crashed_devices', type: null, bots: false, count: 1n, set: [1] },
        { metric: 'crashed_sessions', type: null, bots: false, count: 1n, set: null },
        { metric: 'devices', type: null, bots: false, count: 2n, set: [2, 3] },
        { metric: 'devices', type: null, bots: true, count: 1n, set: [900] },
        { metric: 'events', type: 'screen_view', bots: false, count: 7n, set: null },
        { metric: 'events', type: 'screen_view', bots: true, count: 1000n, set: null },
        { metric: 'sessions', type: null, bots: false, count: 3n, set: null },
      ].map((row) => ({ day: DAY, package_id: ONE, dimension: null, value: null, ...row })),
    );
    expect(
      await elsewhere(
        `SELECT sum(count)::INTEGER AS n FROM ${exported()} WHERE metric = 'events' AND dimension = 'app_version' AND value = '1.0' AND NOT bots`,
      ),
    ).toEqual([{ n: 12 }]);
    const answer = await deps.analytics.sql(
      `SELECT sum(count) FROM aggregates WHERE metric = 'events' AND dimension IS NULL AND NOT bots`,
    );
    expect(answer.rows).toEqual([[12]]);
  });

  it('are renewed when their day changes; the replaced copy goes to history', async () => {
    rollUp(DAY, 7, [2]);
    await runExport(deps, options);
    const [first] = (await manifest()).files;
    expect(await runExport(deps, options)).toEqual({ exported: [] });
    rollUp(DAY, 8, [2]);
    await runExport(deps, options);
    const { files } = await manifest();
    expect(files).toHaveLength(1);
    const stored = await objects.hash(aggregatesKey(parseDay(DAY)));
    expect(files[0]).toMatchObject({ day: DAY, kind: 'aggregates', sha256: stored.sha256, bytes: stored.sizeBytes });
    expect(stored.sha256).not.toBe(first?.sha256);
    expect(await keys('telemetry/history/')).toEqual([
      `telemetry/history/aggregates/day=${DAY}/${first?.sha256}.parquet`,
    ]);
    expect(
      await elsewhere(
        `SELECT count(*)::INTEGER AS n FROM ${exported()} WHERE type = 'screen_view' AND dimension IS NULL`,
      ),
    ).toEqual([{ n: 2 }]);
    expect(readdirSync(join(fixture.dataDir, 'archive/.scratch')).filter((name) => name.endsWith('.parquet'))).toEqual(
      [],
    );
  });

  it('are the same after a run that was cut short at any step, as after one that was not', async () => {
    rollUp(DAY, 7, [2]);
    await runExport(deps, options);
    rollUp(DAY, 8, [2, 3]);
    const steps = ['putFile', 'recordExport', 'putBytes', 'none'];
    let final: unknown;
    for (const step of steps) {
      const cut =
        (name: string, fn: (...args: never[]) => Promise<unknown>) =>
        async (...args: never[]) => {
          if (name !== step) return fn(...args);
          throw new Error(`cut short at ${name}`);
        };
      const { objects: store, state } = deps;
      const cutting = new Proxy(store, {
        get: (target, name: keyof ObjectStore) => {
          const method = target[name] as (...args: never[]) => Promise<unknown>;
          return ['putFile', 'putBytes'].includes(name) ? cut(name, method.bind(target)) : method.bind(target);
        },
      });
      const recordExport = cut('recordExport', state.recordExport) as never;
      const run = runExport({ ...deps, objects: cutting, state: { ...state, recordExport } }, options);
      if (step === 'none') await run;
      else await expect(run).rejects.toThrow('cut short');
      final = (await manifest()).files[0];
    }
    const stored = await objects.hash(aggregatesKey(parseDay(DAY)));
    expect(final).toMatchObject({ sha256: stored.sha256, bytes: stored.sizeBytes });
    expect(await keys('telemetry/history/')).toHaveLength(1);
    const before = (await objects.readBytes(MANIFEST_KEY, 1e6)).toString();
    nowMs += 1000;
    await runExport(deps, options);
    expect((await objects.readBytes(MANIFEST_KEY, 1e6)).toString()).toBe(before);
  });

  it('of a day that cannot be read keep neither later days nor the manifest waiting, and are told of', async () => {
    rollUp('2026-11-09', 5, [1]);
    rollUp(DAY, 7, [1]);
    fixture.db
      .prepare('UPDATE day_devices SET devices = ? WHERE day = ?')
      .run(Buffer.from('no set'), parseDay('2026-11-09'));
    await objects.putBytes(rawKey(parseDay('2026-01-01')), Buffer.from('past its time'));
    await expect(runExport(deps, options)).rejects.toThrow();
    expect(await keys()).toEqual([aggregatesKey(parseDay(DAY)), MANIFEST_KEY]);
    expect((await manifest()).files.map(({ day }) => day)).toEqual([DAY]);
    rollUp('2026-11-09', 5, [1]);
    expect(await runExport(deps, options)).toEqual({ exported: [aggregatesKey(parseDay('2026-11-09'))] });
  });

  it('are purged when asked for, told beforehand, and do not come back', async () => {
    rollUp('2026-11-09', 5, [1]);
    await runExport(deps, options);
    rollUp('2026-11-09', 6, [1]);
    rollUp(DAY, 7, [1]);
    await runExport(deps, options);
    const told = await purgeExports(deps, { before: DAY, dryRun: true });
    expect(told.removed).toHaveLength(2);
    expect(await keys('telemetry/aggregates/')).toHaveLength(2);
    expect(await purgeExports(deps, { before: DAY, dryRun: false })).toEqual(told);
    rollUp('2026-11-09', 9, [1]);
    await runExport(deps, options);
    expect(await keys()).toEqual([aggregatesKey(parseDay(DAY)), MANIFEST_KEY]);
    expect((await manifest()).files.map(({ day }) => day)).toEqual([DAY]);
  });
});

describe('the raw copies', () => {
  it('follow the archive when asked for, lose what was erased, and go when their partition is past its time', async () => {
    const timeMs = Date.parse(`${DAY}T10:00:00Z`);
    fixture.receive(DAY, [
      { timeMs, device: 1 },
      { timeMs, device: 2 },
    ]);
    fixture.receive('2026-11-12', [{ timeMs }], { open: true });
    await runArchive(deps);
    await runExport(deps, options);
    expect(await keys('telemetry/raw/')).toEqual([]);
    const raw = { ...options, raw: true };
    expect(await runExport(deps, raw)).toEqual({ exported: [rawKey(parseDay(DAY))] });
    const read = `SELECT device, strftime(received, '%Y-%m-%d') AS received FROM read_parquet('${folder}/telemetry/raw/*/*.parquet', hive_partitioning = true) ORDER BY ALL`;
    expect(await elsewhere(read)).toEqual([
      { device: 1, received: DAY },
      { device: 2, received: DAY },
    ]);
    fixture.erase(DAY, 1);
    await runArchive(deps);
    await runExport(deps, raw);
    expect(await elsewhere(read)).toEqual([{ device: 2, received: DAY }]);
    expect((await manifest()).files.map(({ key, rows }) => [key, rows])).toEqual([[rawKey(parseDay(DAY)), 1]]);
    expect(await keys('telemetry/history/')).toEqual([]);
    nowMs = (parseDay(DAY) + 89) * 86_400_000;
    await runExport(deps, raw);
    expect(await keys('telemetry/raw/')).toHaveLength(1);
    nowMs += 86_400_000;
    await runExport(deps, options);
    expect(await keys()).toEqual([MANIFEST_KEY]);
    expect((await manifest()).files).toEqual([]);
  });
});

describe('an S3 object store', () => {
  it('takes the export; while it is down nothing is recorded, and the next run goes on', async () => {
    server = await startS3Server();
    const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
    const s3 = { endpoint, accessKeyId, secretAccessKey, forcePathStyle: true, region: 'us-east-1' };
    const remote = createObjectStore({ url: `s3://${bucket}/mosis`, s3 });
    rollUp('2026-11-09', 5, [1]);
    const overS3 = { ...deps, objects: remote };
    await runExport(overS3, options);
    const found = await remote.withLocalFile(aggregatesKey(parseDay('2026-11-09')), folder, (path) =>
      elsewhere(
        `SELECT count::INTEGER AS n FROM read_parquet('${path}') WHERE type = 'screen_view' AND dimension IS NULL AND NOT bots`,
      ),
    );
    expect(found).toEqual([{ n: 5 }]);
    await remote.close();

    rollUp(DAY, 7, [2]);
    const nobody = createObjectStore({ url: `s3://${bucket}/mosis`, s3: { ...s3, endpoint: 'http://127.0.0.1:9' } });
    await expect(runExport({ ...deps, objects: nobody }, options)).rejects.toMatchObject({ code: 'export-failed' });
    await nobody.close();
    const waiting = (await fixture.state.listBucketDays()).find(({ day }) => formatDay(day) === DAY);
    expect(waiting?.exported).toBeNull();
    const again = createObjectStore({ url: `s3://${bucket}/mosis`, s3 });
    expect(await runExport({ ...deps, objects: again }, options)).toEqual({ exported: [aggregatesKey(parseDay(DAY))] });
    await again.close();
  });
});
