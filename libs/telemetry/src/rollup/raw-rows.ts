import type { RawConnection } from '@mosis/sqlite/connection';
import { eventsTable } from '../storage/day-tables.js';
import { dayOf } from '../storage/days.js';
import { EventKind } from './event-kinds.js';
import type { CountedEvent, RollupTally } from './tally.js';

/** What reading raw rows needs to know of the dictionaries. */
export interface RowReading {
  kindOf(type: number): EventKind;
  /** The group a crash was counted in. */
  findCrashGroup(app: number, kind: 'app_crash' | 'lua_error', data: string | null): number | undefined;
}

/** Which rows to read. */
export interface RowFilter {
  app?: number;
  device?: number;
  /** Only rows that count in this bucket day. */
  bucketDay?: number;
  /** At most so many. */
  limit?: number;
}

/** Row ids one statement visits, so that none keeps the WAL from being reset for long. */
export const ROWS_PER_STATEMENT = 100_000;

type Row = [
  id: number,
  app: number,
  device: number,
  session: number,
  timeMs: number,
  type: number,
  context: number,
  data: string | null,
];

/**
 * Adds the raw rows of a partition with ids in (`after`, `upTo`] to a tally, exactly as they were counted when they came.
 * Answers their ids when asked to.
 */
export function tallyRawRows(
  db: RawConnection,
  partition: number,
  range: { after: number; upTo: number },
  filter: RowFilter,
  reading: RowReading,
  tally: RollupTally,
  ids?: number[],
): void {
  const conditions = ['id > ?', 'id <= ?'];
  const values: number[] = [];
  if (filter.app !== undefined) {
    conditions.push('app = ?');
    values.push(filter.app);
  }
  if (filter.device !== undefined) {
    conditions.push('device = ?');
    values.push(filter.device);
  }
  if (filter.bucketDay !== undefined) {
    conditions.push('time_ms >= ? AND time_ms < ?');
    values.push(filter.bucketDay * 86_400_000, (filter.bucketDay + 1) * 86_400_000);
  }
  const statement = db
    .prepare(
      `SELECT id, app, device, session, time_ms, type, context,
         CASE WHEN data IS NOT NULL AND type IN (SELECT word FROM words WHERE kind = 'type' AND value IN ('app_crash', 'lua_error'))
           THEN data END
       FROM ${eventsTable(partition)} WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ?`,
    )
    .raw();
  let left = filter.limit ?? Number.MAX_SAFE_INTEGER;
  for (let after = range.after; after < range.upTo && left > 0; after += ROWS_PER_STATEMENT) {
    const upTo = Math.min(after + ROWS_PER_STATEMENT, range.upTo);
    const rows = statement.iterate(after, upTo, ...values, left) as IterableIterator<Row>;
    left -= tallyRows(rows, partition, reading, tally, ids);
  }
}

function tallyRows(
  rows: Iterable<Row>,
  partition: number,
  reading: RowReading,
  tally: RollupTally,
  ids: number[] | undefined,
): number {
  let run: { app: number; device: number; session: number; context: number; events: CountedEvent[] } | undefined;
  let count = 0;
  let lastId = 0;
  let firstBucket = Number.POSITIVE_INFINITY;
  let lastBucket = Number.NEGATIVE_INFINITY;
  for (const [id, app, device, session, timeMs, type, context, data] of rows) {
    // Rows of one batch lie side by side: counting them together is much cheaper.
    if (!run || run.session !== session || run.context !== context || run.device !== device || run.app !== app) {
      if (run) tally.add(run.app, run.device, run.session, run.context, run.events);
      run = { app, device, session, context, events: [] };
    }
    const kind = reading.kindOf(type);
    const grouped = kind === EventKind.crash || kind === EventKind.error;
    run.events.push({
      timeMs,
      type,
      kind,
      crashGroup: grouped
        ? reading.findCrashGroup(app, kind === EventKind.crash ? 'app_crash' : 'lua_error', data)
        : undefined,
    });
    ids?.push(id);
    count += 1;
    lastId = id;
    const bucket = dayOf(timeMs);
    if (bucket < firstBucket) firstBucket = bucket;
    if (bucket > lastBucket) lastBucket = bucket;
  }
  if (!run) return 0;
  tally.add(run.app, run.device, run.session, run.context, run.events);
  tally.addRows(partition, lastId, count, firstBucket, lastBucket);
  return count;
}
