import { rm, statfs } from 'node:fs/promises';
import { findExcess } from './bounds.js';
import { checkpoint } from './checkpoint.js';
import type { DatabaseWatch } from './database-watch.js';
import { shadowFolderOf } from './local-position.js';
import type { Replication } from './replication.js';
import { pauseAfter } from './tuning.js';

/**
 * Looks at the files once a second, and keeps Litestream from eating the disk: a database whose log or copy outgrows its
 * bound is taken from it, and given back later; one that makes no progress is ended and started again.
 */
export class BoundsKeeper {
  #looking: Promise<void> | undefined;

  constructor(private readonly replication: Replication) {}

  /** Looks now; while a look is under way, that one is waited for. */
  async look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.replication.log.error({ err: error }, 'the state of the backups cannot be read'))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Resolves when no look is under way. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { replication } = this;
    const nowMs = replication.now();
    for (const watch of replication.watches) await watch.look(nowMs);
    if (replication.isStopping || !replication.runner) return;
    const deadForMs = replication.runner.deadForMs(nowMs);
    const freeBytes = await this.#freeBytes();
    for (const watch of replication.watches) {
      const { suspension } = watch;
      const excess = suspension ? undefined : findExcess(watch.local, { freeBytes, deadForMs }, replication.tuning);
      if (excess !== undefined) await this.#suspend(watch, excess);
      else if (suspension && nowMs >= suspension.untilMs) await this.#resume(watch);
    }
    await this.#endStalled(nowMs);
    // What ends because the server ends is no problem.
    if (!this.#hasToStop()) this.#announceTroubles(nowMs);
  }

  #announceTroubles(nowMs: number): void {
    const { watches, announcer, state, tuning } = this.replication;
    for (const watch of watches)
      announcer.announce(watch.database, watch.findTrouble(state, tuning.lateAfterMs, nowMs));
  }

  /** One that hangs, or that hung on a replica that is back by now, does not recover by itself. */
  async #endStalled(nowMs: number): Promise<void> {
    const { replication } = this;
    const { stalledAfterMs } = replication.tuning;
    const stalled = replication.watches.find(
      (watch) => !watch.suspension && !watch.isSnapshotting(nowMs) && watch.lag.ageMs(nowMs) > stalledAfterMs,
    );
    if (!stalled || !replication.runner || replication.runner.ageMs < stalledAfterMs) return;
    await replication.alone(async () => {
      replication.log.error(
        { 'backup.database': stalled.database, 'backup.lag_seconds': Math.round(stalled.lag.ageMs(nowMs) / 1000) },
        'Litestream makes no progress and is started again',
      );
      await replication.runner?.end();
      await replication.launch();
    });
  }

  /** Takes a database from Litestream: from here on its commits fold the WAL in, and no copy takes space. */
  async #suspend(watch: DatabaseWatch, reason: string): Promise<void> {
    const { replication } = this;
    await replication.alone(async () => {
      if (watch.suspension) return;
      const pauseMs = pauseAfter(watch.suspensions, replication.tuning.resumePausesMs);
      watch.suspensions += 1;
      replication.log.error(
        { 'backup.database': watch.database, 'backup.reason': reason, 'backup.resume_ms': pauseMs },
        'backups are suspended: the application checkpoints by itself, and they begin anew later',
      );
      await replication.runner?.end();
      watch.suspension = { reason, untilMs: replication.now() + pauseMs };
      watch.beginAnew();
      replication.tell(watch);
      await rm(shadowFolderOf(watch.file), { recursive: true, force: true });
      // The other database goes on at once: folding a large WAL takes seconds.
      await replication.launch();
      await this.#fold(watch);
    });
  }

  async #fold(watch: DatabaseWatch): Promise<void> {
    try {
      await checkpoint(watch.file);
    } catch (error) {
      this.replication.log.error(
        { 'backup.database': watch.database, err: error },
        'the WAL could not be folded into the file; the next commits try it again',
      );
    }
  }

  /** Gives a database back to Litestream when its replica answers. */
  async #resume(watch: DatabaseWatch): Promise<void> {
    const { replication } = this;
    const suspension = watch.suspension;
    try {
      await replication.health.probe(watch);
    } catch (error) {
      if (!suspension) return;
      const pauseMs = pauseAfter(watch.suspensions, replication.tuning.resumePausesMs);
      watch.suspensions += 1;
      watch.suspension = {
        reason: `the replica cannot be used: ${(error as Error).message}`,
        untilMs: replication.now() + pauseMs,
      };
      return;
    }
    await replication.alone(async () => {
      watch.suspension = undefined;
      replication.tell(watch);
      replication.log.info({ 'backup.database': watch.database }, 'backups begin anew');
      await replication.runner?.end(replication.patienceMs);
      await replication.launch();
    });
  }

  /** Asked anew after each pause: a stop may have begun meanwhile. */
  #hasToStop(): boolean {
    return this.replication.isStopping;
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.replication.options.dataDir);
    return bavail * bsize;
  }
}
