import type { RawConnection } from '@mosis/sqlite';
import { readBitmap, using } from '../../src/bitmaps.js';
import { readRawEvents, readWatermarks, type RawEventRow } from './raw-events.js';
import { differencesOf, recount, type Cells, type IsBot } from './recount.js';

/** The devices a stored bitmap holds, in order. */
export function membersOf(blob: Uint8Array): number[] {
  return using(readBitmap(blob), (bitmap) => bitmap.toArray());
}

/** Everything the roll-ups say, under names that a recount can give, too. */
export function readRollups(db: RawConnection): Cells {
  const cells: Cells = new Map();
  const words = new Map(db.prepare('SELECT word, value FROM words').raw().all() as [number, string][]);
  const text = (word: number) => (word === 0 ? '' : (words.get(word) ?? `no word ${word}`));
  const measureOf = (measure: number) =>
    measure === -1 ? 'sessions' : measure === -2 ? 'crashed sessions' : text(measure);
  const each = (sql: string, read: (row: Row) => void) => (db.prepare(sql).all() as Row[]).forEach(read);
  const sideOf = (bot: number) => (bot === 1 ? 'bots' : 'people');
  for (const table of ['hour_counts', 'day_counts']) {
    each(`SELECT * FROM ${table}`, ({ app, day, hour, dimension, value, measure, bot, n }) => {
      const at = table === 'day_counts' ? '' : ` hour=${hour}`;
      const cell = `${table} app=${app} day=${day}${at} d${dimension}=${text(value)} ${measureOf(measure)} ${sideOf(bot)}`;
      cells.set(cell, n);
    });
  }
  each('SELECT * FROM hour_devices', ({ app, day, hour, devices }) =>
    cells.set(`hour_devices app=${app} day=${day} hour=${hour}`, membersOf(devices).join(' ')),
  );
  each('SELECT * FROM day_devices', ({ app, day, dimension, value, crashed, devices }) =>
    cells.set(
      `day_devices app=${app} day=${day} d${dimension}=${text(value)} ${crashed === 1 ? 'crashed' : 'active'}`,
      membersOf(devices).join(' '),
    ),
  );
  each('SELECT * FROM device_days', ({ app, day, device, events, interactions, hours }) => {
    const set = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (hours & (1 << hour)) !== 0);
    cells.set(
      `device_days app=${app} day=${day} device=${device}`,
      `events=${events} interactions=${interactions} hours=${set.join(' ')}`,
    );
  });
  each(
    `SELECT d.*, lower(hex(g.fingerprint)) AS print FROM crash_days d JOIN crash_groups g USING (crash_group)`,
    ({ app, day, print, app_version: version, bot, crashes }) =>
      cells.set(`crash_days app=${app} day=${day} ${print} version=${text(version)} ${sideOf(bot)}`, crashes),
  );
  each(
    `SELECT d.*, lower(hex(g.fingerprint)) AS print FROM crash_devices d JOIN crash_groups g USING (crash_group)`,
    ({ app, day, print, devices }) =>
      cells.set(`crash_devices app=${app} day=${day} ${print}`, membersOf(devices).join(' ')),
  );
  each(
    'SELECT * FROM sessions WHERE first_ms IS NOT NULL',
    ({ session, app, device, first_ms: first, first_context: context, crashed }) =>
      cells.set(
        `sessions ${session}`,
        `app=${app} device=${device} first=${first} context=${context} crashed=${crashed}`,
      ),
  );
  return cells;
}

/** The verdicts that are stored. */
export function readBots(db: RawConnection): IsBot {
  const bots = new Set<string>();
  for (const { app, day, devices } of db.prepare('SELECT * FROM bot_days').all() as Row[]) {
    for (const device of membersOf(devices)) bots.add(`${app}/${day}/${device}`);
  }
  return (app, day, device) => bots.has(`${app}/${day}/${device}`);
}

/** Where the roll-ups differ from a recount of the rows up to the watermarks (and of `gone`, rows dropped since). */
export function compareWithRecount(db: RawConnection, gone: readonly RawEventRow[] = []): string[] {
  const compare = () => {
    const watermarks = readWatermarks(db);
    const rows = readRawEvents(db).filter(({ partition, id }) => id <= (watermarks.get(partition) ?? 0));
    return differencesOf(readRollups(db), recount([...gone, ...rows], readBots(db)));
  };
  return db.inTransaction ? compare() : db.transaction(compare)();
}

/** The same for bucket days whose raw rows are all there: of older ones only what the file keeps for ever is left. */
export function compareCoveredDays(db: RawConnection, gone: readonly RawEventRow[]): string[] {
  const covered = db.prepare(`SELECT value FROM engine_state WHERE key = 'first_covered_day'`).pluck().get();
  return compareWithRecount(db, gone).filter((line) => dayOfDifference(line) >= Number(covered ?? 0));
}

/** The bucket day of a difference; for a session the earlier one of its two first events. */
function dayOfDifference(line: string): number {
  const day = /day=(\d+)/.exec(line)?.[1];
  const firsts = [...line.matchAll(/first=(\d+)/g)].map(([, ms]) => Math.floor(Number(ms) / 86_400_000));
  return day === undefined ? Math.min(...firsts) : Number(day);
}

type Column =
  | 'app'
  | 'app_version'
  | 'bot'
  | 'crashed'
  | 'crashes'
  | 'day'
  | 'device'
  | 'dimension'
  | 'events'
  | 'first_context'
  | 'first_ms'
  | 'hour'
  | 'hours'
  | 'interactions'
  | 'measure'
  | 'n'
  | 'session'
  | 'value';
type Row = Record<Column, number> & { devices: Buffer; print: string };
