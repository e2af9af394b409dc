import { setTimeout as delay } from 'node:timers/promises';
import { describeMissing, findLitestream, LITESTREAM_VERSION } from '../litestream/binary.js';
import { litestreamEnvironment } from '../litestream/config.js';
import type { DatabaseName } from '../location.js';
import { comparePositions, type Position } from '../replica/position.js';
import { BoundsKeeper } from './bounds-keeper.js';
import { ChainKeeper } from './chain-keeper.js';
import { describeStatus } from './describe-status.js';
import { LitestreamRunner } from './litestream-runner.js';
import { parseLitestreamLine } from './log-line.js';
import { endOrphans, locateLitestreamConfig } from './orphans.js';
import { Replication, type CheckpointListener, type SupervisorOptions } from './replication.js';
import { sharesDevice } from './same-device.js';
import type { BackupStatus } from './status.js';

/** It opens its files within half a second; a busy machine may take its time. */
const BEGUN_AFTER_MS = 5_000;
const SHIPPED_LOOK_MS = 50;

/**
 * Runs Litestream for the databases of a data directory and watches what it does. It is started before any connection may
 * write and stopped after all are closed. While Litestream holds a WAL, nobody else may checkpoint; when it is dead for
 * long, hangs, or its copies outgrow their bounds, the database is taken from it, the application checkpoints, and it is
 * tried again later with a new generation.
 */
export class LitestreamSupervisor {
  readonly #replication: Replication;
  readonly #bounds: BoundsKeeper;
  readonly #chains: ChainKeeper;
  #sameDevice = false;
  #stopping: Promise<void> | undefined;
  #lookTimer: NodeJS.Timeout | undefined;

  private constructor(options: SupervisorOptions) {
    this.#replication = new Replication(options);
    this.#bounds = new BoundsKeeper(this.#replication);
    this.#chains = new ChainKeeper(this.#replication);
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
    return this.#replication.applicationCheckpoints(database);
  }

  /** Calls `listener` whenever that changes. It must not throw. */
  onCheckpointsChanged(listener: CheckpointListener): void {
    this.#replication.onCheckpointsChanged(listener);
  }

  /** What is going on, from what was last seen; cheap enough for every scrape. */
  status(): BackupStatus {
    const { now, runner, state, tuning, watches, options } = this.#replication;
    const nowMs = now();
    return describeStatus({
      available: runner !== undefined,
      missing: runner === undefined ? describeMissing(options.binary) : undefined,
      litestreamVersion: LITESTREAM_VERSION,
      location: options.location.url,
      pid: runner?.pid ?? null,
      restarts: runner?.restarts ?? 0,
      sameDevice: this.#sameDevice,
      databases: watches.map((watch) => watch.describe(state, tuning.lateAfterMs, nowMs)),
    });
  }

  /** Looks at the files and lists the replica now, and answers what it saw. */
  async inspect(): Promise<BackupStatus> {
    // One that is on its way may have begun before what the caller wants to see.
    await Promise.all([this.#bounds.settled(), this.#chains.settled()]);
    await this.#bounds.look();
    for (const watch of this.#replication.watches) watch.listedAtMs = Number.NEGATIVE_INFINITY;
    await this.#chains.check();
    return this.status();
  }

  /**
   * Resolves when everything that is written by now is on the replica.
   *
   * @throws why not: the reason of `signal`, or a database that is not copied at all
   */
  async whenShipped(signal: AbortSignal): Promise<void> {
    const replication = this.#replication;
    for (const watch of replication.watches) {
      let wanted: Position | undefined;
      for (;;) {
        signal.throwIfAborted();
        if (replication.runner === undefined) throw new Error('there is no Litestream');
        if (watch.suspension) throw new Error(`${watch.database}.db is not copied: ${watch.suspension.reason}`);
        await watch.look(replication.now());
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
    this.#replication.isStopping = true;
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const replication = this.#replication;
    const { log, now, tuning } = replication;
    const { dataDir, location, binary: configured } = replication.options;
    const configFile = await locateLitestreamConfig(dataDir);
    await endOrphans(configFile, tuning.stopWithinMs, log);
    this.#sameDevice = await sharesDevice(dataDir, location);
    const binary = findLitestream(configured);
    if (binary === undefined) {
      log.warn({ 'backup.available': false }, `NOTHING IS BACKED UP. ${describeMissing(configured)}`);
      return;
    }
    if (this.#sameDevice)
      log.warn(
        { 'backup.location': location.url },
        'backups lie on the same device as the data: a broken disk takes both. Set BACKUP_URL to another volume or an S3 bucket',
      );
    const runner = new LitestreamRunner({
      binary,
      configFile,
      environment: litestreamEnvironment(location),
      tuning,
      now,
      log,
      onLine: (line) => this.#hear(line),
      onGone: () => {
        for (const watch of replication.watches) watch.interrupted();
      },
      onRestartDue: () => void replication.alone(async () => (runner.isRunning ? undefined : replication.launch())),
    });
    replication.runner = runner;
    await replication.launch();
    this.#lookTimer = setInterval(() => void this.#bounds.look(), tuning.lookEveryMs).unref();
    this.#chains.start();
  }

  #hear(line: string): void {
    const { watches, now, announcer } = this.#replication;
    const event = parseLitestreamLine(line);
    const concerned = event.database === undefined ? watches : [this.#replication.watch(event.database)];
    for (const watch of concerned) watch.hear(event, now());
    announcer.hear(event);
    // What was committed while it arrived waits from now on, and shows before the next regular look.
    if (event.kind === 'segment-written') void this.#bounds.look();
  }

  async #stop(): Promise<void> {
    const replication = this.#replication;
    clearInterval(this.#lookTimer);
    this.#chains.stop();
    await replication.last(async () => {
      if (replication.runner) await this.#letItBegin(replication.runner);
      const ended = (await replication.runner?.end(replication.patienceMs)) ?? true;
      if (!ended)
        replication.log.error(
          {},
          'Litestream did not end in time; what it had not shipped is shipped after the next start',
        );
    });
    await Promise.all([this.#bounds.settled(), this.#chains.settled()]);
    await replication.health.close();
  }

  /** Asked to end before it has opened its files, Litestream would ship nothing of what was written meanwhile. */
  async #letItBegin(runner: LitestreamRunner): Promise<void> {
    const { watches, now } = this.#replication;
    while (runner.isRunning && runner.ageMs < BEGUN_AFTER_MS) {
      for (const watch of watches) await watch.look(now());
      if (watches.every((watch) => watch.isCopied)) return;
      await delay(25);
    }
  }
}
