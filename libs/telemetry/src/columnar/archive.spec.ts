import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { archivePath, openTelemetryReader } from '../storage/telemetry-file.js';
import { AnalyticsProcess } from './analytics-process.js';
import { archivePartition } from './archive-partition.js';
import { Dictionaries } from './dictionaries.js';
import { openDuck, Session } from './duck.js';
import { writeRawLines } from './raw-lines.js';
import { runArchive } from './run-archive.js';
import { makeScratch } from './scratch.js';
import { TelemetryFixture, type TestEvent } from './test/telemetry-fixture.js';
import { verifyArchive } from './verify-archive.js';

const DAY = '2026-11-10';
const NOON = Date.parse(`${DAY}T12:00:00Z`);

function someEvents(count: number): TestEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    packageId: ['com.dev.two', 'com.dev.one', 'com.Dev.three'][index % 3],
    device: index % 17,
    session: index % 23,
    timeMs: NOON - ((index * 7919) % 50_000_000),
    type: index % 5 === 0 ? 'app_crash' : 'screen_view',
    flags: index % 8,
    data:
      index % 4 === 0
        ? null
        : { name: `a "quoted", 'näme' \n\t\u0001 ${index % 11}`, n: index / 7, on: index % 2 === 0 },
    context: {
      app_version: `1.${index % 3}`,
      ...(index % 2 === 0 ? { os: 'mosis', country: 'DE' } : { locale: 'de-DE', device_model: "O'Neil" }),
    },
  }));
}

let fixture: TelemetryFixture;
let analytics: AnalyticsProcess;

beforeEach(() => {
  fixture = new TelemetryFixture();
  analytics = new AnalyticsProcess({ dataDir: fixture.dataDir, rawDays: 90, now: () => NOON + 86_400_000 });
});

afterEach(async () => {
  await analytics.close();
  fixture.dispose();
});

async function readParquet(path: string, what = '*', rest = ''): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(`SELECT ${what} FROM read_parquet('${path}') ${rest}`)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('the Parquet copy of a closed partition', () => {
  it('holds every row of its table with the texts its numbers stand for, sorted by app and time', async () => {
    const events = someEvents(5_000);
    const day = fixture.receive(DAY, events);
    const copy = await analytics.run('archive', { day });
    const path = archivePath(fixture.dataDir, DAY);

    const bytes = await readFile(path);
    expect(copy).toMatchObject({ rows: 5_000, revision: 0, bytes: bytes.byteLength });
    expect(copy.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));

    const rows = await readParquet(path, '*, epoch_ms(time) AS ms', 'ORDER BY id');
    const expected = events.map((event, index) => ({
      package_id: event.packageId,
      id: BigInt(index + 1),
      ms: BigInt(event.timeMs),
      type: event.type,
      app_version: event.context?.app_version,
      mosis_version: null,
      os: event.context?.os ?? null,
      country: event.context?.country ?? null,
      device_model: event.context?.device_model ?? null,
      locale: event.context?.locale ?? null,
      device: event.device,
      session: BigInt(event.session ?? 0),
      clock_corrected: (index & 1) !== 0,
      clamped: (index & 2) !== 0,
      late: (index & 4) !== 0,
      data: event.data ? JSON.stringify(event.data) : null,
    }));
    expect(rows.map(({ time: _, received: _day, ...row }) => row)).toEqual(expected);

    const keys = (await readParquet(path, 'package_id, epoch_ms(time) AS ms, id')).map(
      ({ package_id, ms, id }) => `${package_id as string} ${String(ms)} ${String(id).padStart(9, '0')}`,
    );
    expect(keys).toEqual([...keys].sort());
  });

  it('is made for closed partitions without a current one only, and of an empty one too', async () => {
    fixture.receive('2026-11-08', []);
    fixture.receive(DAY, someEvents(10));
    fixture.receive('2026-11-11', someEvents(10), { open: true });
    const deps = { dataDir: fixture.dataDir, analytics, state: fixture.state };
    expect(await runArchive(deps)).toEqual({ archived: ['2026-11-08', DAY] });
    expect(await runArchive(deps)).toEqual({ archived: [] });
    fixture.erase(DAY, 3);
    expect(await runArchive(deps)).toEqual({ archived: [DAY] });
    const devices = await readParquet(archivePath(fixture.dataDir, DAY), 'device');
    expect(devices.map(({ device }) => device)).not.toContain(3);
    expect(devices).toHaveLength(9);
  });

  it('is not recorded when the partition lost rows meanwhile, and made again by the next run', async () => {
    fixture.receive(DAY, someEvents(100));
    const { state } = fixture;
    const racing = {
      ...state,
      recordArchive: async (...args: Parameters<typeof state.recordArchive>) => {
        if (args[1].revision === 0) fixture.erase(DAY, 1);
        return state.recordArchive(...args);
      },
    };
    const deps = { dataDir: fixture.dataDir, analytics, state: racing };
    expect(await runArchive(deps)).toEqual({ archived: [] });
    expect(await runArchive(deps)).toEqual({ archived: [DAY] });
  });
});

describe('the comparison of a copy with its table', () => {
  const changes: [string, string][] = [
    ['a changed time', `SELECT * REPLACE (CASE WHEN id = 77 THEN time + INTERVAL 1 MILLISECOND ELSE time END AS time)`],
    ['one changed text', `SELECT * REPLACE (CASE WHEN id = 78 THEN data || ' ' ELSE data END AS data)`],
    [
      'a version that is another one of the app',
      `SELECT * REPLACE (CASE WHEN id = 77 THEN '1.0' ELSE app_version END AS app_version)`,
    ],
    ['a text no dictionary has', `SELECT * REPLACE (CASE WHEN id = 77 THEN 'PC' ELSE os END AS os)`],
    ['a text that became null', `SELECT * REPLACE (CASE WHEN id = 76 THEN NULL ELSE locale END AS locale)`],
    ['another app', `SELECT * REPLACE (CASE WHEN id = 77 THEN 'com.dev.two' ELSE package_id END AS package_id)`],
    ['a flag that flipped', `SELECT * REPLACE (id <> 77 AND late AS late)`],
    [
      'the devices of two rows swapped',
      `SELECT * REPLACE (CASE id WHEN 77 THEN 77 % 17 WHEN 78 THEN 76 % 17 ELSE device END AS device)`,
    ],
    ['a row that is there twice in place of another', `SELECT * REPLACE (CASE WHEN id = 77 THEN 78 ELSE id END AS id)`],
    ['a row that is missing', `SELECT * EXCLUDE (x) FROM (SELECT *, id = 77 AS x`],
  ];

  it.each(changes)('notices %s', async (what, select) => {
    fixture.receive(DAY, someEvents(300));
    const day = Date.parse(DAY) / 86_400_000;
    const scratch = makeScratch(fixture.dataDir);
    const settings = { dataDir: fixture.dataDir, rawDays: 90, memoryLimitMb: 128, threads: 1 };
    const duck = await openDuck(settings, scratch);
    const session = await Session.open(duck);
    const db = openTelemetryReader(fixture.dataDir);
    try {
      const deps = { dataDir: fixture.dataDir, db, scratch, dictionaries: new Dictionaries(db) };
      await archivePartition(session, deps, day);
      const linesPath = join(scratch, 'compared.lines');
      const lines = await writeRawLines(db, { day, afterId: 0 }, linesPath, () => undefined);
      const good = archivePath(fixture.dataDir, DAY);
      const parquetPath = join(scratch, 'corrupted.parquet');
      copyFileSync(good, parquetPath);
      await expect(verifyArchive(session, db, { lines, linesPath, parquetPath })).resolves.toBeUndefined();
      const tail =
        what === 'a row that is missing' ? `FROM read_parquet('${good}')) WHERE NOT x` : `FROM read_parquet('${good}')`;
      await session.run(`COPY (${select} ${tail}) TO '${parquetPath}' (FORMAT parquet)`);
      await expect(verifyArchive(session, db, { lines, linesPath, parquetPath })).rejects.toThrow(/copy/);
    } finally {
      session.connection.closeSync();
      duck.closeSync();
      db.close();
    }
  });
});

describe('a crash while a copy is made', () => {
  it('leaves the table as it is, and under the final name a whole copy or nothing', async () => {
    const day = fixture.receive(DAY, someEvents(30_000));
    const path = archivePath(fixture.dataDir, DAY);
    const table = 'SELECT count(*) AS n, sum(id * device) AS s FROM events_20261110';
    const before = fixture.db.prepare(table).get();
    let killed = 0;
    for (let delay = 0; delay < 7; delay++) {
      const started = analytics.run('archive', { day });
      const outcome = started.then(
        () => 'done',
        () => 'killed',
      );
      const { pid } = analytics;
      const timer = setTimeout(() => process.kill(pid as number, 'SIGKILL'), 150 + delay * 90);
      if ((await outcome) === 'killed') killed += 1;
      clearTimeout(timer);
      if (existsSync(path)) {
        expect(await readParquet(path, 'count(*) AS n')).toEqual([{ n: 30_000n }]);
      }
      await analytics.close();
      analytics = new AnalyticsProcess({ dataDir: fixture.dataDir, rawDays: 90, now: () => NOON });
    }
    expect(killed).toBeGreaterThan(0);
    expect(fixture.db.prepare(table).get()).toEqual(before);
    expect((await analytics.run('archive', { day })).rows).toBe(30_000);
    expect(readdirSync(dirname(path))).toEqual(['part-0.parquet']);
    expect(await readParquet(path, 'count(*) AS n')).toEqual([{ n: 30_000n }]);
  });
});
