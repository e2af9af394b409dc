import type { RawConnection } from '@mosis/sqlite/connection';
import type { BotThresholds } from '../engine/types.js';
import { auditDay, type DayAudit } from '../rollup/audit.js';
import type { CountedCopies } from '../rollup/day-counts.js';
import { tallyRawRows, type RowReading } from '../rollup/raw-rows.js';
import { planRecount } from '../rollup/recount-plan.js';
import type { TallyData } from '../rollup/rollup-store.js';
import { RollupTally } from '../rollup/tally.js';
import { eventsTable } from '../storage/day-tables.js';
import { findLastRowId, listPartitions } from '../storage/partitions.js';
import { CrashGroups } from '../writer/crash-groups.js';
import { Dictionaries } from '../writer/dictionaries.js';

/** Long reads of raw rows, made of short statements; they run in a thread of their own. */
export class ScanTasks {
  readonly #dictionaries: Dictionaries;
  readonly #crashGroups: CrashGroups;

  constructor(
    private readonly db: RawConnection,
    private readonly thresholds: BotThresholds,
  ) {
    this.#dictionaries = new Dictionaries(db);
    this.#crashGroups = new CrashGroups(db);
  }

  /** A device's rows of one bucket day, and how far each partition was read. */
  collectDeviceDay(input: { app: number; day: number; device: number }): {
    tally: TallyData;
    upTo: Map<number, number>;
  } {
    const tally = new RollupTally(() => false);
    const reading = this.#freshReading();
    const upTo = new Map<number, number>();
    for (const partition of listPartitions(this.db)) {
      const last = findLastRowId(this.db, partition.day);
      upTo.set(partition.day, last);
      const { first_bucket: first, last_bucket: newest } = partition;
      const mayHaveCounted = first !== null && newest !== null && first <= input.day && input.day <= newest;
      const range = { after: mayHaveCounted ? 0 : partition.rolled_up_to, upTo: last };
      const filter = { app: input.app, device: input.device, bucketDay: input.day };
      tallyRawRows(this.db, partition.day, range, filter, reading, tally);
    }
    return { tally: dataOf(tally), upTo };
  }

  /** The first `limit` of a device's rows in one partition, with their ids. */
  collectDeviceRows(input: { app: number; device: number; partition: number; limit: number }): {
    tally: TallyData;
    ids: Uint32Array;
  } {
    const tally = new RollupTally(() => false);
    const ids: number[] = [];
    const upTo = findLastRowId(this.db, input.partition);
    const filter = { app: input.app, device: input.device, limit: input.limit };
    tallyRawRows(this.db, input.partition, { after: 0, upTo }, filter, this.#freshReading(), tally, ids);
    return { tally: dataOf(tally), ids: Uint32Array.from(ids) };
  }

  /** What a bucket day can be counted from without reading raw rows. */
  planRecount(input: { day: number }): ReturnType<typeof planRecount> {
    return planRecount(this.db, input.day);
  }

  /** Counts a bucket day again; what was counted from copies already is not read. */
  auditDay(input: { day: number; counted?: CountedCopies | undefined }): DayAudit {
    // Dictionaries of a reader go stale only by purges; a recount must not depend on that.
    this.#dictionaries.reset();
    const context = {
      contextOf: (number: number) => this.#dictionaries.contextWords(number),
      reading: this.#freshReading(),
      thresholds: this.thresholds,
    };
    return auditDay(this.db, input.day, context, input.counted);
  }

  /** Reads a partition's pages, so that dropping it afterwards does not wait for the disk. */
  warm(input: { day: number }): { rows: number } {
    let rows = 0;
    const upTo = findLastRowId(this.db, input.day);
    const statement = this.db
      .prepare(`SELECT count(*), sum(length(data)) FROM ${eventsTable(input.day)} WHERE id > ? AND id <= ?`)
      .raw();
    for (let after = 0; after < upTo; after += 100_000) rows += (statement.get(after, after + 100_000) as [number])[0];
    return { rows };
  }

  /** For one task: groups go with the last of their crashes, and each task reads them as they are then. */
  #freshReading(): RowReading {
    this.#crashGroups.reset();
    return {
      kindOf: (type: number) => this.#dictionaries.kindOf(type),
      findCrashGroup: (app: number, kind: 'app_crash' | 'lua_error', data: string | null) =>
        this.#crashGroups.find(app, kind, data),
    };
  }
}

function dataOf({ days, sessions, partitions }: RollupTally): TallyData {
  return { days, sessions, partitions };
}
