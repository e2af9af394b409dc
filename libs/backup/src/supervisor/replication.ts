import { join } from 'node:path';
import { Mutex } from '@mosis/sqlite/connection';
import { renderLitestreamConfig } from '../litestream/config.js';
import { DATABASES, databaseFileName, type BackupLocation, type DatabaseName } from '../location.js';
import { Announcer } from './announcer.js';
import { DatabaseWatch } from './database-watch.js';
import { HealthCheck } from './health-check.js';
import type { LitestreamRunner } from './litestream-runner.js';
import { scheduleOf } from './schedule.js';
import type { BackupLog, ReplicationState } from './status.js';
import { DEFAULT_TUNING, type SupervisorTuning } from './tuning.js';

export interface SupervisorOptions {
  /** Holds the databases; the caller owns its lock. */
  dataDir: string;
  location: BackupLocation;
  /** Days of the past that stay restorable. */
  retentionDays: number;
  /** The Litestream binary, where it is not npm's. */
  binary?: string;
  log: BackupLog;
  /** Milliseconds since 1970; the machine's clock by default. */
  now?: () => number;
  tuning?: Partial<SupervisorTuning>;
}

/** Hears who folds the WAL of a database into its file: its own commits, or Litestream. */
export type CheckpointListener = (database: DatabaseName, applicationCheckpoints: boolean) => void;

/** The one Litestream of a data directory and the databases that it copies: what all parts of the supervisor work on. */
export class Replication {
  readonly tuning: SupervisorTuning;
  readonly watches: DatabaseWatch[];
  readonly health: HealthCheck;
  readonly announcer: Announcer;
  readonly log: BackupLog;
  readonly now: () => number;
  /** Absent where there is no binary. */
  runner: LitestreamRunner | undefined;
  /** From the beginning of a stop on, nothing is begun any more. */
  isStopping = false;
  /** Starting, stopping and giving up exclude each other. */
  readonly #turn = new Mutex();
  readonly #listeners: CheckpointListener[] = [];

  constructor(readonly options: SupervisorOptions) {
    this.tuning = { ...DEFAULT_TUNING, ...options.tuning };
    this.log = options.log;
    this.announcer = new Announcer(options.log);
    this.now = options.now ?? (() => Date.now());
    this.health = new HealthCheck(options.location, this.tuning.listEveryMs);
    this.watches = DATABASES.map((name) => new DatabaseWatch(name, join(options.dataDir, databaseFileName(name))));
  }

  get state(): ReplicationState {
    if (!this.runner) return 'off';
    return this.runner.isRunning ? 'replicating' : 'waiting';
  }

  watch(database: DatabaseName): DatabaseWatch {
    return this.watches.find((watch) => watch.database === database) as DatabaseWatch;
  }

  /** Whether the commits of a database fold its WAL in; otherwise Litestream does, and nobody else may. */
  applicationCheckpoints(database: DatabaseName): boolean {
    return this.runner === undefined || this.watch(database).suspension !== undefined;
  }

  onCheckpointsChanged(listener: CheckpointListener): void {
    this.#listeners.push(listener);
  }

  /** Tells the writers of a database who checkpoints now. */
  tell({ database }: DatabaseWatch): void {
    for (const listener of this.#listeners) listener(database, this.applicationCheckpoints(database));
  }

  /** Starts Litestream for every database that it may have. */
  async launch(): Promise<void> {
    const { location, retentionDays } = this.options;
    const databases = this.watches
      .filter(({ suspension }) => suspension === undefined)
      .map(({ database, file }) => ({ database, file, schedule: scheduleOf(database, retentionDays) }));
    if (databases.length > 0) await this.runner?.run(renderLitestreamConfig({ location, databases }));
  }

  /** How long Litestream gets to end. One that cannot reach its replica never ends when it is asked (measured): little. */
  get patienceMs(): number {
    const nowMs = this.now();
    const late = this.watches.some(
      ({ lag, complaint }) => complaint !== undefined || lag.ageMs(nowMs) > this.tuning.lateAfterMs,
    );
    return late ? this.tuning.stopWithinMs / 5 : this.tuning.stopWithinMs;
  }

  /** Does something to Litestream while nobody else does; nothing once a stop has begun. What fails is tried again. */
  async alone(work: () => Promise<void>): Promise<void> {
    await this.#turn.lock();
    try {
      if (!this.isStopping) await work();
    } catch (error) {
      this.log.error({ err: error }, 'backups could not be looked after; it is tried again');
      if (this.runner && !this.runner.isRunning) this.runner.planRestart((error as Error).message);
    } finally {
      this.#turn.unlock();
    }
  }

  /** Does the last thing to Litestream, once whoever is at it is done. */
  async last(work: () => Promise<void>): Promise<void> {
    await this.#turn.lock();
    try {
      await work();
    } finally {
      this.#turn.unlock();
    }
  }
}
