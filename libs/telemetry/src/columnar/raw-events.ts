import type { DuckDBValue } from '@duckdb/node-api';
import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import { findApp } from '../queries/dictionary.js';
import type { TimeRange } from '../queries/types.js';
import { DAY_MS, dayOf, formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import { archiveColumns } from './archive-partition.js';
import type { ArchiveTimes } from './archive-times.js';
import { literal, type Session } from './duck.js';
import { checkRange } from './questions.js';
import { stagedTable, type ReadablePartitions, type StagedPartitions } from './staged-partitions.js';

/** A partition holds events up to this many days older than itself: those of seven days, and of a clock in doubt. */
export const LATEST_DAYS = 8;

/** Values bound to a statement; `add` answers the place that stands for one. */
export class Bound {
  readonly values: DuckDBValue[] = [];

  add(value: DuckDBValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export interface RawDeps {
  db: RawConnection;
  dataDir: string;
  staged: StagedPartitions;
  times: ArchiveTimes;
}

/** What the parts of an ad-hoc question share. */
interface Asked {
  packageId: string;
  range: TimeRange;
  includeBots: boolean;
}

/**
 * The events an ad-hoc question is about, as a subquery with the columns of the archive and `received`: one app's, in a
 * range of event time, without what bots did unless that was asked for. Undefined when there can be none.
 *
 * @throws QueryError `invalid-range`
 */
export async function askedEvents(
  session: Session,
  deps: RawDeps,
  { packageId, range, includeBots }: Asked,
  nowMs: number,
  bound: Bound,
): Promise<string | undefined> {
  checkRange(range);
  const app = findApp(deps.db, packageId);
  if (app === undefined) return undefined;
  const stored = deps.db.prepare('SELECT package_id FROM apps WHERE app = ?').pluck().get(app) as string;
  const partitions = await deps.staged.prepare(
    session,
    dayOf(range.fromMs),
    dayOf(range.toMs - 1) + LATEST_DAYS,
    nowMs,
  );
  const inRange = (): string => `e.time >= make_timestamp_ms(${bound.add(BigInt(range.fromMs))}::BIGINT)
    AND e.time < make_timestamp_ms(${bound.add(BigInt(range.toMs))}::BIGINT)`;
  const ofApp = (archived: ReadablePartitions['archived'], staged: number[]): string | undefined =>
    unionOf(
      deps.dataDir,
      { archived, staged },
      {
        // A value that no part of the statement names may not be bound.
        parquet: () => `package_id = ${bound.add(stored)}::VARCHAR`,
        staged: () => `s.app = ${app}`,
      },
    );
  const whole = await deps.times.within(session, partitions.archived, range);
  const wholly = ofApp(
    partitions.archived.filter(({ day }) => whole.has(day)),
    [],
  );
  const partly = ofApp(
    partitions.archived.filter(({ day }) => !whole.has(day)),
    partitions.staged,
  );
  const parts = [
    ...(wholly === undefined ? [] : [`SELECT * FROM (${wholly})`]),
    ...(partly === undefined ? [] : [`SELECT * FROM (${partly}) e WHERE ${inRange()}`]),
  ];
  if (parts.length === 0) return undefined;
  const events = parts.join('\nUNION ALL BY NAME\n');
  if (includeBots || !(await fillBotDays(session, deps.db, app, range))) return `(${events})`;
  return `(SELECT * FROM (${events}) e WHERE NOT EXISTS (SELECT 1 FROM bot_days b
    WHERE b.device = e.device AND b.day = epoch_ms(e.time) // ${DAY_MS}))`;
}

/**
 * All rows of the partitions, with the columns of the archive and `received`, the day of receipt. The conditions see the
 * archive's columns, and those of a raw table. Undefined for no partitions.
 */
export function unionOf(
  dataDir: string,
  { archived, staged }: ReadablePartitions,
  where = { parquet: (): string => 'true', staged: (): string => 'true' },
): string | undefined {
  const parts = staged.map(
    (day) => `SELECT ${archiveColumns()}, DATE ${literal(formatDay(day))} AS received
      FROM (SELECT a.package_id, s.* FROM ${stagedTable(day)} s LEFT JOIN apps a ON a.app = s.app WHERE ${where.staged()}) r
      LEFT JOIN types t ON t.type = r.type LEFT JOIN contexts c ON c.context = r.context`,
  );
  if (archived.length > 0) {
    const paths = archived.map(({ day }) => literal(archivePath(dataDir, formatDay(day))));
    parts.unshift(`SELECT * REPLACE (received::DATE AS received)
      FROM read_parquet([${paths.join(', ')}], hive_partitioning = true) WHERE ${where.parquet()}`);
  }
  return parts.length === 0 ? undefined : parts.join('\nUNION ALL BY NAME\n');
}

/** Fills the temporary table `bot_days` with (day, device) of one app's bots; false when there are none in the range. */
async function fillBotDays(session: Session, db: RawConnection, app: number, range: TimeRange): Promise<boolean> {
  const rows = db
    .prepare('SELECT day, devices FROM bot_days WHERE app = ? AND day BETWEEN ? AND ?')
    .all(app, dayOf(range.fromMs), dayOf(range.toMs - 1)) as { day: number; devices: Buffer }[];
  if (rows.length === 0) return false;
  await session.run('CREATE OR REPLACE TEMP TABLE bot_days (day BIGINT, device UINTEGER)');
  const appender = await session.connection.createAppender('bot_days', null, 'temp');
  try {
    for (const { day, devices } of rows) {
      for (const device of using(readBitmap(devices), (set) => set.toArray())) {
        appender.appendBigInt(BigInt(day));
        appender.appendUInteger(device);
        appender.endRow();
      }
    }
  } finally {
    appender.closeSync();
  }
  return true;
}
