import type { DuckDBValue } from '@duckdb/node-api';
import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import { findApp } from '../queries/dictionary.js';
import type { TimeRange } from '../queries/types.js';
import { DAY_MS, dayOf, formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import { archiveColumns, ROW_GROUP_ROWS } from './archive-partition.js';
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
  asked: Asked,
  nowMs: number,
  bound: Bound,
): Promise<string | undefined> {
  const found = await find(session, deps, asked, nowMs);
  if (found === undefined) return undefined;
  const { archived, staged } = found;
  const whole = await deps.times.within(session, archived, asked.range);
  const wholly = found.ofApp({ archived: archived.filter(({ day }) => whole.has(day)), staged: [] }, bound);
  const partly = found.ofApp({ archived: archived.filter(({ day }) => !whole.has(day)), staged }, bound);
  const parts = [
    ...(wholly === undefined ? [] : [`SELECT * FROM (${wholly})`]),
    ...(partly === undefined ? [] : [`SELECT * FROM (${partly}) e WHERE ${inRange(asked.range, bound)}`]),
  ];
  if (parts.length === 0) return undefined;
  const events = parts.join('\nUNION ALL BY NAME\n');
  if (asked.includeBots || !(await fillBotDays(session, deps.db, found.app, asked.range))) return `(${events})`;
  return `(SELECT * FROM (${events}) e WHERE NOT EXISTS (SELECT 1 FROM bot_days b
    WHERE b.device = e.device AND b.day = epoch_ms(e.time) // ${DAY_MS}))`;
}

/** A subquery and the values it is to be run with; undefined for no rows. */
export interface Part {
  bound: Bound;
  events: string | undefined;
}

/** The events of a question in parts, bots' among them. */
export interface EventsByOrder {
  /** Some days after the other: what Parquet copies hold of the day itself, sorted by time and id within each row group. */
  inOrder: Part[];
  /** What came on a later day than it happened on, and what no copy has. */
  others: Part;
  /** By bucket day, the devices whose events do not count. */
  bots: ReadonlyMap<number, ReadonlySet<number>>;
}

/** Rows of the app that one part reads at most, roughly: those of two such parts are in memory at once. */
export const ROWS_PER_PART = 4_000_000;
/** Of the first part. Each has twice as many, since what follows from the first ones lets much of the later ones be left out. */
const ROWS_OF_FIRST_PART = 250_000;

/**
 * The same events in parts, of one state of the partitions, for whoever needs them by time: most lie in that order, and a
 * statement that only filters them, without any join, answers them so.
 *
 * @throws QueryError `invalid-range`
 */
export async function askedByOrder(
  session: Session,
  deps: RawDeps,
  asked: Asked,
  nowMs: number,
): Promise<EventsByOrder> {
  const others: Part = { bound: new Bound(), events: undefined };
  const found = await find(session, deps, asked, nowMs);
  if (found === undefined) return { inOrder: [], others, bots: new Map() };
  const rows = ({ bound }: Part, partitions: ReadablePartitions, ...conditions: string[]): string[] => {
    const events = found.ofApp(partitions, bound);
    return events === undefined ? [] : [`SELECT * FROM (${events}) e WHERE ${conditions.join(' AND ')}`];
  };
  const lastDay = dayOf(asked.range.toMs - 1);
  const copies = found.archived.filter(({ day }) => day <= lastDay);
  const inOrder = inParts(copies, found.received).map((archived) => {
    const part: Part = { bound: new Bound(), events: undefined };
    // What is asked of each row is half of what the statement takes.
    const isCut = archived.some(
      ({ day }) => day * DAY_MS < asked.range.fromMs || (day + 1) * DAY_MS > asked.range.toMs,
    );
    const cut = isCut ? [inRange(asked.range, part.bound)] : [];
    part.events = union(rows(part, { archived, staged: [] }, 'e.time >= e.received', ...cut));
    return part;
  });
  // Of a copy with more than a row group of the app, a constant lets DuckDB leave out those with nothing from before its day;
  // of the others all is read, and many files in one statement take less than a statement for each.
  const inAll = inRange(asked.range, others.bound);
  const isLarge = ({ day }: { day: number }): boolean => (found.received.get(day) ?? 0) > ROW_GROUP_ROWS;
  const [large, small] = [found.archived.filter(isLarge), found.archived.filter((copy) => !isLarge(copy))];
  const late = [
    ...large.flatMap((copy) =>
      rows(others, { archived: [copy], staged: [] }, `e.time < TIMESTAMP ${literal(formatDay(copy.day))}`, inAll),
    ),
    ...rows(others, { archived: small, staged: [] }, 'e.time < e.received', inAll),
  ];
  others.events = union([...late, ...rows(others, { archived: [], staged: found.staged }, inAll)]);
  const botDays = asked.includeBots ? new Map<number, Uint32Array>() : readBotDays(deps.db, found.app, asked.range);
  return { inOrder, others, bots: new Map([...botDays].map(([day, devices]) => [day, new Set(devices)])) };
}

function union(parts: string[]): string | undefined {
  return parts.length === 0 ? undefined : `(${parts.join('\nUNION ALL BY NAME\n')})`;
}

/** What an ad-hoc question is about. */
interface Found extends ReadablePartitions {
  app: number;
  /** By day of receipt, how many events of the app came; an erasure took some of them since. */
  received: ReadonlyMap<number, number>;
  /** The app's rows of some partitions. */
  ofApp: (partitions: ReadablePartitions, bound: Bound) => string | undefined;
}

async function find(
  session: Session,
  deps: RawDeps,
  { packageId, range }: Asked,
  nowMs: number,
): Promise<Found | undefined> {
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
  return {
    app,
    received: readReceipts(deps.db, app),
    ...partitions,
    ofApp: (some, bound) =>
      unionOf(deps.dataDir, some, {
        // A value that no part of the statement names may not be bound.
        parquet: () => `package_id = ${bound.add(stored)}::VARCHAR`,
        staged: () => `s.app = ${app}`,
      }),
  };
}

function readReceipts(db: RawConnection, app: number): Map<number, number> {
  const rows = db.prepare('SELECT day, accepted FROM receipts WHERE app = ?').all(app) as {
    day: number;
    accepted: number;
  }[];
  return new Map(rows.map(({ day, accepted }) => [day, accepted]));
}

function inRange({ fromMs, toMs }: TimeRange, bound: Bound): string {
  return `e.time >= make_timestamp_ms(${bound.add(BigInt(fromMs))}::BIGINT)
    AND e.time < make_timestamp_ms(${bound.add(BigInt(toMs))}::BIGINT)`;
}

/** Copies in groups, each of twice as many of the app's rows as the one before it, up to `ROWS_PER_PART`. */
function inParts(
  copies: ReadablePartitions['archived'],
  received: ReadonlyMap<number, number>,
): ReadablePartitions['archived'][] {
  const parts: ReadablePartitions['archived'][] = [];
  let rows = 0;
  let most = 0;
  for (const copy of copies) {
    const rowsOfCopy = received.get(copy.day) ?? 0;
    if (parts.length === 0 || rows + rowsOfCopy > most) {
      most = Math.min(most === 0 ? ROWS_OF_FIRST_PART : 2 * most, ROWS_PER_PART);
      parts.push([]);
      rows = 0;
    }
    rows += rowsOfCopy;
    parts.at(-1)?.push(copy);
  }
  return parts;
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

/** The ordinals of the devices that were bots, by bucket day. */
function readBotDays(db: RawConnection, app: number, range: TimeRange): Map<number, Uint32Array> {
  const rows = db
    .prepare('SELECT day, devices FROM bot_days WHERE app = ? AND day BETWEEN ? AND ?')
    .all(app, dayOf(range.fromMs), dayOf(range.toMs - 1)) as { day: number; devices: Buffer }[];
  return new Map(rows.map(({ day, devices }) => [day, using(readBitmap(devices), (set) => set.toUint32Array())]));
}

/** Fills the temporary table `bot_days` with (day, device) of one app's bots; false when there are none in the range. */
async function fillBotDays(session: Session, db: RawConnection, app: number, range: TimeRange): Promise<boolean> {
  const botDays = readBotDays(db, app, range);
  if (botDays.size === 0) return false;
  await session.run('CREATE OR REPLACE TEMP TABLE bot_days (day BIGINT, device UINTEGER)');
  const appender = await session.connection.createAppender('bot_days', null, 'temp');
  try {
    for (const [day, devices] of botDays) {
      for (const device of devices) {
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
