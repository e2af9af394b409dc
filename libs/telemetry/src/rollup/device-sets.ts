import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, RoaringBitmap32, using, writeBitmap } from '../bitmaps.js';

type Key = readonly (number | string)[];

/** One table of device sets: how a set is found, written and removed. */
class SetTable {
  readonly #find;
  readonly #put;
  readonly #remove;

  constructor(db: RawConnection, table: string, keys: readonly string[]) {
    const where = keys.map((key) => `${key} = ?`).join(' AND ');
    this.#find = db.prepare(`SELECT devices FROM ${table} WHERE ${where}`).pluck();
    this.#put = db.prepare(
      `INSERT INTO ${table} (${keys.join(', ')}, devices) VALUES (${keys.map(() => '?').join(', ')}, ?)
       ON CONFLICT DO UPDATE SET devices = excluded.devices`,
    );
    this.#remove = db.prepare(`DELETE FROM ${table} WHERE ${where}`);
  }

  has(key: Key, device: number): boolean {
    const blob = this.#find.get(...key) as Buffer | undefined;
    return blob !== undefined && using(readBitmap(blob), (bitmap) => bitmap.has(device));
  }

  /** Puts devices into a set; nothing is written when all were in it. */
  add(key: Key, devices: Iterable<number>): void {
    const blob = this.#find.get(...key) as Buffer | undefined;
    using(blob ? readBitmap(blob) : new RoaringBitmap32(), (bitmap) => {
      const before = bitmap.size;
      bitmap.addMany(devices);
      if (bitmap.size !== before) this.#put.run(...key, writeBitmap(bitmap));
    });
  }

  /** Takes devices out of a set; a set that is empty then goes. */
  remove(key: Key, devices: Iterable<number>): void {
    const blob = this.#find.get(...key) as Buffer | undefined;
    if (!blob) return;
    using(readBitmap(blob), (bitmap) => {
      const before = bitmap.size;
      bitmap.removeMany(devices);
      if (bitmap.isEmpty) this.#remove.run(...key);
      else if (bitmap.size !== before) this.#put.run(...key, writeBitmap(bitmap));
    });
  }
}

/** The exact device sets of the roll-ups. */
export class DeviceSets {
  readonly #hours: SetTable;
  readonly #days: SetTable;
  readonly #bots: SetTable;
  readonly #crashes: SetTable;

  constructor(private readonly db: RawConnection) {
    this.#hours = new SetTable(db, 'hour_devices', ['day', 'app', 'hour']);
    this.#days = new SetTable(db, 'day_devices', ['app', 'dimension', 'crashed', 'day', 'value']);
    this.#bots = new SetTable(db, 'bot_days', ['app', 'day']);
    this.#crashes = new SetTable(db, 'crash_devices', ['app', 'day', 'crash_group']);
  }

  addToHour(app: number, day: number, hour: number, devices: Iterable<number>): void {
    this.#hours.add([day, app, hour], devices);
  }

  removeFromHour(app: number, day: number, hour: number, devices: Iterable<number>): void {
    this.#hours.remove([day, app, hour], devices);
  }

  addToDay(
    app: number,
    day: number,
    dimension: number,
    value: number,
    crashed: 0 | 1,
    devices: Iterable<number>,
  ): void {
    this.#days.add([app, dimension, crashed, day, value], devices);
  }

  removeFromDay(
    app: number,
    day: number,
    dimension: number,
    value: number,
    crashed: 0 | 1,
    devices: Iterable<number>,
  ): void {
    this.#days.remove([app, dimension, crashed, day, value], devices);
  }

  addToCrash(app: number, day: number, group: number, devices: Iterable<number>): void {
    this.#crashes.add([app, day, group], devices);
  }

  removeFromCrash(app: number, day: number, group: number, devices: Iterable<number>): void {
    this.#crashes.remove([app, day, group], devices);
  }

  setBot(app: number, day: number, device: number, bot: boolean): void {
    if (bot) this.#bots.add([app, day], [device]);
    else this.#bots.remove([app, day], [device]);
  }

  /**
   * Takes a device out of every set of an app, however old: what is left of it after its raw rows are gone. Answers the
   * days that changed.
   */
  forget(app: number, device: number): Set<number> {
    const days = new Set<number>();
    const sweep = (sql: string, remove: (row: Record<string, number>) => void) => {
      for (const row of this.db.prepare(sql).all(app) as (Record<string, number> & { devices: Buffer })[]) {
        if (!using(readBitmap(row.devices), (bitmap) => bitmap.has(device))) continue;
        remove(row);
        days.add(row.day as number);
      }
    };
    sweep('SELECT day, hour, devices FROM hour_devices WHERE app = ?', (row) =>
      this.removeFromHour(app, row.day as number, row.hour as number, [device]),
    );
    sweep('SELECT day, dimension, value, crashed, devices FROM day_devices WHERE app = ?', (row) =>
      this.removeFromDay(app, row.day as number, row.dimension as number, row.value as number, row.crashed as 0 | 1, [
        device,
      ]),
    );
    sweep('SELECT day, crash_group, devices FROM crash_devices WHERE app = ?', (row) =>
      this.removeFromCrash(app, row.day as number, row.crash_group as number, [device]),
    );
    sweep('SELECT day, devices FROM bot_days WHERE app = ?', (row) =>
      this.setBot(app, row.day as number, device, false),
    );
    return days;
  }
}
