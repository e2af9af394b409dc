import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import {
  AnalyticsProcess,
  ARCHIVE_FOLDER,
  DAY_MS,
  dayOf,
  formatDay,
  migrateTelemetry,
  openTelemetryWriter,
  parseDay,
  telemetryDatabasePath,
} from '../lib/internals.ts';
import { Progress, say } from '../lib/progress.ts';
import { SCALES, type Scale } from '../lib/scales.ts';
import { timed } from '../lib/statistics.ts';
import { makeFleet } from './fleet.ts';
import { PartitionWriter } from './partition-writer.ts';

/** Grows whenever data sets of an older form must not be used again. */
const FORMAT = 2;
const COMPLETE = 'dataset.json';
/** So many days before the first one have events that came late. */
const LATE_DAYS = 7;

/** How large a data set is. */
export interface DatasetSize {
  days: number;
  rowsPerDay: number;
  devices: number;
  /** Whether every partition gets its Parquet copy. */
  archived: boolean;
}

/** A telemetry.db with partitions of past days, rolled up by the engine itself. */
export interface Dataset extends DatasetSize {
  format: number;
  seed: number;
  folder: string;
  /** Days since 1970 of the first and last partition. */
  firstDay: number;
  lastDay: number;
  rows: number;
  apps: { packageId: string; share: number }[];
  /** What building it took, milliseconds. */
  writeMs: number;
  rollupMs: number;
  archiveMs: number;
}

/** The last millisecond of the last day: the time at which the data set is asked. */
export function nowOf({ lastDay }: Dataset): number {
  return (lastDay + 1) * DAY_MS - 1;
}

/** The range of all its days. */
export function rangeOf({ firstDay, lastDay }: Dataset): { fromMs: number; toMs: number } {
  return { fromMs: firstDay * DAY_MS, toMs: (lastDay + 1) * DAY_MS };
}

/** Finds a data set of this size and seed in the benchmark's folder, or builds it there. */
export async function openDataset(bench: Bench, size: DatasetSize): Promise<Dataset> {
  const name = `${size.days}x${size.rowsPerDay}-seed${bench.seed}${size.archived ? '' : '-raw'}`;
  const folder = join(bench.folder, `dataset-${name}`);
  const complete = join(folder, COMPLETE);
  if (existsSync(complete)) {
    const dataset = JSON.parse(readFileSync(complete, 'utf8')) as Dataset;
    if (dataset.format === FORMAT && dataset.devices === size.devices) return { ...dataset, folder };
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const dataset = await build(folder, bench.seed, size);
  writeFileSync(complete, `${JSON.stringify(dataset, undefined, 2)}\n`);
  return dataset;
}

async function build(folder: string, seed: number, size: DatasetSize): Promise<Dataset> {
  const { days, rowsPerDay, devices, archived } = size;
  say(`building a data set: ${days} days of ${rowsPerDay} rows, ${devices} devices`);
  const lastDay = dayOf(Date.now()) - 1;
  const fleet = makeFleet(devices);
  const dataset: Dataset = {
    ...size,
    format: FORMAT,
    seed,
    folder,
    firstDay: lastDay - days + 1,
    lastDay,
    rows: 0,
    apps: fleet.map(({ packageId, share }) => ({ packageId, share })),
    writeMs: 0,
    rollupMs: 0,
    archiveMs: 0,
  };
  migrateTelemetry(folder);
  const written = await timed(() => writePartitions(dataset));
  dataset.rows = written.result;
  dataset.writeMs = written.ms;
  // Roll-ups are counted from the copies, where there are some, several times faster than from raw rows.
  if (archived) dataset.archiveMs = (await timed(() => archive(dataset))).ms;
  dataset.rollupMs = (await timed(() => rollUp(dataset))).ms;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const { writeMs, rollupMs, archiveMs } = dataset;
  say(`built: rows ${seconds(writeMs)}, Parquet ${seconds(archiveMs)}, roll-ups ${seconds(rollupMs)}`);
  return dataset;
}

async function writePartitions({ folder, seed, devices, firstDay, days, rowsPerDay }: Dataset): Promise<number> {
  const db = openTelemetryWriter(folder);
  // Nobody else has the file, and a build that is broken off begins anew.
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -262144');
  try {
    const writer = new PartitionWriter(db, makeFleet(devices), seed);
    const progress = new Progress('partitions written', days);
    let rows = 0;
    for (let index = 0; index < days; index += 1) {
      rows += writer.write(firstDay + index, index, days, rowsPerDay);
      progress.at(index + 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return rows;
  } finally {
    db.pragma('journal_mode = WAL');
    db.close();
  }
}

/** Has the engine count every bucket day and put right that nothing is there; then it must find nothing wrong. */
async function rollUp(dataset: Dataset): Promise<void> {
  const { folder, firstDay, lastDay, days } = dataset;
  const engine = await openEngine(folder, { now: () => nowOf(dataset), rawDays: days + 30 });
  try {
    const progress = new Progress('bucket days rolled up', days);
    const range = { from: formatDay(firstDay - LATE_DAYS), to: formatDay(lastDay) };
    const onProgress = (day: string) => progress.at(Math.max(0, parseDay(day) - firstDay + 1));
    await engine.runAudit({ ...range, repair: true, onProgress });
    const check = await engine.runAudit({ from: formatDay(lastDay - 1), to: formatDay(lastDay) });
    if (check.differences > 0) throw new Error(`The data set does not add up: ${check.examples.join('; ')}`);
  } finally {
    await engine.close();
  }
}

async function archive(dataset: Dataset): Promise<void> {
  const { folder, firstDay, days } = dataset;
  const analytics = openAnalytics(dataset);
  const db = openTelemetryWriter(folder);
  const record = db.prepare(
    `UPDATE partitions SET archive_revision = ?, archive_rows = ?, archive_bytes = ?, archive_sha256 = ?, archived_ms = ?
     WHERE day = ?`,
  );
  const progress = new Progress('partitions archived', days);
  try {
    for (let index = 0; index < days; index += 1) {
      const day = firstDay + index;
      const { revision, rows, bytes, sha256 } = await analytics.run('archive', { day });
      record.run(revision, rows, bytes, sha256, nowOf(dataset), day);
      progress.at(index + 1);
    }
  } finally {
    await analytics.close();
    db.close();
  }
}

/** The process that asks and archives a data set's raw rows. */
export function openAnalytics(dataset: Dataset): InstanceType<typeof AnalyticsProcess> {
  const { folder, days } = dataset;
  return new AnalyticsProcess({
    dataDir: folder,
    rawDays: days + 30,
    now: () => nowOf(dataset),
    queryDeadlineMs: 600_000,
  });
}

/** The data set of a scale that questions are asked of and all days are counted again in. */
export async function openManyDays(bench: Bench, scale: Scale['name'] = bench.scale.name): Promise<Dataset> {
  const { days, rowsPerDay, devices } = SCALES[scale];
  return openDataset(bench, { days, rowsPerDay, devices, archived: true });
}

/** Three large partitions, as large as those of 100 million rows in 90 days at any scale but `small`. */
export async function openPartitions(bench: Bench): Promise<Dataset> {
  const { partitionRows, devices } = bench.scale;
  return openDataset(bench, { days: 3, rowsPerDay: partitionRows, devices: devices * 2, archived: true });
}

/** A copy of a data set to change at will, its archive left out unless it is wanted; gone when the benchmark ends. */
export function copyDataset(bench: Bench, dataset: Dataset, { archived = false } = {}): Dataset {
  const folder = bench.emptyFolder('copy');
  const db = openTelemetryWriter(dataset.folder);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  copyFileSync(telemetryDatabasePath(dataset.folder), telemetryDatabasePath(folder));
  if (archived) {
    cpSync(join(dataset.folder, ARCHIVE_FOLDER), join(folder, ARCHIVE_FOLDER), { recursive: true });
  } else {
    const copy = openTelemetryWriter(folder);
    copy.exec('UPDATE partitions SET archive_revision = NULL');
    copy.close();
  }
  return { ...dataset, folder, archived };
}
