import { NO_CHANGE, type RollupChange, type TallyData } from '../rollup/rollup-store.js';
import { eventsTable } from '../storage/day-tables.js';
import { findFirstCoveredDay } from '../storage/partitions.js';
import { pseudonymOf } from './dictionaries.js';
import type { TelemetryStore } from './telemetry-store.js';

/** An erasure as the engine works on it. */
export interface ErasureRow {
  erasure: string;
  app: number;
  package_id: string;
  pseudonym: Buffer;
  device: number | null;
  state: 'running' | 'done';
  requested_ms: number;
  done_ms: number | null;
  rows_erased: number;
  logged_ms: number | null;
}

interface BegunErasure {
  erasure: string;
  packageId: string;
  deviceId?: string;
  pseudonym?: Buffer;
  requestedMs: number;
}

/** The steps in which the writer thread forgets a device, each one short transaction. */
export class ErasureSteps {
  constructor(
    protected readonly store: TelemetryStore,
    protected readonly now: () => number,
  ) {}

  /**
   * Begins to forget a device: from here on its id stands for nobody, so what it sends again is a new device's, and the
   * rows it left can be collected at leisure. What was kept of its refused events goes at once, and what was kept of uploads
   * that nobody could read with it, for it may be the device's. Asked twice, the first time counts.
   */
  beginErasure(input: BegunErasure): { begun: boolean } & RollupChange {
    return this.#overwriting(() => this.store.transaction(() => this.#beginErasure(input)));
  }

  #beginErasure(input: BegunErasure): { begun: boolean } & RollupChange {
    const { db } = this.store;
    const change = this.store.flushInside(this.now()) ?? NO_CHANGE;
    if (db.prepare('SELECT 1 FROM erasures WHERE erasure = ?').get(input.erasure)) return { begun: false, ...change };
    const { app, pseudonymKey } = this.store.dictionaries.app(input.packageId);
    const pseudonym = input.pseudonym ? Buffer.from(input.pseudonym) : pseudonymOf(pseudonymKey, input.deviceId ?? '');
    db.prepare('DELETE FROM rejection_samples WHERE app = ? AND (pseudonym = ? OR pseudonym IS NULL)').run(
      app,
      pseudonym,
    );
    const known = db
      .prepare('DELETE FROM devices WHERE app = ? AND pseudonym = ? RETURNING ordinal')
      .pluck()
      .get(app, pseudonym) as number | undefined;
    // Asked for again while the first is at work: this one is not done before that one either.
    const device = known ?? this.#findRunning(app, pseudonym);
    db.prepare(
      `INSERT INTO erasures (erasure, app, pseudonym, device, state, requested_ms, done_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      input.erasure,
      app,
      pseudonym,
      device ?? null,
      device === undefined ? 'done' : 'running',
      input.requestedMs,
      device === undefined ? this.now() : null,
    );
    this.store.dictionaries.reset();
    return { begun: true, ...change };
  }

  #findRunning(app: number, pseudonym: Buffer): number | undefined {
    return this.store.db
      .prepare(`SELECT device FROM erasures WHERE app = ? AND pseudonym = ? AND state = 'running'`)
      .pluck()
      .get(app, pseudonym) as number | undefined;
  }

  /** Deletes and overwrites a device's rows in one partition, and takes their counts back where days can be recounted. */
  eraseRows(input: { erasure: string; partition: number; ids: Uint32Array; tally: TallyData }): RollupChange {
    const { db } = this.store;
    const erasure = this.findErasure(input);
    if (erasure?.state !== 'running' || erasure.device === null) return NO_CHANGE;
    const { app, device } = erasure;
    return this.#overwriting(() =>
      this.store.transaction(() => {
        const remove = db.prepare(
          `DELETE FROM ${eventsTable(input.partition)} WHERE id = ? AND app = ? AND device = ?`,
        );
        let erased = 0;
        for (const id of input.ids) erased += remove.run(id, app, device).changes;
        if (erased !== input.ids.length) throw new Error('The rows to be erased are not the ones that were collected.');
        const days = this.store.rollups.subtract(app, device, input.tally, findFirstCoveredDay(db), this.now());
        db.prepare('UPDATE partitions SET revision = revision + 1, row_count = row_count - ? WHERE day = ?').run(
          erased,
          input.partition,
        );
        db.prepare('UPDATE erasures SET rows_erased = rows_erased + ? WHERE erasure = ?').run(erased, input.erasure);
        return { touched: days.map((day) => ({ app, day })), suspects: [] };
      }),
    );
  }

  /** Takes a device out of sessions, sets and samples: the last step of an erasure. */
  finishErasure(input: { erasure: string }): RollupChange {
    const { db } = this.store;
    const erasure = this.findErasure(input);
    if (erasure?.state !== 'running' || erasure.device === null) return NO_CHANGE;
    const { app, device } = erasure;
    return this.#overwriting(() =>
      this.store.transaction(() => {
        const nowMs = this.now();
        const change = this.store.flushInside(nowMs) ?? NO_CHANGE;
        const days = this.#forgetSessions(app, device);
        for (const day of this.store.rollups.sets.forget(app, device)) days.add(day);
        for (const day of db.prepare('SELECT DISTINCT day FROM device_days').pluck().all() as number[]) {
          db.prepare('DELETE FROM device_days WHERE day = ? AND app = ? AND device = ?').run(day, app, device);
        }
        this.#forgetCrashes(app, device);
        for (const day of days) this.store.rollups.touchDay(day, nowMs);
        db.prepare(`UPDATE erasures SET state = 'done', done_ms = ?, device = NULL WHERE erasure = ?`).run(
          nowMs,
          input.erasure,
        );
        this.store.verdicts.reset();
        this.store.dictionaries.reset();
        const touched = [...days].map((day) => ({ app, day }));
        return { touched: [...change.touched, ...touched], suspects: change.suspects };
      }),
    );
  }

  findErasure(input: { erasure: string }): ErasureRow | undefined {
    return this.store.db
      .prepare('SELECT erasures.*, package_id FROM erasures JOIN apps ON apps.app = erasures.app WHERE erasure = ?')
      .get(input.erasure) as ErasureRow | undefined;
  }

  /** Erasures that are not done, or not yet written down outside. */
  listOpenErasures(): ErasureRow[] {
    return this.store.db
      .prepare(
        `SELECT erasures.*, package_id FROM erasures JOIN apps ON apps.app = erasures.app
         WHERE state = 'running' OR logged_ms IS NULL ORDER BY requested_ms`,
      )
      .all() as ErasureRow[];
  }

  recordErasureLogged(input: { erasure: string }): void {
    this.store.db.prepare('UPDATE erasures SET logged_ms = ? WHERE erasure = ?').run(this.now(), input.erasure);
  }

  /** Takes away what the device sent of crashes, and the text of groups that nobody is left in. */
  #forgetCrashes(app: number, device: number): void {
    const { db, batches } = this.store;
    db.prepare('UPDATE crash_groups SET sample = NULL, sample_device = NULL WHERE app = ? AND sample_device = ?').run(
      app,
      device,
    );
    db.prepare(
      `DELETE FROM crash_groups WHERE app = @app AND sample IS NULL AND sample_device IS NULL AND crash_group NOT IN
         (SELECT crash_group FROM crash_days WHERE app = @app UNION SELECT crash_group FROM crash_devices WHERE app = @app)`,
    ).run({ app });
    batches.crashGroups.reset();
  }

  #forgetSessions(app: number, device: number): Set<number> {
    const { db, rollups } = this.store;
    const covered = findFirstCoveredDay(db);
    const days = new Set<number>();
    const firsts = db
      .prepare(
        'SELECT DISTINCT first_ms / 86400000 AS day FROM sessions WHERE app = ? AND device = ? AND first_ms IS NOT NULL',
      )
      .pluck()
      .all(app, device) as number[];
    for (const day of firsts) {
      if (day < covered) continue;
      const bot = this.store.verdicts.isBot(app, day, device) ? 1 : 0;
      rollups.cells.add(app, day, bot, rollups.sessionCellsOf({ app, day, device }), -1);
      days.add(day);
    }
    db.prepare('DELETE FROM sessions WHERE app = ? AND device = ?').run(app, device);
    return days;
  }

  /** Runs work while what is deleted is overwritten in the file, not only unlinked. */
  #overwriting<Result>(work: () => Result): Result {
    this.store.db.pragma('secure_delete = ON');
    try {
      return work();
    } finally {
      this.store.db.pragma('secure_delete = FAST');
    }
  }
}
