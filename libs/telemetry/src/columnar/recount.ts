import type { BotDevices, CopiesOfDay, DayCounts } from '../rollup/day-counts.js';
import { DAY_MS, HOUR_MS } from '../storage/days.js';
import { copyRows, countedTable, type CountedPartitions } from './counted-partitions.js';
import { ROLLED_UP } from './dictionary-keys.js';
import type { Session } from './duck.js';
import { VerificationError } from './errors.js';

const HOURS_PER_DAY = 24;
const UNKNOWN = 'A copy holds what no dictionary of telemetry.db knows.';
const EVENTS = ['app', 'hour', 'type', ...ROLLED_UP, 'bot', 'n'] as const;
const RUNS = ['app', 'device', 'context', 'hour', 'events', 'interactions', 'crashed'] as const;
const LARGE = ['session', 'firstMs'] as const;
const CRASHES = ['app', 'device', 'context', 'isError', 'n'] as const;

/**
 * Counts one bucket day again from the copies that hold some of it, of which there is at least one.
 *
 * @throws VerificationError when a copy is not what was recorded of it
 */
export async function recount(session: Session, counted: CountedPartitions, asked: CopiesOfDay): Promise<DayCounts> {
  await counted.prepare(session, asked);
  const { day, copies, bots } = asked;
  const partitions = copies.map((copy) => copy.day);
  const hours = `BETWEEN ${day * HOURS_PER_DAY} AND ${day * HOURS_PER_DAY + HOURS_PER_DAY - 1}`;
  const from = (kind: 'runs' | 'events' | 'crashes', where: string): string =>
    partitions.map((partition) => `SELECT * FROM ${countedTable(kind, partition)} WHERE ${where}`).join(' UNION ALL ');
  const hour = `(hour - ${day * HOURS_PER_DAY})::INTEGER AS hour`;
  const events = (rows: string, bot: 0 | 1): string =>
    `SELECT w.app, ${hour}, t.type, ${ROLLED_UP.join(', ')}, ${bot} AS bot, n FROM (${rows}) e
     LEFT JOIN words_keys w ON w.key = e.words_key LEFT JOIN type_keys t ON t.app = w.app AND t.key = e.type_key`;

  const everybody = events(from('events', `hour ${hours}`), 0);
  const ofBots = await botEvents(session, counted, partitions, day, bots);
  const all = await columnsOf(
    session,
    [...EVENTS],
    [],
    ofBots === undefined ? everybody : `${everybody} UNION ALL ${events(ofBots, 1)}`,
  );
  const runs = await columnsOf(
    session,
    [...RUNS],
    [...LARGE],
    `SELECT k.app, r.device, k.context, ${hour}, r.events, r.interactions, r.crashed, r.session, r.first_ms AS firstMs
     FROM (${from('runs', `hour ${hours}`)}) r LEFT JOIN context_keys k ON k.key = r.context_key`,
  );
  const crashes = await columnsOf(
    session,
    [...CRASHES],
    [],
    `SELECT k.app, c.device, k.context, c.is_error AS isError, c.n, c.data
     FROM (${from('crashes', `day = ${day}`)}) c LEFT JOIN context_keys k ON k.key = c.context_key`,
    'data',
  );
  return { events: all.numbers, runs: runs.numbers, crashes: { ...crashes.numbers, data: crashes.texts } };
}

/** What bots did in the copies on a bucket day: few devices, whose rows are looked for once more. */
async function botEvents(
  session: Session,
  counted: CountedPartitions,
  partitions: readonly number[],
  day: number,
  bots: BotDevices,
): Promise<string | undefined> {
  if (bots.app.length === 0 || partitions.length === 0) return undefined;
  await session.run('CREATE OR REPLACE TEMP TABLE day_bots (app INTEGER, device INTEGER)');
  const appender = await session.connection.createAppender('day_bots', null, 'temp');
  try {
    bots.app.forEach((app, index) => {
      appender.appendInteger(app);
      appender.appendInteger(bots.device[index] as number);
      appender.endRow();
    });
  } finally {
    appender.closeSync();
  }
  const { wordsKey } = counted.keys;
  const rows = partitions.map(
    (partition) => `SELECT ${wordsKey} AS words_key, hash(type) AS type_key, device,
        (epoch_ms(time) // ${HOUR_MS})::INTEGER AS hour FROM ${copyRows(counted.dataDir, partition)}
      WHERE time >= make_timestamp_ms(${day * DAY_MS}::BIGINT) AND time < make_timestamp_ms(${(day + 1) * DAY_MS}::BIGINT)
        AND device IN (SELECT device FROM day_bots)`,
  );
  return `SELECT words_key, type_key, hour, count(*)::INTEGER AS n
    FROM (${rows.join(' UNION ALL ')}) r JOIN words_keys w ON w.key = r.words_key
      JOIN day_bots b ON b.app = w.app AND b.device = r.device
    GROUP BY words_key, type_key, hour`;
}

/** The rows of a statement in columns: whole numbers, large ones, and one of texts. @throws VerificationError for a NULL */
async function columnsOf<Name extends string, Large extends string>(
  session: Session,
  names: Name[],
  large: Large[],
  sql: string,
  text?: string,
): Promise<{ numbers: Record<Name, Int32Array> & Record<Large, Float64Array>; texts: (string | null)[] }> {
  const casts = [
    ...names.map((name) => `${name}::INTEGER AS ${name}`),
    // Numbers of JavaScript are read many times faster than bigints, and none of these is beyond 2^53.
    ...large.map((name) => `${name}::DOUBLE AS ${name}`),
    ...(text === undefined ? [] : [text]),
  ];
  const result = await session.connection.runAndReadAll(`SELECT ${casts.join(', ')} FROM (${sql})`);
  session.check();
  const columns = result.getColumns();
  const rows = result.currentRowCount;
  const fill = <Numbers extends Int32Array | Float64Array>(numbers: Numbers, column: readonly unknown[]): Numbers => {
    for (let row = 0; row < rows; row += 1) {
      const value = column[row];
      if (typeof value !== 'number') throw new VerificationError(UNKNOWN);
      numbers[row] = value;
    }
    return numbers;
  };
  const numbers = Object.fromEntries([
    ...names.map((name, index) => [name, fill(new Int32Array(rows), columns[index] ?? [])]),
    ...large.map((name, index) => [name, fill(new Float64Array(rows), columns[names.length + index] ?? [])]),
  ]) as Record<Name, Int32Array> & Record<Large, Float64Array>;
  return { numbers, texts: text === undefined ? [] : (columns.at(-1) as (string | null)[]) };
}
