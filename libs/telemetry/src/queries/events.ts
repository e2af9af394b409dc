import type { RawConnection } from '@mosis/sqlite/connection';
import { eventsTable } from '../storage/day-tables.js';
import { dayOf, formatDay, parseDay } from '../storage/days.js';
import { FLAG_CLAMPED_TO_NOW, FLAG_CLOCK_CORRECTED, FLAG_LATE } from '../wire/clock.js';
import { formatTime } from './counted-range.js';
import { Words, findApp, findTypeWord } from './dictionary.js';
import { checkLimit } from './possible.js';
import { inSnapshot, rowOf, rowsOf, type QueryContext } from './snapshot.js';
import { QueryError, type EventsAnswer, type EventsQuery, type RawEvent } from './types.js';

/** Rows one call looks at, whoever they belong to: partitions have no index by app. */
const MAX_SCANNED_ROWS = 200_000;
/** Rows one statement looks at. */
const WINDOW_ROWS = 20_000;

interface RawRow {
  id: number;
  device: number;
  session: number;
  time_ms: number;
  type: number;
  context: number;
  flags: number;
  data: string | null;
}

interface Context {
  app_version: number;
  mosis_version: number;
  os: number;
  country: number;
  device_model: number;
  locale: number;
}

/**
 * Raw events as they were received, newest first. A call looks at a bounded number of rows: it may answer fewer events
 * than asked, even none, and `next` goes on from there. Days whose raw rows are due to go are never read.
 *
 * @throws QueryError `invalid-limit`, `invalid-cursor`
 */
export function events(db: RawConnection, query: EventsQuery, context: QueryContext): EventsAnswer {
  checkLimit(query.limit);
  const { cursor } = query;
  if (cursor && !(Number.isSafeInteger(cursor.day) && Number.isSafeInteger(cursor.id))) {
    throw new QueryError('invalid-cursor', 'The cursor is not one that was answered here.');
  }
  return inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    const type = app !== undefined && query.type !== undefined ? findTypeWord(db, app, query.type) : undefined;
    if (app === undefined || (query.type !== undefined && type === undefined)) return { items: [], next: null };
    return new Tail(db, app, type, query.limit).read(partitionsOf(db, query, context), cursor);
  });
}

/** The partitions that may be read, newest first. */
function partitionsOf(db: RawConnection, { cursor }: EventsQuery, { nowMs, rawDays }: QueryContext): number[] {
  return rowsOf<{ day: number }>(
    db,
    'SELECT day FROM partitions WHERE day > ? AND day <= ? ORDER BY day DESC',
    ...[dayOf(nowMs) - rawDays, cursor?.day ?? Number.MAX_SAFE_INTEGER],
  ).map(({ day }) => day);
}

class Tail {
  readonly #words: Words;
  readonly #contexts = new Map<number, Context>();
  readonly #items: RawEvent[] = [];
  #scanned = 0;

  constructor(
    private readonly db: RawConnection,
    private readonly app: number,
    private readonly type: number | undefined,
    private readonly limit: number,
  ) {
    this.#words = new Words(db);
  }

  read(days: number[], cursor: EventsQuery['cursor']): EventsAnswer {
    for (const day of days) {
      // One that is dropped already has nothing more to say.
      if (!rowOf(this.db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", eventsTable(day))) continue;
      let below = cursor?.day === day ? cursor.id : Number.MAX_SAFE_INTEGER;
      for (;;) {
        if (this.#scanned >= MAX_SCANNED_ROWS) return { items: this.#items, next: { day, id: below } };
        const floor = this.#window(day, below);
        // One more than asked for tells that there is a next page.
        if (this.#items.length > this.limit) return this.#fullPage();
        if (floor === undefined) break;
        below = floor;
      }
    }
    return { items: this.#items, next: null };
  }

  /** Looks at the next rows below an id; answers the lowest id it looked at, or undefined at the partition's end. */
  #window(day: number, below: number): number | undefined {
    const table = eventsTable(day);
    const floor = rowOf<{ id: number }>(
      this.db,
      `SELECT id FROM ${table} WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ${WINDOW_ROWS - 1}`,
      below,
    )?.id;
    this.#scanned +=
      floor === undefined
        ? (rowOf<{ n: number }>(this.db, `SELECT COUNT(*) AS n FROM ${table} WHERE id < ?`, below)?.n ?? 0)
        : WINDOW_ROWS;
    const rows = rowsOf<RawRow>(
      this.db,
      `SELECT id, device, session, time_ms, type, context, flags, data FROM ${table}
       WHERE id < ? AND id >= ? AND app = ?${this.type === undefined ? '' : ' AND type = ?'}
       ORDER BY id DESC LIMIT ?`,
      ...[below, floor ?? Number.MIN_SAFE_INTEGER, this.app],
      ...(this.type === undefined ? [] : [this.type]),
      this.limit + 1 - this.#items.length,
    );
    for (const row of rows) this.#items.push(this.#present(day, row));
    return floor;
  }

  #fullPage(): EventsAnswer {
    const items = this.#items.slice(0, this.limit);
    const last = items[items.length - 1];
    return { items, next: last ? { day: parseDay(last.received), id: last.id } : null };
  }

  #present(day: number, row: RawRow): RawEvent {
    const context = this.#context(row.context);
    return {
      received: formatDay(day),
      id: row.id,
      time: formatTime(row.time_ms),
      type: this.#words.keyOf(row.type),
      device: row.device,
      session: row.session,
      app_version: this.#words.keyOf(context?.app_version ?? 0),
      mosis_version: this.#words.keyOf(context?.mosis_version ?? 0),
      os: this.#words.valueOf(context?.os ?? 0),
      country: this.#words.valueOf(context?.country ?? 0),
      device_model: this.#words.valueOf(context?.device_model ?? 0),
      locale: this.#words.valueOf(context?.locale ?? 0),
      clock_corrected: (row.flags & FLAG_CLOCK_CORRECTED) !== 0,
      clamped: (row.flags & FLAG_CLAMPED_TO_NOW) !== 0,
      late: (row.flags & FLAG_LATE) !== 0,
      data: row.data === null ? null : (JSON.parse(row.data) as Record<string, unknown>),
    };
  }

  #context(id: number): Context | undefined {
    let context = this.#contexts.get(id);
    if (!context) {
      context = rowOf<Context>(this.db, 'SELECT * FROM contexts WHERE context = ?', id);
      if (context) this.#contexts.set(id, context);
    }
    return context;
  }
}
