import { openReader } from '@mosis/sqlite/connection';
import type { RowCounts } from './drill.types.js';

/** Their rows come and go within minutes, so that two counts say little about one between them. */
const PASSING = new Set([
  'jobs',
  'pending_objects',
  'idempotency_keys',
  'sessions',
  'one_time_tokens',
  'backup_drills',
]);
const PASSING_SLACK = 1_000;

/** Counts the rows of every table, or of some, each in a read of its own: one long read would hold the WAL. */
export function countRows(file: string, only?: ReadonlySet<string>): RowCounts {
  const db = openReader(file);
  try {
    const tables = db
      .prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT GLOB 'sqlite_*'",
      )
      .pluck()
      .all() as string[];
    const counts: RowCounts = {};
    for (const table of tables.sort().filter((name) => only?.has(name) ?? true))
      counts[table] = db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number;
    return counts;
  } finally {
    db.close();
  }
}

/**
 * Compares what came back with the live tables, counted before the marker was written and, where that is another number,
 * again after the restore. A table that did not change has to have just as many rows; one that did, a number between the two.
 *
 * @param recount counts the live rows of some tables
 */
export function compareCounts(
  file: string,
  restored: RowCounts,
  before: RowCounts,
  recount: (tables: ReadonlySet<string>) => RowCounts,
): string[] {
  const failures: string[] = [];
  const others = Object.entries(before).filter(([table, first]) => restored[table] !== first);
  if (others.length === 0) return failures;
  const after = recount(new Set(others.map(([table]) => table)));
  for (const [table, first] of others) {
    const last = after[table];
    // Dropped meanwhile, as the partitions of telemetry are.
    if (last === undefined) continue;
    const found = restored[table];
    const [low, high] = [Math.min(first, last), Math.max(first, last)];
    if (found === undefined) failures.push(`${file}: the table ${table} did not come back.`);
    else if (found < low || found > high) {
      const slack = PASSING.has(table) ? PASSING_SLACK : 0;
      if (found >= low - slack && found <= high + slack) continue;
      const had = low === high ? `${low}` : `${low} to ${high}`;
      failures.push(`${file}: the table ${table} came back with ${found} rows, and the database has ${had}.`);
    }
  }
  return failures;
}
