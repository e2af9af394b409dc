import type { RawConnection } from '@mosis/sqlite/connection';

/** What an app has sent on a day of receipt. */
export interface Receipt {
  batches: number;
  accepted: number;
  rejected: number;
  newDevices: number;
}

interface Kept {
  app: number;
  day: number;
  total: Receipt;
  written: Receipt;
}

/** Counts per app and day of receipt: in memory for the quota, written once per commit. */
export class Receipts {
  readonly #kept = new Map<string, Kept>();
  readonly #used = new Set<Kept>();
  readonly #find;
  readonly #write;

  constructor(db: RawConnection) {
    this.#find = db.prepare(
      'SELECT batches, accepted, rejected, new_devices AS newDevices FROM receipts WHERE app = ? AND day = ?',
    );
    this.#write = db.prepare(
      `INSERT INTO receipts (app, day, batches, accepted, rejected, new_devices) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET batches = excluded.batches, accepted = excluded.accepted, rejected = excluded.rejected,
         new_devices = excluded.new_devices`,
    );
  }

  /** The counts of an app's day; the caller adds to them. */
  of(app: number, day: number): Receipt {
    const key = `${app}/${day}`;
    let kept = this.#kept.get(key);
    if (!kept) {
      const total = (this.#find.get(app, day) as Receipt | undefined) ?? {
        batches: 0,
        accepted: 0,
        rejected: 0,
        newDevices: 0,
      };
      kept = { app, day, total, written: { ...total } };
      this.#kept.set(key, kept);
    }
    this.#used.add(kept);
    return kept.total;
  }

  write(): void {
    for (const { app, day, total, written } of this.#used) {
      if (total.batches === written.batches) continue;
      this.#write.run(app, day, total.batches, total.accepted, total.rejected, total.newDevices);
      Object.assign(written, total);
    }
    this.#used.clear();
    if (this.#kept.size > 10_000) this.#kept.clear();
  }

  reset(): void {
    this.#kept.clear();
    this.#used.clear();
  }
}
