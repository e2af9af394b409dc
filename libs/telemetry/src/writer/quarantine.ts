import type { RawConnection } from '@mosis/sqlite/connection';

/** Samples kept of each app, and how many of them one commit may add. */
const SAMPLES_PER_APP = 200;
const SAMPLES_PER_COMMIT = 20;
/** Distinct reasons an app's SDKs may report a day. */
const DROP_REASONS_PER_DAY = 50;

/** Why something was refused. */
export interface Refusal {
  code: string;
  detail: string;
  /** Position in the batch; absent when the whole upload was refused. */
  index?: number;
  sample?: string;
  batchId?: string;
  appVersion?: string;
  /** Of the device that sent it; absent when the upload could not be read. */
  pseudonym?: Buffer;
}

/** Counts of what was refused or dropped, and a few samples an integrator can look at; written once per commit. */
export class Quarantine {
  readonly #counts = new Map<string, { app: number; day: number; code: string; n: number }>();
  readonly #drops = new Map<string, { app: number; day: number; reason: string; n: number }>();
  readonly #samples = new Map<number, { receivedMs: number; refusal: Refusal }[]>();
  readonly #sql;

  constructor(db: RawConnection) {
    this.#sql = {
      count: db.prepare(
        `INSERT INTO rejection_counts (app, day, code, events) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET events = events + excluded.events`,
      ),
      drop: db.prepare(
        `INSERT INTO sdk_drops (app, day, reason, events) VALUES (?, ?, ?, min(?, 9007199254740991))
         ON CONFLICT DO UPDATE SET events = min(events + excluded.events, 9007199254740991)`,
      ),
      knowsDrop: db.prepare('SELECT 1 FROM sdk_drops WHERE app = ? AND day = ? AND reason = ?').pluck(),
      countDrops: db.prepare('SELECT count(*) FROM sdk_drops WHERE app = ? AND day = ?').pluck(),
      sample: db.prepare(
        `INSERT INTO rejection_samples (app, received_ms, code, detail, batch_id, event_index, app_version, event, pseudonym)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      prune: db.prepare(
        `DELETE FROM rejection_samples WHERE app = ? AND sample <=
           (SELECT sample FROM rejection_samples WHERE app = ? ORDER BY sample DESC LIMIT 1 OFFSET ${SAMPLES_PER_APP})`,
      ),
    };
  }

  add(app: number, day: number, receivedMs: number, refusal: Refusal): void {
    const key = `${app}/${day}/${refusal.code}`;
    const count = this.#counts.get(key);
    if (count) count.n += 1;
    else this.#counts.set(key, { app, day, code: refusal.code, n: 1 });
    let samples = this.#samples.get(app);
    if (!samples) this.#samples.set(app, (samples = []));
    if (samples.length < SAMPLES_PER_COMMIT) samples.push({ receivedMs, refusal });
  }

  /** What an SDK says it dropped before sending. */
  addDrops(app: number, day: number, drops: Readonly<Record<string, number>>): void {
    for (const [reason, n] of Object.entries(drops)) {
      const key = `${app}/${day}/${reason}`;
      const drop = this.#drops.get(key);
      if (drop) drop.n += n;
      else this.#drops.set(key, { app, day, reason, n });
    }
  }

  write(): void {
    for (const { app, day, code, n } of this.#counts.values()) this.#sql.count.run(app, day, code, n);
    for (const { app, day, reason, n } of this.#drops.values()) {
      const known = this.#sql.knowsDrop.get(app, day, reason) !== undefined;
      const full = !known && (this.#sql.countDrops.get(app, day) as number) >= DROP_REASONS_PER_DAY;
      this.#sql.drop.run(app, day, full ? 'other' : reason, Math.min(n, Number.MAX_SAFE_INTEGER));
    }
    for (const [app, samples] of this.#samples) {
      for (const { receivedMs, refusal } of samples) {
        this.#sql.sample.run(
          app,
          receivedMs,
          refusal.code,
          refusal.detail.slice(0, 500),
          refusal.batchId ?? null,
          refusal.index ?? null,
          refusal.appVersion ?? null,
          refusal.sample ?? null,
          refusal.pseudonym ?? null,
        );
      }
      this.#sql.prune.run(app, app);
    }
    this.reset();
  }

  reset(): void {
    this.#counts.clear();
    this.#drops.clear();
    this.#samples.clear();
  }
}
