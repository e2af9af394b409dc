import { DuckScan } from '../baselines/duck-scan.ts';
import { SqliteScan } from '../baselines/sqlite-scan.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { formatDay, listPartitions, openTelemetryReader, openTelemetryWriter } from '../lib/internals.ts';
import { Progress, say } from '../lib/progress.ts';
import { watchResident } from '../lib/resident.ts';
import { timed } from '../lib/statistics.ts';
import { copyDataset, nowOf, openAnalytics, openManyDays, openPartitions, type Dataset } from '../seed/dataset.ts';
import { loadEngine } from './ingest-engine.ts';

type Analytics = ReturnType<typeof openAnalytics>;

const ROLLUP_TABLES = [
  'hour_counts',
  'day_counts',
  'hour_devices',
  'day_devices',
  'crash_days',
  'crash_devices',
  'device_days',
];
const ROUNDS = 3;

/** How far roll-ups lag, and what it costs to count days again. */
export const rollupCase: BenchCase = {
  name: 'rollup',
  about: 'how far roll-ups lag under load; counting a day, and all days, again',
  async run(bench) {
    const { lagsMs } = await loadEngine(bench, bench.emptyFolder('lag'), Math.min(2, bench.scale.rounds));
    bench.report.add({
      what: 'lag of the roll-ups under full ingest, at most',
      unit: 's',
      values: [Math.max(0, ...lagsMs) / 1000],
      target: { atMost: 5 },
      note: 'the engine in this process, by its own status',
    });
    await measureOneDay(bench);
    await measureAllDays(bench);
  },
};

async function measureOneDay(bench: Bench): Promise<void> {
  const partitions = await openPartitions(bench);
  const rows = bench.scale.partitionRows.toLocaleString('en');
  say(`one day of ${rows} rows: ${ROUNDS} rounds`);
  // The newest partition is still written to, so its rows are never counted from a copy.
  const copied = await countAgain(bench, copyDataset(bench, partitions, { archived: true }), partitions.lastDay - 1);
  const raw = await countAgain(bench, copyDataset(bench, partitions), partitions.lastDay);
  bench.report.add({
    what: `one day of ${rows} rows from scratch, written, its partition closed`,
    unit: 's',
    values: copied.fromScratch,
    target: { atMost: 1.5 },
    baseline: copied.beside,
    note: 'the GROUP BY counts by hour, type and context, and knows no exact devices',
  });
  bench.report.add({ what: '  that day, only compared', unit: 's', values: copied.compared, baseline: copied.beside });
  bench.report.add({
    what: '  the newest day, which has no Parquet copy, written',
    unit: 's',
    values: raw.fromScratch,
    target: { atMost: 1.5 },
    baseline: raw.beside,
  });
  bench.report.add({ what: '  the newest day, only compared', unit: 's', values: raw.compared, baseline: raw.beside });
  const { beside } = raw;

  const analytics = openAnalytics(partitions);
  bench.atEnd(() => analytics.close());
  const resident = watchResident(() => analytics.pid);
  const alone = copiesOf(partitions, partitions.lastDay, partitions.lastDay);
  const parquet: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Another day in between, so that nothing of this one is kept.
    await analytics.recountDay(copiesOf(partitions, partitions.firstDay, partitions.firstDay));
    parquet.push((await timed(() => analytics.recountDay(alone))).ms);
  }
  bench.report.add({
    what: '  the newest day, counted from a copy of it',
    unit: 's',
    values: parquet.map((ms) => ms / 1000),
    target: { atMost: 1.5 },
    baseline: beside,
    residentBytes: resident.stop(),
  });
}

/** What the engine takes to count a day of which there are no roll-ups, and to compare it with those it wrote. */
async function countAgain(
  bench: Bench,
  copy: Dataset,
  day: number,
): Promise<{ fromScratch: number[]; compared: number[]; beside: { what: string; values: number[] } }> {
  const scan = new SqliteScan(copy);
  const range = { from: formatDay(day), to: formatDay(day) };
  const engine = await openEngine(copy.folder, { now: () => nowOf(copy), rawDays: copy.days + 30 });
  const fromScratch: number[] = [];
  const compared: number[] = [];
  const baseline: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      forgetRollups(copy, day);
      fromScratch.push((await timed(() => engine.runAudit({ ...range, repair: true }))).ms / 1000);
      const { ms, result } = await timed(() => engine.runAudit(range));
      if (result.differences > 0) throw new Error(`A recount left differences: ${result.examples.join('; ')}`);
      compared.push(ms / 1000);
      baseline.push(scan.rollups([day]) / 1000);
    }
  } finally {
    await engine.close();
    scan.close();
  }
  return { fromScratch, compared, beside: { what: 'a plain GROUP BY of the same rows', values: baseline } };
}

/** Every bucket day of the large data set, one after the other. */
async function measureAllDays(bench: Bench): Promise<void> {
  const dataset = await openManyDays(bench);
  const { days } = dataset;
  const analytics = openAnalytics(dataset);
  bench.atEnd(() => analytics.close());
  const scan = new SqliteScan(dataset);
  bench.atEnd(() => scan.close());
  const resident = watchResident(() => analytics.pid);
  await analytics.recountDay(copiesOf(dataset, dataset.lastDay, dataset.lastDay));
  const progress = new Progress('days counted again', days);
  const { ms } = await timed(async () => {
    for (let index = 0; index < days; index += 1) {
      await analytics.recountDay(copiesOf(dataset, dataset.firstDay + index, dataset.lastDay));
      progress.at(index + 1);
    }
  });
  bench.report.add({
    what: `recount of ${days} days, ${dataset.rows.toLocaleString('en')} rows, from Parquet`,
    unit: 's',
    values: [ms / 1000],
    target: { atMost: 10 },
    baseline: { what: 'one plain GROUP BY of all rows in SQLite', values: [scan.rollups() / 1000] },
    residentBytes: resident.stop(),
  });
  const duck = await DuckScan.open(dataset);
  bench.atEnd(() => duck.close());
  bench.report.add({
    what: '  DuckDB groups each copy by session and hour, one of three groupings, and nothing else',
    unit: 's',
    values: [(await duck.groupSessions()) / 1000],
  });
  bench.report.add({
    what: '  the same by the engine, compared with no roll-ups and written',
    unit: 's',
    values: [dataset.rollupMs / 1000],
    note: 'when the data set was built',
  });
}

/** The copies that hold some of a bucket day, as the engine's audit asks for them. */
function copiesOf({ folder }: Dataset, day: number, through: number): Parameters<Analytics['recountDay']>[0] {
  const db = openTelemetryReader(folder);
  try {
    const copies = listPartitions(db)
      .filter(({ first_bucket: first, last_bucket: last }) => (first ?? Infinity) <= day && day <= (last ?? -Infinity))
      .map((row) => ({ day: row.day, revision: row.revision, sha256: row.archive_sha256 ?? '', rows: row.row_count }));
    return { day, through, copies, bots: { app: new Int32Array(), device: new Int32Array() } };
  } finally {
    db.close();
  }
}

function forgetRollups({ folder }: Dataset, day: number): void {
  const db = openTelemetryWriter(folder);
  try {
    for (const table of ROLLUP_TABLES) db.prepare(`DELETE FROM ${table} WHERE day = ?`).run(day);
  } finally {
    db.close();
  }
}
