import { NO_CHANGE, type RollupChange, type TallyData } from '../rollup/rollup-store.js';
import { tallyRawRows } from '../rollup/raw-rows.js';
import { eventsTable } from '../storage/day-tables.js';
import { DAY_MS } from '../storage/days.js';
import {
  createPartition,
  findFirstCoveredDay,
  findLastRowId,
  findLastTrueBucket,
  listPartitions,
  raiseFirstCoveredDay,
  type PartitionRow,
} from '../storage/partitions.js';
import { applyCells, applyDifference } from '../rollup/apply-difference.js';
import type { CellDifferences } from '../rollup/day-cells.js';
import type { RollupDifference } from '../rollup/differences.js';
import { ErasureSteps } from './erasure-steps.js';

/** Rows one purge transaction removes at most, so that uploads never wait long for it. */
const PURGE_ROWS = 2_000;
const QUARANTINE_DAYS = 7;

/** A row of `bucket_days`. */
export interface BucketDayRow {
  day: number;
  version: number;
  changed_ms: number;
  exported_version: number | null;
  exported_rows: number | null;
  exported_bytes: number | null;
  exported_sha256: string | null;
  exported_ms: number | null;
}

/**
 * What maintenance asks of the writer thread, by name. Every method is one short transaction, so a kill between two of
 * them leaves a state from which the work goes on.
 */
export class Maintenance extends ErasureSteps {
  flush(): RollupChange | undefined {
    return this.store.flush(this.now());
  }

  /** Writes down what a verification of the backups looks for in what comes back. */
  recordMarker(input: { marker: string }): void {
    this.store.transaction(() =>
      this.store.db
        .prepare(
          `INSERT INTO engine_state (key, value) VALUES ('backup_marker', ?)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        )
        .run(input.marker),
    );
  }

  /**
   * Opens today's partition when the newest is older and holds rows, so that a day is closed, copied and at last dropped
   * also when nothing more comes.
   */
  turnPartition(): { turned: boolean } {
    const { db, clock } = this.store;
    return this.store.transaction(() => {
      const newest = listPartitions(db).at(-1);
      if (!newest || findLastRowId(db, newest.day) === 0) return { turned: false };
      const day = clock.dayFor(this.now());
      if (day === newest.day) return { turned: false };
      createPartition(db, day);
      return { turned: true };
    });
  }

  /** Drops a partition: its raw rows are unreachable from here on. Its rows must be in the roll-ups. */
  dropPartition(input: { day: number }): { dropped: boolean } & RollupChange {
    return this.store.transaction(() => {
      const change = this.store.flushInside(this.now()) ?? NO_CHANGE;
      const partitions = listPartitions(this.store.db);
      const partition = partitions.find(({ day }) => day === input.day);
      // The newest one may be written to at any moment.
      if (!partition || partition === partitions.at(-1)) return { dropped: false, ...change };
      this.store.db.exec(`DROP TABLE IF EXISTS ${eventsTable(input.day)}`);
      this.store.db.prepare('DELETE FROM partitions WHERE day = ?').run(input.day);
      const last = findLastTrueBucket(partition, partitions);
      if (last !== undefined) raiseFirstCoveredDay(this.store.db, last + 1);
      return { dropped: true, ...change };
    });
  }

  /**
   * Removes a bounded number of rows that have served their time: hours and device days behind the horizon, sessions
   * whose partitions are gone, quarantine, receipts, ledgers. Answers how many; 0 means done.
   */
  purge(input: { today: number; rawDays: number }): { removed: number } {
    const { db } = this.store;
    return this.store.transaction(() => {
      const horizon = input.today - input.rawDays;
      // Hours and device days are what a recount, an erasure and a verdict work on: as long as a day can be counted again,
      // it keeps them, however long its partitions are held.
      const uncovered = Math.min(findFirstCoveredDay(db), horizon);
      const oldest = listPartitions(db)[0];
      const limit = PURGE_ROWS;
      const run = (sql: string, ...values: number[]) => db.prepare(sql).run(...values).changes;
      let removed = 0;
      if (Number.isFinite(uncovered)) {
        removed += run(
          `DELETE FROM hour_counts WHERE (day, app, dimension, hour, value, measure, bot) IN
             (SELECT day, app, dimension, hour, value, measure, bot FROM hour_counts WHERE day < ? LIMIT ${limit})`,
          uncovered,
        );
        removed += run(
          `DELETE FROM hour_devices WHERE (day, app, hour) IN
             (SELECT day, app, hour FROM hour_devices WHERE day < ? LIMIT ${limit})`,
          uncovered,
        );
        removed += run(
          `DELETE FROM device_days WHERE (day, app, device) IN
             (SELECT day, app, device FROM device_days WHERE day < ? LIMIT ${limit})`,
          uncovered,
        );
      }
      if (oldest) {
        removed += run(
          `DELETE FROM sessions WHERE session IN
             (SELECT session FROM sessions WHERE session < ? AND last_partition < ? LIMIT ${limit})`,
          oldest.first_session,
          oldest.day,
        );
      }
      const quarantineMs = (input.today - QUARANTINE_DAYS) * DAY_MS;
      removed += run(
        `DELETE FROM rejection_samples WHERE sample IN
           (SELECT sample FROM rejection_samples WHERE received_ms < ? LIMIT ${limit})`,
        quarantineMs,
      );
      removed += run('DELETE FROM rejection_counts WHERE day < ?', input.today - QUARANTINE_DAYS);
      removed += run('DELETE FROM sdk_drops WHERE day < ?', horizon);
      removed += run('DELETE FROM receipts WHERE day < ?', horizon);
      removed += this.store.batches.ledger.dropBefore(input.today);
      if (removed > 0) this.store.dictionaries.reset();
      return { removed };
    });
  }

  recordArchive(input: { day: number; revision: number; rows: number; bytes: number; sha256: string }): {
    recorded: boolean;
  } {
    const { changes } = this.store.db
      .prepare(
        `UPDATE partitions SET archive_revision = @revision, archive_rows = @rows, archive_bytes = @bytes,
           archive_sha256 = @sha256, archived_ms = @now WHERE day = @day AND revision = @revision`,
      )
      .run({ ...input, now: this.now() });
    return { recorded: changes === 1 };
  }

  recordRawExport(input: { day: number; sha256: string | null }): void {
    this.store.db
      .prepare('UPDATE partitions SET exported_sha256 = ?, exported_ms = ? WHERE day = ?')
      .run(input.sha256, input.sha256 === null ? null : this.now(), input.day);
  }

  recordExport(input: { day: number; version: number; rows: number; bytes: number; sha256: string }): void {
    this.store.db
      .prepare(
        `UPDATE bucket_days SET exported_version = @version, exported_rows = @rows, exported_bytes = @bytes,
           exported_sha256 = @sha256, exported_ms = @now WHERE day = @day`,
      )
      .run({ ...input, now: this.now() });
  }

  recordPurged(input: { day: number; version: number }): void {
    this.store.db
      .prepare(
        `UPDATE bucket_days SET exported_version = @version, exported_rows = NULL, exported_bytes = NULL,
           exported_sha256 = NULL, exported_ms = NULL WHERE day = @day`,
      )
      .run(input);
  }

  /**
   * Puts a device's bucket day on the bots' side, or back. `tally` holds its rows of that day up to the ids of `upTo`;
   * what came since is read here.
   */
  applyVerdict(input: {
    app: number;
    day: number;
    device: number;
    toBot: boolean;
    tally: TallyData;
    upTo: ReadonlyMap<number, number>;
  }): RollupChange {
    const { app, day, device, toBot } = input;
    const nowMs = this.now();
    return this.store.transaction(() => {
      const change = this.store.flushInside(nowMs) ?? NO_CHANGE;
      if (this.store.verdicts.isBot(app, day, device) === toBot) return change;
      // Behind the horizon its rows, and the hours they were counted in, are gone.
      if (day < findFirstCoveredDay(this.store.db)) return change;
      // Forgotten since it was suspected: a verdict would be the only thing left of it.
      if (toBot && !this.#knowsDeviceDay(app, day, device)) return change;
      const tail = this.store.newTally();
      for (const partition of listPartitions(this.store.db)) {
        const range = { after: input.upTo.get(partition.day) ?? 0, upTo: findLastRowId(this.store.db, partition.day) };
        const filter = { app, device, bucketDay: day };
        tallyRawRows(this.store.db, partition.day, range, filter, this.store.reading, tail);
      }
      this.store.rollups.moveDeviceDay({ app, day, device }, [input.tally, tail], toBot, nowMs);
      return { touched: [...change.touched, { app, day }], suspects: change.suspects };
    });
  }

  /** Partitions as they stand, oldest first. */
  listPartitions(): PartitionRow[] {
    return listPartitions(this.store.db);
  }

  listBucketDays(): BucketDayRow[] {
    return this.store.db.prepare('SELECT * FROM bucket_days ORDER BY day').all() as BucketDayRow[];
  }

  /** Puts roll-ups right by the differences an audit found; sound also while events come in, for differences add up. */
  repair(input: {
    day: number;
    counts?: CellDifferences;
    repairs?: readonly { app: number; differences: readonly RollupDifference[] }[];
  }): RollupChange {
    const { day, counts, repairs = [] } = input;
    return this.store.transaction(() => {
      const apps = counts ? applyCells(this.store.rollups, day, counts) : new Set<number>();
      for (const { app, differences } of repairs) {
        apps.add(app);
        for (const difference of differences) {
          applyDifference(this.store.rollups, app, day, difference);
        }
      }
      this.store.rollups.touchDay(day, this.now());
      this.store.verdicts.reset();
      return { touched: [...apps].map((app) => ({ app, day })), suspects: [] };
    });
  }

  #knowsDeviceDay(app: number, day: number, device: number): boolean {
    const statement = this.store.db.prepare('SELECT 1 FROM device_days WHERE day = ? AND app = ? AND device = ?');
    return statement.get(day, app, device) !== undefined;
  }
}
