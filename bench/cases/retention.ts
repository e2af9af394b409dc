import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { TelemetryEngine } from '@mosis/telemetry';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { DAY_MS, eventsTable, telemetryDatabasePath } from '../lib/internals.ts';
import { say } from '../lib/progress.ts';
import { SimulatedClock } from '../lib/simulated-clock.ts';
import { median, quantile } from '../lib/statistics.ts';
import { makeTemplates, renew } from '../load/batches.ts';
import { copyDataset, openPartitions, type Dataset } from '../seed/dataset.ts';
import { measureFileSize } from './retention-file-size.ts';

const APPS = [{ packageId: 'com.bench.app1', key: 'key' }];
const UPLOADERS = 4;
const QUIET_MS = 2_000;
/** Days between the clock and the partition that is dropped. */
const RAW_DAYS = 2;

/** What uploads wait while a large partition is dropped, and whether the file stays as large as it is. */
export const retentionCase: BenchCase = {
  name: 'retention',
  about: 'what uploads wait while a partition is dropped; the size of the file over 30 simulated days',
  async run(bench) {
    await measureDrop(bench, copyDataset(bench, await openPartitions(bench)));
    await measureFileSize(bench);
  },
};

async function measureDrop(bench: Bench, copy: Dataset): Promise<void> {
  const deleted = measureDelete(bench, copy);
  const clock = new SimulatedClock((copy.lastDay + 1) * DAY_MS + DAY_MS / 2);
  const engine = await openEngine(copy.folder, { ...clock.functions, rawDays: RAW_DAYS });
  bench.atEnd(() => engine.close());
  const quietP50s: number[] = [];
  const quietP99s: number[] = [];
  const dropP99s: number[] = [];
  const waits: number[] = [];
  say(`dropping ${copy.days} partitions of ${bench.scale.partitionRows} rows`);
  for (let round = 0; round < copy.days; round += 1) {
    // The first round drops a partition, and each day later the next one is old enough.
    if (round > 0) clock.forward(DAY_MS);
    const quiet = await uploadDuring(
      engine,
      bench.seed,
      clock,
      () => new Promise((done) => setTimeout(done, QUIET_MS)),
    );
    const during = await uploadDuring(engine, bench.seed, clock, async () => {
      const { dropped, held } = await engine.runRetention();
      if (dropped.length !== 1) throw new Error(`Retention dropped ${dropped.length}: ${JSON.stringify(held)}`);
    });
    quietP50s.push(quantile(quiet, 0.5));
    quietP99s.push(quantile(quiet, 0.99));
    dropP99s.push(quantile(during, 0.99));
    waits.push(Math.max(0, Math.max(...during) - quantile(quiet, 0.5)));
  }
  bench.report.add({
    what: `what an upload waits at most for a drop of ${bench.scale.partitionRows.toLocaleString('en')} rows`,
    unit: 'ms',
    values: waits,
    target: { atMost: 50 },
    baseline: { what: 'DELETE of the same rows in one table', values: deleted },
    note: `the longest upload less the usual ${median(quietP50s).toFixed(1)} ms; what else retention purges is included`,
  });
  bench.report.add({
    what: '  p99 of uploads meanwhile',
    unit: 'ms',
    values: dropP99s,
    baseline: { what: 'p99 when it is quiet', values: quietP99s },
  });
}

/** Uploads until some work is done; answers how long each upload took, in milliseconds. */
async function uploadDuring(
  engine: TelemetryEngine,
  seed: number,
  clock: SimulatedClock,
  work: () => Promise<unknown>,
): Promise<number[]> {
  const templates = makeTemplates({
    apps: APPS,
    count: 100,
    events: 20,
    encoding: 'gzip',
    seed,
    nowMs: clock.functions.now(),
  });
  const latenciesMs: number[] = [];
  let isDone = false;
  let next = 0;
  const uploader = async () => {
    while (!isDone) {
      const template = templates[next++ % templates.length] as (typeof templates)[number];
      const sentMs = performance.now();
      const body = Buffer.from(renew(template));
      const { packageId, key } = template.app;
      const request = { packageId, keyId: key, address: '', body, contentEncoding: 'gzip', sentAt: undefined };
      const outcome = await engine.upload(request);
      if (outcome.kind === 'refused') throw new Error(`${outcome.status} ${outcome.code}: ${outcome.detail}`);
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  const uploaders = Array.from({ length: UPLOADERS }, uploader);
  await Promise.all([...uploaders, work().finally(() => (isDone = true))]);
  return latenciesMs;
}

/** The same rows in one table with an index by day: what deleting a day's takes, in milliseconds. */
function measureDelete(bench: Bench, { folder, firstDay, days }: Dataset): number[] {
  say('the same rows in one table');
  const db = new Database(join(bench.emptyFolder('delete'), 'one-table.db'));
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -24576');
    db.prepare('ATTACH ? AS source').run(telemetryDatabasePath(folder));
    db.exec(`CREATE TABLE events (id INTEGER PRIMARY KEY, day INTEGER, app INTEGER, device INTEGER, session INTEGER,
      time_ms INTEGER, type INTEGER, context INTEGER, flags INTEGER, data TEXT)`);
    for (let day = firstDay; day < firstDay + days; day += 1) {
      db.exec(`INSERT INTO events SELECT NULL, ${day}, app, device, session, time_ms, type, context, flags, data
        FROM source.${eventsTable(day)}`);
    }
    db.exec('CREATE INDEX events_day ON events (day)');
    db.pragma('wal_checkpoint(TRUNCATE)');
    const remove = db.prepare('DELETE FROM events WHERE day = ?');
    return Array.from({ length: days - 1 }, (_, index) => {
      const startedMs = performance.now();
      remove.run(firstDay + index);
      return performance.now() - startedMs;
    });
  } finally {
    db.close();
  }
}
