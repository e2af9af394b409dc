import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore } from '@mosis/object-store';
import { openReader } from '@mosis/sqlite/connection';
import { formatDay, TelemetryEngine, telemetryDatabasePath } from '@mosis/telemetry';
import { plural } from '../../common/format.js';
import type { RowCounts } from './drill.types.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Days that are counted anew unless all are asked for: the newest, which may have been written to when the copy was made. */
const RECOUNTED_DAYS = 3;

/** Holds the raw rows of a restored telemetry.db, by table, against what was received and rolled up. */
export function checkRawRows(dataDir: string, counts: RowCounts): { rows: number; failures: string[] } {
  const db = openReader(telemetryDatabasePath(dataDir));
  const failures: string[] = [];
  try {
    const partitions = db
      .prepare('SELECT day, rolled_up_to AS rolledUpTo, row_count AS rowCount FROM partitions ORDER BY day')
      .all() as { day: number; rolledUpTo: number; rowCount: number }[];
    let rows = 0;
    for (const { day, rolledUpTo, rowCount } of partitions) {
      const table = `events_${formatDay(day).replaceAll('-', '')}`;
      const all = counts[table] ?? 0;
      // What is not rolled up yet is little.
      const counted =
        all - (db.prepare(`SELECT count(*) FROM ${table} WHERE id > ?`).pluck().get(rolledUpTo) as number);
      rows += all;
      if (counted !== rowCount)
        failures.push(`telemetry.db: ${formatDay(day)} has ${counted} counted events, and ${rowCount} are recorded.`);
    }
    const since = partitions[0]?.day;
    if (since === undefined) return { rows, failures };
    const accepted = sum(db.prepare('SELECT sum(accepted) FROM receipts WHERE day >= ?').pluck().get(since));
    const erased = sum(db.prepare('SELECT sum(rows_erased) FROM erasures').pluck().get());
    if (rows > accepted || rows + erased < accepted)
      failures.push(
        `telemetry.db: ${accepted} events were acknowledged since ${formatDay(since)} and ${erased} erased, but ${rows} came back.`,
      );
    return { rows, failures };
  } finally {
    db.close();
  }
}

/** Counts days of a restored telemetry.db anew with an engine of its own and compares them with the roll-ups. */
export async function recountRollups(
  dataDir: string,
  { all, nowMs }: { all: boolean; nowMs: number },
): Promise<{ days: number; failures: string[] }> {
  const objects = createObjectStore({ url: pathToFileURL(join(dataDir, 'no-objects')).href });
  const nothing = () => undefined;
  const engine = await TelemetryEngine.open({
    dataDir,
    objects,
    rawDays: 3_650,
    exportAggregates: false,
    exportRaw: false,
    // Verdicts are compared as they were given: nobody sends anything here.
    bots: { eventsPerDay: 1e9, interactionsPerDay: 1e9, activeHours: 25 },
    limits: { eventsPerAppDay: 1, newDevicesPerAppDay: 1, waitingBytes: 1, waitingBytesPerApp: 1 },
    minFreeBytes: 0,
    gatherMs: 0,
    analyticsMemoryMb: 128,
    now: Date.now,
    log: { info: nothing, warn: nothing, error: nothing },
  });
  try {
    const from = all ? undefined : formatDay(Math.floor(nowMs / DAY_MS) - RECOUNTED_DAYS + 1);
    const report = await engine.runAudit({ repair: false, ...(from === undefined ? {} : { from }) });
    const failures =
      report.differences === 0
        ? []
        : [
            `telemetry.db: ${plural(report.differences, 'count differs', 'counts differ')} from the events, such as ${report.examples[0] ?? ''}.`,
          ];
    return { days: report.days.length, failures };
  } finally {
    await engine.close();
    await objects.close();
  }
}

function sum(value: unknown): number {
  return Number(value ?? 0);
}
