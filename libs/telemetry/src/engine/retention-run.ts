import { removeArchivesWithout } from '../columnar/remove-archives.js';
import { dayOf, formatDay, HOUR_MS } from '../storage/days.js';
import { findLastTrueBucket, type PartitionRow } from '../storage/partitions.js';
import type { ScanThread } from '../scan/scan-thread.js';
import type { BucketDayRow } from '../writer/maintenance.js';
import type { WriterThread } from '../writer/writer-thread.js';
import type { ClockWatch } from './clock-watch.js';
import type { EngineOptions, RetentionReport } from './types.js';

/** Partitions one run drops at most: a clock that is wrong must not cost everything at once. */
const DROPS_PER_RUN = 3;
/** After a start far from the newest partition, the clock is believed after this long. */
const STEADY_AFTER_START_MS = HOUR_MS;

/** Drops partitions older than the raw days, when nothing is left that needs them. Safe to run at any time. */
export async function runRetention(parts: {
  options: EngineOptions;
  writer: WriterThread;
  scan: ScanThread;
  clock: ClockWatch;
}): Promise<RetentionReport> {
  const { options, writer, scan, clock } = parts;
  const report: RetentionReport = { dropped: [], held: [] };
  await writer.call('flush');
  const today = dayOf(options.now());
  const doubt = whyClockIsDoubted(clock, today, (await writer.call('listPartitions')).at(-1)?.day);
  if (doubt === undefined) await writer.call('turnPartition');
  const partitions = await writer.call('listPartitions');
  const bucketDays = await writer.call('listBucketDays');
  const expired = partitions.filter(({ day }) => day < today - options.rawDays);
  for (const partition of expired) {
    const day = formatDay(partition.day);
    const why = doubt ?? whyStillNeeded(partition, partitions, bucketDays, options);
    if (why !== undefined || report.dropped.length >= DROPS_PER_RUN) {
      report.held.push({ day, why: why ?? `one run drops at most ${DROPS_PER_RUN} partitions` });
      continue;
    }
    // Its pages come into memory here, so that the writer does not wait for the disk.
    await scan.run('warm', { day: partition.day });
    const { dropped } = await writer.call('dropPartition', { day: partition.day });
    if (!dropped) continue;
    report.dropped.push(day);
  }
  if (doubt === undefined) {
    const kept = (await writer.call('listPartitions')).map(({ day }) => day);
    await removeArchivesWithout(options.dataDir, kept, today - options.rawDays);
    while ((await writer.call('purge', { today, rawDays: options.rawDays })).removed > 0);
  }
  return report;
}

function whyClockIsDoubted(clock: ClockWatch, today: number, newest: number | undefined): string | undefined {
  if (clock.doubtedJumpMs !== 0) {
    return 'the clock has jumped; it is believed after a day';
  }
  if (newest !== undefined && Math.abs(today - newest) > 2 && clock.steadyForMs() < STEADY_AFTER_START_MS) {
    return 'the clock is days away from the newest partition; it is believed after an hour';
  }
  return undefined;
}

function whyStillNeeded(
  partition: PartitionRow,
  partitions: readonly PartitionRow[],
  bucketDays: readonly BucketDayRow[],
  options: EngineOptions,
): string | undefined {
  if (partition === partitions.at(-1)) return 'it is the newest partition';
  const first = partition.first_bucket;
  const last = findLastTrueBucket(partition, partitions);
  if (options.exportAggregates && first !== null && last !== undefined) {
    const waiting = bucketDays.find(
      ({ day, version, exported_version: exported }) => day >= first && day <= last && version !== exported,
    );
    if (waiting) return `the aggregates of ${formatDay(waiting.day)} are not exported yet`;
  }
  // Its raw copy is nothing to wait for: that one goes in the same time, and by now none would be made.
  return undefined;
}
