import type { RawConnection } from '@mosis/sqlite';
import { makeEvent } from '../lib/events.ts';
import { CrashGroups, createPartition, DAY_MS, Dictionaries, eventsTable } from '../lib/internals.ts';
import { Random } from '../lib/random.ts';
import { devicesOn, textsOf, type FleetApp } from './fleet.ts';

const MINUTE_MS = 60_000;
const MEAN_SESSION_EVENTS = 24;
/** Share of sessions that a device could send only days later. */
const LATE_SHARE = 0.005;
const LATE_FLAG = 4;
/** A session starts this long before the end of its day at the latest, so that its events are not of the next one. */
const LAST_START_MS = DAY_MS - 40 * MINUTE_MS;

interface PlannedSession {
  appIndex: number;
  device: number;
  startMs: number;
  events: number;
  late: boolean;
}

/** What was made of an app so far. */
interface SeededApp {
  app: number;
  /** By device; a device that was not seen yet has none. */
  ordinals: number[];
  types: Map<string, number>;
  /** Crashes that have their group. */
  groups: Set<string>;
}

/** Writes raw rows of past days into partitions, with the dictionaries and sessions they point to; no roll-ups. */
export class PartitionWriter {
  readonly #db: RawConnection;
  readonly #fleet: readonly FleetApp[];
  readonly #seed: number;
  readonly #dictionaries;
  readonly #crashGroups;
  readonly #newSession;
  readonly #apps: SeededApp[];

  constructor(db: RawConnection, fleet: readonly FleetApp[], seed: number) {
    this.#db = db;
    this.#fleet = fleet;
    this.#seed = seed;
    const random = new Random(seed);
    const newApp = db.prepare('INSERT INTO apps (package_id, pseudonym_key) VALUES (?, ?)');
    for (const { packageId } of fleet) newApp.run(packageId, Buffer.from(random.hex(32), 'hex'));
    this.#dictionaries = new Dictionaries(db);
    this.#crashGroups = new CrashGroups(db);
    this.#apps = fleet.map(({ packageId }) => ({
      app: this.#dictionaries.app(packageId).app,
      ordinals: [],
      types: new Map<string, number>(),
      groups: new Set<string>(),
    }));
    this.#newSession = db.prepare(
      `INSERT INTO sessions (app, device, session_id, first_partition, last_partition, first_ms, first_context, crashed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Writes the partition of one day in one transaction; answers its rows. `dayIndex` counts from 0 to `days` - 1. */
  write(day: number, dayIndex: number, days: number, rows: number): number {
    const random = new Random(this.#seed ^ Math.imul(day, 0xc2b2ae35));
    this.#db.exec('BEGIN IMMEDIATE');
    createPartition(this.#db, day);
    const insert = this.#db.prepare(
      `INSERT INTO ${eventsTable(day)} (id, app, device, session, time_ms, type, context, flags, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const received = this.#fleet.map(() => ({ batches: 0, events: 0 }));
    let id = 0;
    let firstBucket = day;
    for (const session of this.#plan(random, day, dayIndex, days, rows)) {
      const counts = received[session.appIndex] as { batches: number; events: number };
      counts.batches += 1;
      counts.events += session.events;
      firstBucket = Math.min(firstBucket, Math.floor(session.startMs / DAY_MS));
      id = this.#writeSession(random, day, dayIndex, session, insert, id);
    }
    this.#finish(day, id, firstBucket, received);
    this.#db.exec('COMMIT');
    return id;
  }

  /** The sessions of a day in the order they are received. */
  #plan(random: Random, day: number, dayIndex: number, days: number, rows: number): PlannedSession[] {
    const sessions: PlannedSession[] = [];
    this.#fleet.forEach((app, appIndex) => {
      const known = devicesOn(app, dayIndex, days);
      for (let left = Math.round(rows * app.share); left > 0;) {
        const events = Math.min(left, 1 + random.below(MEAN_SESSION_EVENTS * 2));
        left -= events;
        // Some devices are used far more than others.
        const device = Math.floor(known * random.next() * random.next());
        const late = random.next() < LATE_SHARE;
        const startMs = day * DAY_MS + this.#startOfSession(random) - (late ? (1 + random.below(6)) * DAY_MS : 0);
        sessions.push({ appIndex, device, startMs, events, late });
      }
    });
    const sentMs = ({ startMs }: PlannedSession) => startMs % DAY_MS;
    return sessions.sort((left, right) => sentMs(left) - sentMs(right));
  }

  /** More in the afternoon than at night. */
  #startOfSession(random: Random): number {
    return Math.floor(((random.next() + random.next() + random.next()) / 3) * LAST_START_MS);
  }

  #writeSession(
    random: Random,
    day: number,
    dayIndex: number,
    { appIndex, device, startMs, events, late }: PlannedSession,
    insert: { run(...values: unknown[]): unknown },
    lastId: number,
  ): number {
    const known = this.#apps[appIndex] as SeededApp;
    const { packageId } = this.#fleet[appIndex] as FleetApp;
    const ordinal = (known.ordinals[device] ??= this.#dictionaries.device(packageId, `device-${device}`).ordinal);
    const context = this.#dictionaries.context(packageId, textsOf(this.#seed, appIndex, device, dayIndex));
    const made = Array.from({ length: events }, () => makeEvent(random));
    const crashed = made.some(({ type }) => type === 'app_crash') ? 1 : 0;
    const sessionId = Buffer.from(random.hex(16), 'hex');
    const { lastInsertRowid } = this.#newSession.run(
      known.app,
      ordinal,
      sessionId,
      day,
      day,
      startMs,
      context,
      crashed,
    );
    const session = Number(lastInsertRowid);
    let id = lastId;
    let timeMs = startMs;
    for (const { type, data } of made) {
      const text = data === undefined ? null : JSON.stringify(data);
      id += 1;
      insert.run(
        id,
        known.app,
        ordinal,
        session,
        timeMs,
        this.#typeOf(appIndex, type),
        context,
        late ? LATE_FLAG : 0,
        text,
      );
      if (text !== null && (type === 'app_crash' || type === 'lua_error')) this.#group(appIndex, type, text, ordinal);
      timeMs += 200 + random.below(40_000);
    }
    return id;
  }

  #typeOf(appIndex: number, name: string): number {
    const { types } = this.#apps[appIndex] as SeededApp;
    let word = types.get(name);
    if (word === undefined) {
      word = this.#dictionaries.type((this.#fleet[appIndex] as FleetApp).packageId, name)?.word;
      if (word === undefined) throw new Error(`The app has too many event types for ${name}.`);
      types.set(name, word);
    }
    return word;
  }

  #group(appIndex: number, kind: 'app_crash' | 'lua_error', data: string, device: number): void {
    const { app, groups } = this.#apps[appIndex] as SeededApp;
    const key = `${kind} ${data}`;
    if (groups.has(key)) return;
    this.#crashGroups.groupOf(app, kind, data, device);
    groups.add(key);
  }

  #finish(day: number, rows: number, firstBucket: number, received: { batches: number; events: number }[]): void {
    this.#db
      .prepare('UPDATE partitions SET rolled_up_to = ?, row_count = ?, first_bucket = ?, last_bucket = ? WHERE day = ?')
      .run(rows, rows, firstBucket, day, day);
    const bucket = this.#db.prepare('INSERT OR IGNORE INTO bucket_days (day, version, changed_ms) VALUES (?, 1, ?)');
    for (let touched = firstBucket; touched <= day; touched += 1) bucket.run(touched, day * DAY_MS);
    const receipt = this.#db.prepare('INSERT INTO receipts (app, day, batches, accepted) VALUES (?, ?, ?, ?)');
    received.forEach(({ batches, events }, appIndex) => {
      if (events > 0) receipt.run(this.#apps[appIndex]?.app, day, batches, events);
    });
  }
}
