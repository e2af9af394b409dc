import type { DuckDBVector } from '@duckdb/node-api';
import type { BotDevices, CopiesOfDay, DayCounts } from '../rollup/day-counts.js';
import { HOUR_RANGE } from '../rollup/expand.js';
import { DAY_MS, HOUR_MS } from '../storage/days.js';
import { copyRows, countedTable, type CountedPartitions } from './counted-partitions.js';
import { ROLLED_UP } from './dictionary-keys.js';
import { breathe, type Session } from './duck.js';
import { VerificationError } from './errors.js';

const HOURS_PER_DAY = 24;
/** Some thousand rows each; requests to stop get in between. */
const CHUNKS_AT_ONCE = 256;
const UNKNOWN = 'A copy holds what no dictionary of telemetry.db knows.';
const EVENTS = ['words', 'typeHour', 'n'] as const;
const WORDS = ['number', 'app', ...ROLLED_UP] as const;
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
  const hour = `(hour - ${day * HOURS_PER_DAY})`;
  const events = (rows: string): string =>
    `SELECT w.number AS words, t.type * ${HOUR_RANGE} + ${hour} AS "typeHour", n FROM (${rows}) e
     LEFT JOIN words_keys w ON w.key = e.words_key LEFT JOIN type_keys t ON t.app = w.app AND t.key = e.type_key`;

  const everybody = await columnsOf(session, [...EVENTS], [], events(from('events', `hour ${hours}`)));
  const ofBots = await botEvents(session, counted, partitions, day, bots);
  const numbersOfBots = ofBots === undefined ? undefined : await columnsOf(session, [...EVENTS], [], events(ofBots));
  const words = await columnsOf(session, [...WORDS], [], 'FROM words_keys ORDER BY number');
  const runs = await columnsOf(
    session,
    [...RUNS],
    [...LARGE],
    `SELECT k.app, r.device, k.context, ${hour} AS hour, r.events, r.interactions, r.crashed, r.session, r.first_ms AS firstMs
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
  if (day >= asked.through) await counted.forgetAll(session);
  return {
    ...keepWords(words.numbers, everybody.numbers, numbersOfBots?.numbers ?? noEvents()),
    runs: runs.numbers,
    crashes: { ...crashes.numbers, data: crashes.texts },
  };
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
  const result = await session.connection.run(`SELECT ${casts.join(', ')} FROM (${sql})`);
  session.check();
  const rows = result.rowCount;
  const numbers = Object.fromEntries([
    ...names.map((name) => [name, new Int32Array(rows)]),
    ...large.map((name) => [name, new Float64Array(rows)]),
  ]) as Record<Name, Int32Array> & Record<Large, Float64Array>;
  const columns = Object.values<Int32Array | Float64Array>(numbers);
  const texts: (string | null)[] = [];
  let row = 0;
  for (let index = 0; index < result.chunkCount; index += 1) {
    if (index % CHUNKS_AT_ONCE === CHUNKS_AT_ONCE - 1) {
      await breathe();
      session.check();
    }
    const chunk = result.getChunk(index);
    const count = chunk.rowCount;
    columns.forEach((column, place) => copyNumbers(chunk.getColumnVector(place), count, column, row));
    if (text !== undefined) texts.push(...(chunk.getColumnValues(columns.length) as (string | null)[]));
    row += count;
  }
  return { numbers, texts };
}

/** @throws VerificationError for a NULL */
function copyNumbers(from: DuckDBVector, count: number, to: Int32Array | Float64Array, first: number): void {
  for (let row = 0; row < count; row += 1) {
    const value = from.getItem(row);
    if (typeof value !== 'number') throw new VerificationError(UNKNOWN);
    to[first + row] = value;
  }
}

function noEvents(): DayCounts['events'] {
  return { words: new Int32Array(), typeHour: new Int32Array(), n: new Int32Array() };
}

/** Of all words only those that are said of some event. */
function keepWords(
  all: DayCounts['words'],
  events: DayCounts['events'],
  botEvents: DayCounts['events'],
): Pick<DayCounts, 'words' | 'events' | 'botEvents'> {
  const kept: number[] = [];
  const places = new Int32Array(all.app.length).fill(-1);
  const renumber = (counts: DayCounts['events']): DayCounts['events'] => ({
    ...counts,
    words: counts.words.map((number) => {
      if (places[number] === -1) places[number] = kept.push(number) - 1;
      return places[number] as number;
    }),
  });
  const [ofAll, ofBots] = [renumber(events), renumber(botEvents)];
  const pick = (column: Int32Array) => Int32Array.from(kept, (number) => column[number] as number);
  const words = Object.fromEntries(
    (['app', ...ROLLED_UP] as const).map((name) => [name, pick(all[name])]),
  ) as DayCounts['words'];
  return { words, events: ofAll, botEvents: ofBots };
}
