import type { RawConnection } from '@mosis/sqlite/connection';
import { MultiRowInsert } from '../storage/multi-row-insert.js';
import type { DeviceDay } from './bot-rule.js';
import type { Cell } from './day-cells.js';
import { splitContextKey, splitMeasureKey, type ContextWords, type DimensionCells } from './expand.js';

/** The counting tables: hours and days by dimension, device days, crashes. */
export class CountCells {
  readonly #add;
  readonly #take;
  readonly #crash;
  readonly #deviceDay;
  readonly #setDeviceDay;

  constructor(db: RawConnection) {
    this.#add = {
      hour: new MultiRowInsert(
        db,
        'hour_counts',
        ['day', 'app', 'dimension', 'hour', 'value', 'measure', 'bot', 'n'],
        'ON CONFLICT DO UPDATE SET n = n + excluded.n',
      ),
      day: new MultiRowInsert(
        db,
        'day_counts',
        ['app', 'dimension', 'day', 'value', 'measure', 'bot', 'n'],
        'ON CONFLICT DO UPDATE SET n = n + excluded.n',
      ),
    };
    const hourKey = 'day = ? AND app = ? AND dimension = ? AND hour = ? AND value = ? AND measure = ? AND bot = ?';
    const dayKey = 'app = ? AND dimension = ? AND day = ? AND value = ? AND measure = ? AND bot = ?';
    this.#take = {
      hour: db.prepare(`UPDATE hour_counts SET n = n - ? WHERE ${hourKey}`),
      noHour: db.prepare(`DELETE FROM hour_counts WHERE n = 0 AND ${hourKey}`),
      day: db.prepare(`UPDATE day_counts SET n = n - ? WHERE ${dayKey}`),
      noDay: db.prepare(`DELETE FROM day_counts WHERE n = 0 AND ${dayKey}`),
    };
    const crashKey = 'app = ? AND day = ? AND crash_group = ? AND app_version = ? AND bot = ?';
    this.#crash = {
      add: db.prepare(
        `INSERT INTO crash_days (app, day, crash_group, app_version, bot, crashes) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET crashes = crashes + excluded.crashes`,
      ),
      take: db.prepare(`UPDATE crash_days SET crashes = crashes - ? WHERE ${crashKey}`),
      none: db.prepare(`DELETE FROM crash_days WHERE crashes = 0 AND ${crashKey}`),
    };
    this.#deviceDay = db.prepare(
      `INSERT INTO device_days (day, app, device, events, interactions, hours) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET events = events + excluded.events, interactions = interactions + excluded.interactions,
         hours = hours | excluded.hours
       RETURNING events, interactions, hours`,
    );
    this.#setDeviceDay = db.prepare(
      'INSERT OR REPLACE INTO device_days (day, app, device, events, interactions, hours) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  /** Adds (sign 1) or takes away (sign −1) counts of one app's bucket day on one side. Cells that reach zero go. */
  add(app: number, day: number, bot: number, cells: readonly DimensionCells[], sign: 1 | -1): void {
    this.#written(() => {
      cells.forEach((values, dimension) => {
        for (const [value, counts] of values) {
          const ofDay = new Map<number, number>();
          for (const [key, count] of counts) {
            const { measure, hour } = splitMeasureKey(key);
            ofDay.set(measure, (ofDay.get(measure) ?? 0) + count);
            this.#addToHour({ app, dimension, hour, value, measure, bot }, day, sign * count);
          }
          for (const [measure, count] of ofDay)
            this.#addToDay({ app, dimension, hour: undefined, value, measure, bot }, day, sign * count);
        }
      });
    });
  }

  /** Changes counts of a bucket day, each by its `n`. @throws when one would fall below zero: the roll-ups would be wrong */
  change(day: number, cells: Iterable<Cell & { n: number }>): void {
    this.#written(() => {
      for (const cell of cells) {
        if (cell.hour === undefined) this.#addToDay(cell, day, cell.n);
        else this.#addToHour(cell, day, cell.n);
      }
    });
  }

  #addToHour({ app, dimension, hour, value, measure, bot }: Cell, day: number, n: number): void {
    if (n > 0) this.#add.hour.add(day, app, dimension, hour as number, value, measure, bot, n);
    if (n >= 0) return;
    this.#add.hour.flush();
    const key = [day, app, dimension, hour, value, measure, bot];
    mustHit(this.#take.hour.run(-n, ...key).changes);
    this.#take.noHour.run(...key);
  }

  #addToDay({ app, dimension, value, measure, bot }: Cell, day: number, n: number): void {
    if (n > 0) this.#add.day.add(app, dimension, day, value, measure, bot, n);
    if (n >= 0) return;
    this.#add.day.flush();
    const key = [app, dimension, day, value, measure, bot];
    mustHit(this.#take.day.run(-n, ...key).changes);
    this.#take.noDay.run(...key);
  }

  /** Does what adds rows, and has them written; what it throws leaves none waiting. */
  #written(work: () => void): void {
    const { hour, day } = this.#add;
    try {
      work();
      hour.flush();
      day.flush();
    } finally {
      hour.reset();
      day.reset();
    }
  }

  /** Adds or takes away crashes by group and context. */
  addCrashes(
    app: number,
    day: number,
    bot: number,
    crashes: ReadonlyMap<number, number>,
    sign: 1 | -1,
    contextOf: (context: number) => ContextWords,
  ): void {
    for (const [key, n] of crashes) {
      const { left: group, context } = splitContextKey(key);
      this.addCrash(app, day, group, contextOf(context).app_version, bot, sign * n);
    }
  }

  /** Changes one crash count by `n`. */
  addCrash(app: number, day: number, group: number, version: number, bot: number, n: number): void {
    if (n > 0) this.#crash.add.run(app, day, group, version, bot, n);
    if (n >= 0) return;
    mustHit(this.#crash.take.run(-n, app, day, group, version, bot).changes);
    this.#crash.none.run(app, day, group, version, bot);
  }

  /** Says what a device did on a bucket day, whatever was said before. */
  setDeviceDay(app: number, day: number, device: number, counts: DeviceDay): void {
    this.#setDeviceDay.run(day, app, device, counts.events, counts.interactions, counts.hours);
  }

  /** Adds to what a device did on a bucket day and answers the whole of it. */
  addDeviceDay(app: number, day: number, device: number, counts: DeviceDay): DeviceDay {
    return this.#deviceDay.get(day, app, device, counts.events, counts.interactions, counts.hours) as DeviceDay;
  }
}

function mustHit(changes: number): void {
  if (changes !== 1) throw new Error('The roll-ups lack a count that is to be taken away. Run an audit with --repair.');
}
