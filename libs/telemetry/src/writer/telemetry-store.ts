import { isSqliteError, type RawConnection } from '@mosis/sqlite/connection';
import type { BotThresholds, EngineLog, IngestLimits } from '../engine/types.js';
import { BotVerdicts } from '../rollup/bot-verdicts.js';
import { tallyRawRows, type RowReading } from '../rollup/raw-rows.js';
import { RollupStore, type RollupChange } from '../rollup/rollup-store.js';
import { RollupTally } from '../rollup/tally.js';
import { findLastRowId, listPartitions } from '../storage/partitions.js';
import { DEFAULT_WIRE_LIMITS } from '../wire/index.js';
import { BatchStore, type WriterResult, type WriterUpload } from './batch-store.js';
import { Dictionaries } from './dictionaries.js';
import { PartitionClock } from './partition-clock.js';

/** Rows wait at most this long for the roll-ups, and counters at most this many: both bound the work of one flush. */
export const FLUSH_AFTER_MS = 3_000;
const FLUSH_SIZE = 1_600;
/** After roll-ups could not be written, uploads go on without them for this long before it is tried again. */
const FLUSH_PAUSE_MS = 60_000;

const DISK_TROUBLE = [
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
  'SQLITE_CORRUPT',
  'SQLITE_BUSY',
] as const;

/** What the store needs beside its connection. */
export interface StoreOptions {
  bots: BotThresholds;
  limits: IngestLimits;
  log: EngineLog;
}

/** What one commit did. */
export interface CommitOutcome {
  results: WriterResult[];
  change: RollupChange | undefined;
}

/**
 * telemetry.db as the writer thread owns it: group commits, incremental roll-ups, and the transactions that maintenance
 * asks for. Everything in memory can be lost at any moment and is made again from the file.
 */
export class TelemetryStore {
  readonly dictionaries: Dictionaries;
  readonly verdicts: BotVerdicts;
  readonly rollups: RollupStore;
  readonly batches: BatchStore;
  readonly clock: PartitionClock;
  #tally: RollupTally;
  #tallySinceMs: number | undefined;
  #flushFailedMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly db: RawConnection,
    private readonly options: StoreOptions,
  ) {
    this.dictionaries = new Dictionaries(db);
    this.verdicts = new BotVerdicts(db, () => this.rollups.sets);
    this.rollups = new RollupStore(
      db,
      (context) => this.dictionaries.contextWords(context),
      this.verdicts,
      options.bots,
    );
    this.clock = new PartitionClock(listPartitions(db).at(-1)?.day);
    this.batches = new BatchStore(db, this.dictionaries, this.clock, DEFAULT_WIRE_LIMITS, options.limits);
    this.#tally = this.newTally();
    this.#recover();
  }

  /** How raw rows are read so that they count as they did when they came. */
  get reading(): RowReading {
    return {
      kindOf: (type) => this.dictionaries.kindOf(type),
      findCrashGroup: (app, kind, data) => this.batches.crashGroups.find(app, kind, data),
    };
  }

  /** An empty tally that knows the verdicts in force. */
  newTally(): RollupTally {
    return new RollupTally((app, day, device) => this.verdicts.isBot(app, day, device));
  }

  /** Milliseconds since the oldest row that is not in the roll-ups was stored. */
  rollupLagMs(nowMs: number): number {
    return this.#tallySinceMs === undefined ? 0 : Math.max(0, nowMs - this.#tallySinceMs);
  }

  /** Whether roll-ups should be written now. */
  isFlushDue(nowMs: number): boolean {
    if (this.#tally.isEmpty) return false;
    const sinceFailureMs = nowMs - this.#flushFailedMs;
    if (sinceFailureMs >= 0 && sinceFailureMs < FLUSH_PAUSE_MS) return false;
    // A clock that was set back must not make the counts wait until it has caught up.
    const clockWentBack = nowMs < (this.#tallySinceMs ?? nowMs);
    return this.#tally.size >= FLUSH_SIZE || clockWentBack || this.rollupLagMs(nowMs) >= FLUSH_AFTER_MS;
  }

  /**
   * Stores uploads in one transaction and answers after its COMMIT, which follows a sync. What goes wrong with one upload
   * that is not the upload's fault is tried again with each upload alone, so that none sinks the others.
   */
  commit(uploads: readonly WriterUpload[], nowMs: number): CommitOutcome {
    try {
      return this.#commitTogether(uploads, nowMs);
    } catch (error) {
      if (uploads.length === 1 || isDiskTrouble(error)) {
        this.options.log.error({ err: error, uploads: uploads.length }, 'uploads could not be stored');
        const results = uploads.map(() => troubleResult(error));
        return { results, change: undefined };
      }
      const parts = uploads.map((upload) => this.commit([upload], nowMs));
      return { results: parts.flatMap(({ results }) => results), change: mergeChanges(parts) };
    }
  }

  /** Writes the waiting counts into the roll-ups. */
  flush(nowMs: number): RollupChange | undefined {
    if (this.#tally.isEmpty) return undefined;
    try {
      return this.transaction(() => this.flushInside(nowMs));
    } catch (error) {
      this.#flushFailedMs = nowMs;
      throw error;
    }
  }

  /** The same inside a transaction that is open. */
  flushInside(nowMs: number): RollupChange | undefined {
    if (this.#tally.isEmpty) return undefined;
    const change = this.rollups.add(this.#tally, nowMs);
    this.#tally = this.newTally();
    this.#tallySinceMs = undefined;
    return change;
  }

  /** Runs work in one immediate transaction. Whatever it throws undoes it, and what was in memory is made anew. */
  transaction<Result>(work: () => Result): Result {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.#reset();
      throw error;
    }
  }

  #commitTogether(uploads: readonly WriterUpload[], nowMs: number): CommitOutcome {
    return this.transaction(() => {
      const change = this.isFlushDue(nowMs) ? this.#flushUnlessDamaged(nowMs) : undefined;
      const results = uploads.map((upload) => this.batches.store(upload, this.#tally));
      this.batches.finish();
      if (!this.#tally.isEmpty) this.#tallySinceMs ??= nowMs;
      return { results, change };
    });
  }

  /**
   * Writes the waiting counts, or leaves them waiting when the roll-ups are too damaged to take them: uploads are stored all
   * the same, for the raw rows are what a repair counts from.
   */
  #flushUnlessDamaged(nowMs: number): RollupChange | undefined {
    this.db.exec('SAVEPOINT roll_up');
    try {
      const change = this.flushInside(nowMs);
      this.db.exec('RELEASE roll_up');
      return change;
    } catch (error) {
      if (isDiskTrouble(error) || !this.db.inTransaction) throw error;
      this.db.exec('ROLLBACK TO roll_up; RELEASE roll_up');
      this.#flushFailedMs = nowMs;
      this.options.log.error({ err: error }, 'roll-ups could not be written; uploads go on without them for a minute');
      return undefined;
    }
  }

  #reset(): void {
    this.dictionaries.reset();
    this.verdicts.reset();
    this.batches.reset();
    this.#recover();
  }

  /** Counts again what is stored and not rolled up. */
  #recover(): void {
    this.#tally = this.newTally();
    this.#tallySinceMs = undefined;
    for (const partition of listPartitions(this.db)) {
      const upTo = findLastRowId(this.db, partition.day);
      if (upTo <= partition.rolled_up_to) continue;
      const range = { after: partition.rolled_up_to, upTo };
      tallyRawRows(this.db, partition.day, range, {}, this.reading, this.#tally);
      this.#tallySinceMs ??= 0;
    }
  }
}

/** Whether the disk is the trouble: trying again at once would not help. */
export function isDiskTrouble(error: unknown): boolean {
  return DISK_TROUBLE.some((code) => isSqliteError(error, code));
}

function troubleResult(error: unknown): WriterResult {
  const full = isDiskTrouble(error);
  return {
    outcome: {
      kind: 'refused',
      status: 503,
      code: full ? 'storage-trouble' : 'upload-failed',
      detail: 'The upload could not be stored and nothing of it was. Send the same batch again later.',
      retryAfterSeconds: full ? 60 : 10,
    },
  };
}

function mergeChanges(parts: readonly CommitOutcome[]): RollupChange | undefined {
  const changes = parts.flatMap(({ change }) => change ?? []);
  if (changes.length === 0) return undefined;
  return {
    touched: changes.flatMap(({ touched }) => touched),
    suspects: changes.flatMap(({ suspects }) => suspects),
  };
}
