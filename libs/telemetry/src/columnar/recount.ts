import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import { DimensionCode } from '../rollup/event-kinds.js';
import { DAY_MS, HOUR_MS } from '../storage/days.js';
import type { Session } from './duck.js';
import type { DayRecount } from './protocol.js';
import { LATEST_DAYS, unionOf, type RawDeps } from './raw-events.js';

const HOUR_COLUMNS = ['app', 'dimension', 'hour', 'value', 'measure', 'bot'] as const;
const DEVICE_COLUMNS = ['app', 'dimension', 'crashed', 'value'] as const;
const NAMED = Object.entries(DimensionCode).filter(([name]) => name !== 'none');

/** Counts the events and devices of one bucket day again, from every partition that can hold some of them. */
export async function recount(session: Session, deps: RawDeps, day: number, nowMs: number): Promise<DayRecount> {
  const partitions = await deps.staged.prepare(session, day, day + LATEST_DAYS, nowMs);
  const events = unionOf(deps.dataDir, partitions);
  if (events === undefined) return { hours: empty(HOUR_COLUMNS), devices: empty(DEVICE_COLUMNS) };
  await fillBots(session, deps.db, day);
  await session.run(
    `CREATE OR REPLACE TEMP TABLE day_events AS
     SELECT a.app, (epoch_ms(e.time) - ${day * DAY_MS}) // ${HOUR_MS} AS hour, e.type, e.device,
       ${NAMED.map(([name]) => `e.${name}`).join(', ')}, b.device IS NOT NULL AS bot
     FROM (${events}) e JOIN apps a ON a.package_id = e.package_id
       LEFT JOIN day_bots b ON b.app = a.app AND b.device = e.device
     WHERE e.time >= make_timestamp_ms(${day * DAY_MS}::BIGINT) AND e.time < make_timestamp_ms(${(day + 1) * DAY_MS}::BIGINT)`,
  );
  try {
    return { hours: await hours(session), devices: await devices(session) };
  } finally {
    await session.run('DROP TABLE day_events');
  }
}

async function hours(session: Session): Promise<DayRecount['hours']> {
  const counts = ['NULL::VARCHAR', ...NAMED.map(([name]) => name)].map(
    (value, dimension) => `SELECT app, ${dimension} AS dimension, hour, ${value} AS text, type, bot, count(*) AS n
      FROM day_events GROUP BY ALL`,
  );
  return columnsOf(
    session,
    HOUR_COLUMNS,
    `SELECT r.app, r.dimension, hour, coalesce(w.word, 0) AS value, coalesce(t.type, 0) AS measure, bot, r.n
     FROM (${counts.join(' UNION ALL ')}) r
       LEFT JOIN types t ON t.app = r.app AND t.name = r.type
       LEFT JOIN (${WORDS}) w ON w.app = r.app AND w.dimension = r.dimension AND w.text = r.text`,
  );
}

async function devices(session: Session): Promise<DayRecount['devices']> {
  const counts = [0, 1].flatMap((crashed) =>
    ['NULL::VARCHAR', ...NAMED.map(([name]) => name)].map(
      (value, dimension) => `SELECT app, ${dimension} AS dimension, ${crashed} AS crashed, ${value} AS text,
        count(DISTINCT device) AS n FROM day_events WHERE ${crashed === 1 ? `type = 'app_crash'` : 'true'} GROUP BY ALL`,
    ),
  );
  return columnsOf(
    session,
    DEVICE_COLUMNS,
    `SELECT r.app, r.dimension, r.crashed, coalesce(w.word, 0) AS value, r.n FROM (${counts.join(' UNION ALL ')}) r
       LEFT JOIN (${WORDS}) w ON w.app = r.app AND w.dimension = r.dimension AND w.text = r.text`,
  );
}

const WORDS = NAMED.map(
  ([name, dimension]) => `SELECT DISTINCT app, ${dimension} AS dimension, ${name} AS text, ${name}_word AS word
    FROM contexts WHERE ${name} IS NOT NULL`,
).join(' UNION ALL ');

async function fillBots(session: Session, db: RawConnection, day: number): Promise<void> {
  await session.run('CREATE OR REPLACE TEMP TABLE day_bots (app INTEGER, device UINTEGER)');
  const find = db.prepare('SELECT devices FROM bot_days WHERE app = ? AND day = ?').pluck();
  const appender = await session.connection.createAppender('day_bots', null, 'temp');
  try {
    for (const app of db.prepare('SELECT app FROM apps').pluck().all() as number[]) {
      const bitmap = find.get(app, day) as Buffer | undefined;
      for (const device of bitmap ? using(readBitmap(bitmap), (set) => set.toArray()) : []) {
        appender.appendInteger(app);
        appender.appendUInteger(device);
        appender.endRow();
      }
    }
  } finally {
    appender.closeSync();
  }
}

type Columns<Name extends string> = Record<Name, Int32Array> & { n: Float64Array };

function empty<Name extends string>(names: readonly Name[], length = 0): Columns<Name> {
  const columns = Object.fromEntries(names.map((name) => [name, new Int32Array(length)]));
  return { ...columns, n: new Float64Array(length) } as Columns<Name>;
}

async function columnsOf<Name extends string>(
  session: Session,
  names: readonly Name[],
  sql: string,
): Promise<Columns<Name>> {
  // Numbers of JavaScript are read many times faster than bigints.
  const typed = names.map((name) => `${name}::INTEGER AS ${name}`).join(', ');
  const result = await session.connection.runAndReadAll(`SELECT ${typed}, n::DOUBLE AS n FROM (${sql})`);
  session.check();
  const columns = empty(names, result.currentRowCount);
  result.getColumns().forEach((values, index) => {
    const column: Int32Array | Float64Array = columns[result.columnName(index) as Name | 'n'];
    values.forEach((value, row) => (column[row] = Number(value)));
  });
  return columns;
}
