import { rm } from 'node:fs/promises';
import type { DatabaseWatch } from './database-watch.js';
import { shadowFolderOf } from './local-position.js';
import type { Replication } from './replication.js';
import { pauseAfter } from './tuning.js';

const FIRST_CHECK_MS = 2_500;

/** Looks at the replicas from time to time, and begins a new generation where nothing could be restored from one. */
export class ChainKeeper {
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  constructor(private readonly replication: Replication) {}

  /** Begins soon, and goes on until {@link stop}. */
  start(): void {
    this.#plan(Math.min(FIRST_CHECK_MS, this.replication.tuning.checkEveryMs));
  }

  /** Plans no further check. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Looks now; while a check is under way, that one is waited for. */
  async check(): Promise<void> {
    this.#checking ??= this.#check()
      .catch((error: unknown) => this.replication.log.error({ err: error }, 'the replicas cannot be looked at'))
      .finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Resolves when no check is under way. */
  async settled(): Promise<void> {
    await this.#checking;
  }

  #plan(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.check(), afterMs).unref();
  }

  async #check(): Promise<void> {
    const { replication } = this;
    const { checkEveryMs, confirmAfterMs } = replication.tuning;
    let nextMs = checkEveryMs;
    try {
      for (const watch of replication.watches) {
        const nowMs = replication.now();
        if (replication.isStopping || watch.suspension || !replication.runner?.isRunning) continue;
        if (watch.isSnapshotting(nowMs) || watch.local?.generation === undefined) {
          nextMs = Math.min(nextMs, confirmAfterMs);
          continue;
        }
        await replication.health.run(watch, nowMs);
        if (watch.check?.chain?.restorable) watch.suspensions = 0;
        if (watch.brokenChecks === 1) nextMs = Math.min(nextMs, confirmAfterMs);
        if (watch.brokenChecks > 1) await this.#heal(watch, nowMs);
      }
    } finally {
      if (!replication.isStopping) this.#plan(nextMs);
    }
  }

  /** Nothing can be restored from what lies on the replica: begins a generation that can. */
  async #heal(watch: DatabaseWatch, nowMs: number): Promise<void> {
    const { replication } = this;
    if (nowMs - watch.lastHealMs < pauseAfter(watch.heals, replication.tuning.healPausesMs)) return;
    await replication.alone(async () => {
      watch.heals += 1;
      watch.lastHealMs = nowMs;
      replication.log.error(
        { 'backup.database': watch.database, 'backup.problem': watch.check?.chain?.problem },
        'the backup on the replica is broken: a new generation is begun',
      );
      await replication.runner?.end(replication.patienceMs);
      await rm(shadowFolderOf(watch.file), { recursive: true, force: true });
      watch.beginAnew();
      await replication.launch();
    });
  }
}
