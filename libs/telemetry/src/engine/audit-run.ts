import type { DayAudit } from '../rollup/audit.js';
import { differenceAt, sliceDifferences } from '../rollup/day-cells.js';
import type { CopiesOfDay, CountedCopies, DayCounts } from '../rollup/day-counts.js';
import type { RollupDifference } from '../rollup/differences.js';
import type { DeviceDayKey } from '../rollup/rollup-store.js';
import type { ScanThread } from '../scan/scan-thread.js';
import { formatDay } from '../storage/days.js';
import type { WriterThread } from '../writer/writer-thread.js';
import type { AuditReport } from './types.js';

/** A day that changes while it is counted is counted again this often. */
const ATTEMPTS = 3;
const EXAMPLES = 20;
/** Differences put right in one transaction. */
const DIFFERENCES_PER_REPAIR = 5_000;

/** What an audit works with. */
export interface AuditParts {
  writer: WriterThread;
  scan: ScanThread;
  /** Counts days from the Parquet copies of their partitions, which is several times faster than from raw rows. */
  copies?: {
    /** Rows in copies from which on it is worth the start of a process. */
    fromRows: number;
    /** Whether the copy of a partition is there at all; a restored file may have come without. */
    has: (partition: number) => boolean;
    count: (day: CopiesOfDay) => Promise<DayCounts>;
    /** Told why a day is counted from raw rows although there were copies. */
    onFailure: (day: number, error: unknown) => void;
  };
  alone: <Result>(work: () => Promise<Result>) => Promise<Result>;
  today: number;
  applyVerdict: (key: DeviceDayKey, bot: boolean) => Promise<void>;
}

/**
 * Counts bucket days again, from verified copies of partitions or from raw rows, and compares with the roll-ups; days that
 * are not wholly covered any more are left alone. With `repair`, differences are put right and verdicts follow the thresholds of now.
 * A day that cannot be counted does not keep those after it from being; which ones these are is thrown at the end.
 */
export async function runAudit(
  parts: AuditParts,
  range: { from?: number; to?: number; repair: boolean; onProgress: (day: number) => void },
): Promise<AuditReport> {
  const startedMs = performance.now();
  const report: AuditReport = { days: [], differences: 0, uncovered: 0, undecided: [], durationMs: 0, examples: [] };
  const flushed = await flush(parts);
  const days = await parts.writer.call('listBucketDays');
  const inRange = days
    .map(({ day }) => day)
    .filter((day) => day >= (range.from ?? Number.NEGATIVE_INFINITY) && day <= (range.to ?? Number.POSITIVE_INFINITY));
  const through = inRange.at(-1) ?? 0;
  const failed: { day: string; error: Error }[] = [];
  for (const day of inRange) {
    const audit = await parts
      .alone(async () => auditAndRepair(parts, day, through, { repair: range.repair, judge: range.repair && flushed }))
      .catch((error: Error) => error);
    range.onProgress(day);
    if (audit instanceof Error) {
      failed.push({ day: formatDay(day), error: audit });
      continue;
    }
    if (!audit.covered) report.uncovered += 1;
    else if (!audit.conclusive) report.undecided.push(formatDay(day));
    if (!audit.conclusive) continue;
    const differences = countDifferences(audit);
    report.differences += differences;
    report.days.push({
      day: formatDay(day),
      cells: audit.cells,
      differences,
      repaired: range.repair && differences > 0,
    });
    describe(audit, report.examples);
  }
  if (!flushed && range.repair) await parts.writer.call('flush');
  const [first] = failed;
  if (first) {
    const days = failed.map(({ day }) => day).join(', ');
    throw new Error(`Cannot be counted again: ${days}: ${first.error.message}`, { cause: first.error });
  }
  report.durationMs = Math.round(performance.now() - startedMs);
  return report;
}

/** Roll-ups can be so damaged that nothing can be added to them: then what is rolled up already is audited, and mended. */
async function flush({ writer }: AuditParts): Promise<boolean> {
  try {
    await writer.call('flush');
    return true;
  } catch {
    return false;
  }
}

async function auditAndRepair(
  parts: AuditParts,
  day: number,
  through: number,
  { repair, judge }: { repair: boolean; judge: boolean },
): Promise<DayAudit> {
  const counted = await countCopies(parts, day, through);
  let audit = await parts.scan.run('auditDay', { day, counted });
  for (let attempt = 1; attempt < ATTEMPTS && audit.covered && !audit.conclusive; attempt += 1) {
    // Raw rows tell what copies that are no longer those of now cannot.
    audit = await parts.scan.run('auditDay', { day });
  }
  if (!audit.conclusive) return audit;
  if (repair) {
    for (let from = 0; from < audit.counts.n.length; from += DIFFERENCES_PER_REPAIR) {
      const counts = sliceDifferences(audit.counts, from, from + DIFFERENCES_PER_REPAIR);
      await parts.writer.call('repair', { day, counts });
    }
    for (const repairs of inPieces(audit.apps)) await parts.writer.call('repair', { day, repairs });
  }
  if (judge) {
    for (const { app, device, bot } of audit.verdicts) await parts.applyVerdict({ app, day, device }, bot);
  }
  return audit;
}

/** What the copies of a bucket day's partitions say; undefined when it has to be counted from raw rows. */
async function countCopies(
  { scan, copies }: AuditParts,
  day: number,
  through: number,
): Promise<CountedCopies | undefined> {
  if (!copies) return undefined;
  const plan = await scan.run('planRecount', { day });
  const present = plan.copies.filter((copy) => copies.has(copy.day));
  const rows = present.reduce((sum, copy) => sum + copy.rows, 0);
  if (present.length === 0 || rows < copies.fromRows) return undefined;
  try {
    const asked = { ...plan, copies: present, through };
    return { ...asked, counts: await copies.count(asked) };
  } catch (error) {
    copies.onFailure(day, error);
    return undefined;
  }
}

function countDifferences({ sessionProblems, counts, apps }: DayAudit): number {
  return apps.reduce((sum, { differences }) => sum + differences.length, sessionProblems.length + counts.n.length);
}

/** Differences in pieces that uploads do not wait long for: most apps have few, and the largest very many. */
function* inPieces(apps: DayAudit['apps']): Generator<DayAudit['apps']> {
  let piece: DayAudit['apps'] = [];
  let left = DIFFERENCES_PER_REPAIR;
  for (const { app, differences } of apps) {
    for (let from = 0; from < differences.length;) {
      const some = differences.slice(from, from + left);
      piece.push({ app, differences: some });
      from += some.length;
      left -= some.length;
      if (left > 0) continue;
      yield piece;
      piece = [];
      left = DIFFERENCES_PER_REPAIR;
    }
  }
  if (piece.length > 0) yield piece;
}

function describe(audit: DayAudit, examples: string[]): void {
  examples.push(...audit.sessionProblems.slice(0, Math.max(0, EXAMPLES - examples.length)));
  // There can be hundreds of thousands, and this runs in the thread that answers requests.
  for (let index = 0; index < audit.counts.n.length && examples.length < EXAMPLES; index += 1) {
    const { app, hour, ...rest } = differenceAt(audit.counts, index);
    const what = hour === undefined ? 'day_counts' : 'hour_counts';
    examples.push(`${formatDay(audit.day)} app ${app}: ${what} ${JSON.stringify({ hour, ...rest })}`);
  }
  for (const { app, differences } of audit.apps) {
    for (const difference of differences.slice(0, Math.max(0, EXAMPLES - examples.length))) {
      examples.push(`${formatDay(audit.day)} app ${app}: ${describeDifference(difference)}`);
    }
  }
}

function describeDifference(difference: RollupDifference): string {
  const { table, ...rest } = difference;
  return `${table} ${JSON.stringify(rest)}`;
}
