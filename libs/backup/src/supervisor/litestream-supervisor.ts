import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Mutex } from '@mosis/sqlite/connection';
import { findLitestream, LITESTREAM_VERSION } from '../litestream/binary.js';
import { litestreamEnvironment, renderLitestreamConfig } from '../litestream/config.js';
import { DATABASES, databaseFileName, type BackupLocation, type DatabaseName } from '../location.js';
import { Announcer } from './announcer.js';
import { findExcess } from './bounds.js';
import { comparePositions, type Position } from '../replica/position.js';
import { checkpoint } from './checkpoint.js';
import { DatabaseWatch } from './database-watch.js';
import { HealthCheck } from './health-check.js';
import { LitestreamRunner } from './litestream-runner.js';
import { shadowFolderOf } from './local-position.js';
import { parseLitestreamLine } from './log-line.js';
import { endOrphans, locateLitestreamConfig } from './orphans.js';
import { scheduleOf } from './schedule.js';
import { sharesDevice } from './same-device.js';
import type { BackupLog, BackupStatus, ReplicationState } from './status.js';
import { describeStatus } from './describe-status.js';
import { DEFAULT_TUNING, pauseAfter, type SupervisorTuning } from './tuning.js';

const FIRST_CHECK_MS = 2_500;
/** It opens its files within half a second; a busy machine may take its time. */
const BEGUN_AFTER_MS = 5_000;
const SHIPPED_LOOK_MS = 50;

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

/**
 * Runs Litestream for the databases of a data directory and watches what it does. It is started before any connection may
 * write and stopped after all are closed. While Litestream holds a WAL, nobody else may checkpoint; when it is dead for
 * long, hangs, or its copies outgrow their bounds, the database is taken from it, the application checkpoints, and it is
 * tried again later with a new generation.
 */
export class LitestreamSupervisor {
  readonly #tuning: SupervisorTuning;
  readonly #watches: DatabaseWatch[];
  readonly #health: HealthCheck;
  readonly #log: BackupLog;
  readonly #now: () => number;
  /** Starting, stopping and giving up exclude each other. */
  readonly #turn = new Mutex();
  readonly #listeners: CheckpointListener[] = [];
  readonly #announcer: Announcer;
  /** Absent where there is no binary. */
  #runner: LitestreamRunner | undefined;
  #sameDevice = false;
  #stopping: Promise<void> | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #checking: Promise<void> | undefined;

  private constructor(private readonly options: SupervisorOptions) {
    this.#tuning = { ...DEFAULT_TUNING, ...options.tuning };
    this.#log = options.log;
    this.#announcer = new Announcer(options.log);
    this.#now = options.now ?? (() => Date.now());
    this.#health = new HealthCheck(options.location, this.#tuning.listEveryMs);
    this.#watches = DATABASES.map((name) => new DatabaseWatch(name, join(options.dataDir, databaseFileName(name))));
  }

  /**
   * Ends what a killed predecessor left, then starts Litestream. Resolves as soon as it runs: the databases may be opened
   * for writing from then on. Without a binary it resolves as well, and says so in the log and its status.
   *
   * @throws OrphanError when an old Litestream cannot be ended, or why its configuration cannot be written
   */
  static async start(options: SupervisorOptions): Promise<LitestreamSupervisor> {
    const supervisor = new LitestreamSupervisor(options);
    await supervisor.#start();
    return supervisor;
  }

  /** Whether the commits of a database fold its WAL in; otherwise Litestream does, and nobody else may. */
  applicationCheckpoints(database: DatabaseName): boolean {
    return this.#runner === undefined || this.#watch(database).suspension !== undefined;
  }

  /** Calls `listener` whenever that changes. It must not throw. */
  onCheckpointsChanged(listener: CheckpointListener): void {
    this.#listeners.push(listener);
  }

  /** What is going on, from what was last seen; cheap enough for every scrape. */
  status(): BackupStatus {
    const nowMs = this.#now();
    const state = this.#state();
    return describeStatus({
      available: this.#runner !== undefined,
      litestreamVersion: LITESTREAM_VERSION,
      location: this.options.location.url,
      pid: this.#runner?.pid ?? null,
      restarts: this.#runner?.restarts ?? 0,
      sameDevice: this.#sameDevice,
      databases: this.#watches.map((watch) => watch.describe(state, this.#tuning.lateAfterMs, nowMs)),
    });
  }

  /** Looks at the files and lists the replica now, and answers what it saw. */
  async inspect(): Promise<BackupStatus> {
    // One that is on its way may have begun before what the caller wants to see.
    await Promise.all([this.#looking, this.#checking]);
    await this.#look();
    for (const watch of this.#watches) watch.listedAtMs = Number.NEGATIVE_INFINITY;
    await this.#check();
    return this.status();
  }

  /**
   * Resolves when everything that is written by now is on the replica.
   *
   * @throws why not: the reason of `signal`, or a database that is not copied at all
   */
  async whenShipped(signal: AbortSignal): Promise<void> {
    for (const watch of this.#watches) {
      let wanted: Position | undefined;
      for (;;) {
        signal.throwIfAborted();
        if (this.#runner === undefined) throw new Error('there is no Litestream');
        if (watch.suspension) throw new Error(`${watch.database}.db is not copied: ${watch.suspension.reason}`);
        await watch.look(this.#now());
        const { end } = watch.local ?? {};
        // A generation that was begun meanwhile holds it in its snapshot. Every end that is seen from here on lies behind
        // what was written, so the least of them is enough: one seen while a WAL begins anew may be far ahead.
        if (end && (wanted?.generation !== end.generation || comparePositions(end, wanted) < 0)) wanted = end;
        const { replicated } = watch.lag;
        if (wanted && replicated?.generation === wanted.generation && comparePositions(replicated, wanted) >= 0) break;
        await delay(SHIPPED_LOOK_MS);
      }
    }
  }

  /** Lets Litestream ship the last WAL and ends it. Every connection that writes must be closed by now. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { dataDir, location } = this.options;
    const configFile = await locateLitestreamConfig(dataDir);
    await endOrphans(configFile, this.#tuning.stopWithinMs, this.#log);
    this.#sameDevice = await sharesDevice(dataDir, location);
    const binary = findLitestream(this.options.binary);
    if (binary === undefined) {
      this.#log.warn(
        { 'backup.available': false },
        `NOTHING IS BACKED UP: there is no Litestream for ${process.platform}-${process.arch}. Install ${LITESTREAM_VERSION} and set LITESTREAM_PATH`,
      );
      return;
    }
    if (this.#sameDevice)
      this.#log.warn(
        { 'backup.location': location.url },
        'backups lie on the same device as the data: a broken disk takes both. Set BACKUP_URL to another volume or an S3 bucket',
      );
    this.#runner = new LitestreamRunner({
      binary,
      configFile,
      environment: litestreamEnvironment(location),
      tuning: this.#tuning,
      now: this.#now,
      log: this.#log,
      onLine: (line) => this.#hear(line),
      onGone: () => {
        for (const watch of this.#watches) watch.interrupted();
      },
      onRestartDue: () => void this.#alone(async () => (this.#runner?.isRunning ? undefined : this.#launch())),
    });
    await this.#launch();
    this.#lookTimer = setInterval(() => void this.#look(), this.#tuning.lookEveryMs).unref();
    this.#planCheck(Math.min(FIRST_CHECK_MS, this.#tuning.checkEveryMs));
  }

  /** Starts Litestream for every database that it may have. */
  async #launch(): Promise<void> {
    const { location, retentionDays } = this.options;
    const databases = this.#watches
      .filter(({ suspension }) => suspension === undefined)
      .map(({ database, file }) => ({ database, file, schedule: scheduleOf(database, retentionDays) }));
    if (databases.length > 0) await this.#runner?.run(renderLitestreamConfig({ location, databases }));
  }

  /** One that cannot reach its replica never ends when it is asked (measured), so it gets little time. */
  #patienceMs(): number {
    const nowMs = this.#now();
    const late = this.#watches.some(
      ({ lag, complaint }) => complaint !== undefined || lag.ageMs(nowMs) > this.#tuning.lateAfterMs,
    );
    return late ? this.#tuning.stopWithinMs / 5 : this.#tuning.stopWithinMs;
  }

  #hear(line: string): void {
    const event = parseLitestreamLine(line);
    const watches = event.database === undefined ? this.#watches : [this.#watch(event.database)];
    for (const watch of watches) watch.hear(event, this.#now());
    this.#announcer.hear(event);
    // What was committed while it arrived waits from now on, and shows before the next regular look.
    if (event.kind === 'segment-written') void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking ??= this.#lookNow()
      .catch((error: unknown) => this.#log.error({ err: error }, 'the state of the backups cannot be read'))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const nowMs = this.#now();
    for (const watch of this.#watches) await watch.look(nowMs);
    if (this.#stopping || !this.#runner) return;
    const deadForMs = this.#runner.deadForMs(nowMs);
    const freeBytes = await this.#freeBytes();
    for (const watch of this.#watches) {
      const { suspension } = watch;
      const excess = suspension ? undefined : findExcess(watch.local, { freeBytes, deadForMs }, this.#tuning);
      if (excess !== undefined) await this.#suspend(watch, excess);
      else if (suspension && nowMs >= suspension.untilMs) await this.#resume(watch);
    }
    await this.#endStalled(nowMs);
    // What ends because the server ends is no problem.
    if (!this.#hasToStop()) this.#announceTroubles(nowMs);
  }

  #announceTroubles(nowMs: number): void {
    for (const watch of this.#watches)
      this.#announcer.announce(watch.database, watch.findTrouble(this.#state(), this.#tuning.lateAfterMs, nowMs));
  }

  /** One that hangs, or that hung on a replica that is back by now, does not recover by itself. */
  async #endStalled(nowMs: number): Promise<void> {
    const { stalledAfterMs } = this.#tuning;
    const stalled = this.#watches.find(
      (watch) => !watch.suspension && !watch.isSnapshotting(nowMs) && watch.lag.ageMs(nowMs) > stalledAfterMs,
    );
    if (!stalled || !this.#runner || this.#runner.ageMs < stalledAfterMs) return;
    await this.#alone(async () => {
      this.#log.error(
        { 'backup.database': stalled.database, 'backup.lag_seconds': Math.round(stalled.lag.ageMs(nowMs) / 1000) },
        'Litestream makes no progress and is started again',
      );
      await this.#runner?.end();
      await this.#launch();
    });
  }

  /** Takes a database from Litestream: from here on its commits fold the WAL in, and no copy takes space. */
  async #suspend(watch: DatabaseWatch, reason: string): Promise<void> {
    await this.#alone(async () => {
      if (watch.suspension) return;
      const pauseMs = pauseAfter(watch.suspensions, this.#tuning.resumePausesMs);
      watch.suspensions += 1;
      this.#log.error(
        { 'backup.database': watch.database, 'backup.reason': reason, 'backup.resume_ms': pauseMs },
        'backups are suspended: the application checkpoints by itself, and they begin anew later',
      );
      await this.#runner?.end();
      watch.suspension = { reason, untilMs: this.#now() + pauseMs };
      watch.beginAnew();
      this.#tell(watch);
      await rm(shadowFolderOf(watch.file), { recursive: true, force: true });
      // The other database goes on at once: folding a large WAL takes seconds.
      await this.#launch();
      await this.#fold(watch);
    });
  }

  async #fold(watch: DatabaseWatch): Promise<void> {
    try {
      await checkpoint(watch.file);
    } catch (error) {
      this.#log.error(
        { 'backup.database': watch.database, err: error },
        'the WAL could not be folded into the file; the next commits try it again',
      );
    }
  }

  /** Gives a database back to Litestream when its replica answers. */
  async #resume(watch: DatabaseWatch): Promise<void> {
    const suspension = watch.suspension;
    try {
      await this.#health.probe(watch);
    } catch (error) {
      if (!suspension) return;
      const pauseMs = pauseAfter(watch.suspensions, this.#tuning.resumePausesMs);
      watch.suspensions += 1;
      watch.suspension = {
        reason: `the replica cannot be used: ${(error as Error).message}`,
        untilMs: this.#now() + pauseMs,
      };
      return;
    }
    await this.#alone(async () => {
      watch.suspension = undefined;
      this.#tell(watch);
      this.#log.info({ 'backup.database': watch.database }, 'backups begin anew');
      await this.#runner?.end(this.#patienceMs());
      await this.#launch();
    });
  }

  #tell({ database }: DatabaseWatch): void {
    for (const listener of this.#listeners) listener(database, this.applicationCheckpoints(database));
  }

  #planCheck(afterMs: number): void {
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.#check(), afterMs).unref();
  }

  async #check(): Promise<void> {
    this.#checking ??= this.#checkNow()
      .catch((error: unknown) => this.#log.error({ err: error }, 'the replicas cannot be looked at'))
      .finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async #checkNow(): Promise<void> {
    const { checkEveryMs, confirmAfterMs } = this.#tuning;
    let nextMs = checkEveryMs;
    try {
      for (const watch of this.#watches) {
        const nowMs = this.#now();
        if (this.#stopping || watch.suspension || !this.#runner?.isRunning) continue;
        if (watch.isSnapshotting(nowMs) || watch.local?.generation === undefined) {
          nextMs = Math.min(nextMs, confirmAfterMs);
          continue;
        }
        await this.#health.run(watch, nowMs);
        if (watch.check?.chain?.restorable) watch.suspensions = 0;
        if (watch.brokenChecks === 1) nextMs = Math.min(nextMs, confirmAfterMs);
        if (watch.brokenChecks > 1) await this.#heal(watch, nowMs);
      }
    } finally {
      if (!this.#stopping) this.#planCheck(nextMs);
    }
  }

  /** Nothing can be restored from what lies on the replica: begins a generation that can. */
  async #heal(watch: DatabaseWatch, nowMs: number): Promise<void> {
    if (nowMs - watch.lastHealMs < pauseAfter(watch.heals, this.#tuning.healPausesMs)) return;
    await this.#alone(async () => {
      watch.heals += 1;
      watch.lastHealMs = nowMs;
      this.#log.error(
        { 'backup.database': watch.database, 'backup.problem': watch.check?.chain?.problem },
        'the backup on the replica is broken: a new generation is begun',
      );
      await this.#runner?.end(this.#patienceMs());
      await rm(shadowFolderOf(watch.file), { recursive: true, force: true });
      watch.beginAnew();
      await this.#launch();
    });
  }

  async #stop(): Promise<void> {
    clearInterval(this.#lookTimer);
    clearTimeout(this.#checkTimer);
    await this.#turn.lock();
    try {
      if (this.#runner) await this.#letItBegin(this.#runner);
      const ended = (await this.#runner?.end(this.#patienceMs())) ?? true;
      if (!ended)
        this.#log.error({}, 'Litestream did not end in time; what it had not shipped is shipped after the next start');
    } finally {
      this.#turn.unlock();
    }
    await Promise.all([this.#looking, this.#checking]);
    await this.#health.close();
  }

  /** Asked to end before it has opened its files, Litestream would ship nothing of what was written meanwhile. */
  async #letItBegin(runner: LitestreamRunner): Promise<void> {
    while (runner.isRunning && runner.ageMs < BEGUN_AFTER_MS) {
      for (const watch of this.#watches) await watch.look(this.#now());
      if (this.#watches.every((watch) => watch.isCopied)) return;
      await delay(25);
    }
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    await this.#turn.lock();
    try {
      if (!this.#stopping) await work();
    } catch (error) {
      this.#log.error({ err: error }, 'backups could not be looked after; it is tried again');
      if (this.#runner && !this.#runner.isRunning) this.#runner.planRestart((error as Error).message);
    } finally {
      this.#turn.unlock();
    }
  }

  /** Asked anew after each pause: a stop may have begun meanwhile. */
  #hasToStop(): boolean {
    return this.#stopping !== undefined;
  }

  #state(): ReplicationState {
    if (!this.#runner) return 'off';
    return this.#runner.isRunning ? 'replicating' : 'waiting';
  }

  #watch(database: DatabaseName): DatabaseWatch {
    return this.#watches.find((watch) => watch.database === database) as DatabaseWatch;
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.options.dataDir);
    return bavail * bsize;
  }
}
