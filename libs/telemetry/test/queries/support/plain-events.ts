import type { Statement } from 'better-sqlite3';
import type { RawConnection } from '@mosis/sqlite';
import { RoaringBitmap32, using, writeBitmap } from '../../../src/bitmaps.js';

/** An event as a person would note it down. Words that are empty were not said. */
export interface PlainEvent {
  device: number;
  /** Unique within the app; belongs to one device. */
  session: number;
  timeMs: number;
  type: string;
  app_version: string;
  os: string;
  /** 32 hexadecimal digits, for crashes and errors. */
  fingerprint?: string;
}

/** Everything an app sent, and on which of its days a device was a bot. */
export interface PlainApp {
  events: PlainEvent[];
  /** `device/day`. */
  bots: ReadonlySet<string>;
}

/** A session by its first event, which says where and as what it counts. */
export interface PlainSession {
  first: PlainEvent;
  crashed: boolean;
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const CODES = { none: 0, app_version: 1, mosis_version: 2, os: 3, country: 4 };

export const dayNumber = (timeMs: number) => Math.floor(timeMs / DAY);
export const isBotEvent = (app: PlainApp, event: PlainEvent) =>
  app.bots.has(`${event.device}/${dayNumber(event.timeMs)}`);

/** The sessions of an app; events of one moment are ordered by their place in the list. */
export function sessionsOf(app: PlainApp): PlainSession[] {
  const sessions = new Map<number, PlainSession>();
  for (const event of app.events) {
    const known = sessions.get(event.session);
    sessions.set(event.session, {
      first: known && known.first.timeMs <= event.timeMs ? known.first : event,
      crashed: (known?.crashed ?? false) || event.type === 'app_crash',
    });
  }
  return [...sessions.values()];
}

/**
 * Writes the roll-up rows of an app's events, computed one by one without any of the engine's code. Hours before
 * `firstHourDay` are left out, as if their days had gone.
 */
export function fillRollups(db: RawConnection, packageId: string, app: PlainApp, firstHourDay: number): number {
  return db.transaction(() => {
    const id = Number(
      db.prepare('INSERT INTO apps (package_id, pseudonym_key) VALUES (?, ?)').run(packageId, Buffer.alloc(32))
        .lastInsertRowid,
    );
    new Filler(db, id, app, firstHourDay).fill();
    return id;
  })();
}

/** The number of a word, made when it is new; 0 for what was not said. */
export function wordOf(db: RawConnection, app: number, kind: string, value: string): number {
  if (value === '') return 0;
  db.prepare('INSERT OR IGNORE INTO words (app, kind, value) VALUES (?, ?, ?)').run(app, kind, value);
  return db
    .prepare('SELECT word FROM words WHERE app = ? AND kind = ? AND value = ?')
    .pluck()
    .get(app, kind, value) as number;
}

class Filler {
  readonly #counts = new Map<string, number>();
  readonly #sets = new Map<string, Set<number>>();
  readonly #words = new Map<string, number>();
  readonly #inserts = new Map<string, Statement<unknown[]>>();

  constructor(
    private readonly db: RawConnection,
    private readonly id: number,
    private readonly app: PlainApp,
    private readonly firstHourDay: number,
  ) {}

  fill(): void {
    for (const event of this.app.events) this.#addEvent(event);
    for (const { first, crashed } of sessionsOf(this.app)) {
      this.#count(first, -1);
      if (crashed) this.#count(first, -2);
    }
    for (const bot of this.app.bots) {
      const [device, day] = bot.split('/').map(Number);
      this.#member(`bot_days (app, day, devices)|${this.id}|${day}`, device ?? 0);
    }
    for (const [key, n] of this.#counts) this.#insert(key, n);
    for (const [key, members] of this.#sets) this.#insert(key, bitmapOf(members));
  }

  #addEvent(event: PlainEvent): void {
    const { id } = this;
    const day = dayNumber(event.timeMs);
    this.#count(event, wordOf(this.db, id, 'type', event.type));
    if (day >= this.firstHourDay) {
      this.#member(`hour_devices (day, app, hour, devices)|${day}|${id}|${hourNumber(event.timeMs)}`, event.device);
    }
    for (const [dimension, value] of this.#values(event)) {
      const crashes = event.type === 'app_crash' ? [0, 1] : [0];
      for (const crashed of crashes) {
        const key = [id, dimension, crashed, day, value].join('|');
        this.#member(`day_devices (app, dimension, crashed, day, value, devices)|${key}`, event.device);
      }
    }
    if (event.fingerprint !== undefined) this.#addCrash(event, event.fingerprint);
  }

  #addCrash(event: PlainEvent, fingerprint: string): void {
    const { db, id } = this;
    const bytes = Buffer.from(fingerprint, 'hex');
    db.prepare(
      `INSERT OR IGNORE INTO crash_groups (app, fingerprint, kind, crash_type, message, frames, sample)
       VALUES (?, ?, ?, 'Panic', ?, '["main.lua:1"]', '{"message":"sent"}')`,
    ).run(id, bytes, event.type, `message of ${fingerprint}`);
    const find = db.prepare('SELECT crash_group FROM crash_groups WHERE app = ? AND fingerprint = ?').pluck();
    const group = find.get(id, bytes) as number;
    const day = dayNumber(event.timeMs);
    const version = this.#word('app_version', event.app_version);
    const key = [id, day, group, version, Number(isBotEvent(this.app, event))].join('|');
    this.#add(`crash_days (app, day, crash_group, app_version, bot, crashes)|${key}`);
    this.#member(`crash_devices (app, day, crash_group, devices)|${id}|${day}|${group}`, event.device);
  }

  #count(event: PlainEvent, measure: number): void {
    const day = dayNumber(event.timeMs);
    const bot = Number(isBotEvent(this.app, event));
    for (const [dimension, value] of this.#values(event)) {
      const dayKey = [this.id, dimension, day, value, measure, bot].join('|');
      this.#add(`day_counts (app, dimension, day, value, measure, bot, n)|${dayKey}`);
      if (day < this.firstHourDay) continue;
      const hourKey = [day, this.id, dimension, hourNumber(event.timeMs), value, measure, bot].join('|');
      this.#add(`hour_counts (day, app, dimension, hour, value, measure, bot, n)|${hourKey}`);
    }
  }

  #values(event: PlainEvent): [number, number][] {
    return [
      [CODES.none, 0],
      [CODES.app_version, this.#word('app_version', event.app_version)],
      [CODES.mosis_version, 0],
      [CODES.os, this.#word('os', event.os)],
      [CODES.country, 0],
    ];
  }

  #word(kind: string, value: string): number {
    const key = `${kind}/${value}`;
    const word = this.#words.get(key) ?? wordOf(this.db, this.id, kind, value);
    this.#words.set(key, word);
    return word;
  }

  #add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  #member(key: string, device: number): void {
    this.#sets.set(key, (this.#sets.get(key) ?? new Set()).add(device));
  }

  #insert(key: string, last: number | Buffer): void {
    const [table = '', ...values] = key.split('|');
    const marks = [...values, last].map(() => '?').join(', ');
    const insert = this.#inserts.get(table) ?? this.db.prepare<unknown[]>(`INSERT INTO ${table} VALUES (${marks})`);
    this.#inserts.set(table, insert);
    insert.run(...values.map(Number), last);
  }
}

/** A set of ordinals as it is stored. */
export function bitmapOf(members: Iterable<number>): Buffer {
  return using(new RoaringBitmap32([...members]), writeBitmap);
}

function hourNumber(timeMs: number): number {
  return Math.floor((timeMs % DAY) / HOUR);
}
