import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import { Clock, DAY_MS, HOUR_MS, MINUTE_MS } from '../common/clock.js';
import { JobsRepository } from './jobs.repository.js';

/** Does one job; it may run more than once, so doing it twice must be as good as once. */
export type JobHandler = (payload: never) => Promise<unknown>;

interface Registration {
  handler: JobHandler;
  /** For work that repeats: milliseconds from one run to the next. */
  everyMs?: number;
}

/** With pauses that double up to six hours, the last attempt comes after three days. */
const MAX_ATTEMPTS = 24;
const BATCH = 20;
const LONGEST_NAP_MS = 10 * MINUTE_MS;
const KEEP_FINISHED_MS = 14 * DAY_MS;

/**
 * Background work as rows: queued in the transaction of the change that needs it, done at least once, tried again with
 * growing pauses, taken up again after a crash.
 */
@Injectable()
export class JobsService implements OnModuleDestroy {
  private readonly logger = new Logger('jobs');
  private readonly kinds = new Map<string, Registration>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private again = false;
  private started = false;
  private stopped = false;

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: JobsRepository,
    private readonly clock: Clock,
  ) {}

  /** Says who does jobs of a kind; with `everyMs` the job also repeats by itself. */
  register(kind: string, handler: JobHandler, everyMs?: number): void {
    this.kinds.set(kind, { handler, ...(everyMs === undefined ? {} : { everyMs }) });
  }

  /** Queues a job in the transaction of what makes it necessary. */
  async enqueue(trx: CoreTransaction, kind: string, payload: unknown, delayMs = 0): Promise<void> {
    await this.repository.insert(trx, kind, payload, this.clock.timestampIn(delayMs), this.clock.timestamp());
  }

  /** Begins to work: takes up what a predecessor left and plans what repeats. */
  async start(): Promise<void> {
    await this.db.write(async (trx) => {
      await this.repository.requeueRunning(trx, this.clock.timestamp());
      await this.repository.deleteFinishedBefore(
        trx,
        new Date(this.clock.now().getTime() - KEEP_FINISHED_MS).toISOString(),
      );
    });
    for (const [kind, { everyMs }] of this.kinds) if (everyMs !== undefined) await this.plan(kind, everyMs);
    this.started = true;
    this.db.onCommit(() => this.wake());
    this.wake();
  }

  /** Resolves when nothing is due any more. */
  async idle(): Promise<void> {
    this.wake();
    while (this.working) await this.working;
  }

  /** Runs the jobs that are due now, in a process that does not keep a worker (the command line). */
  async drain(): Promise<void> {
    await this.work();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private wake(): void {
    if (!this.started || this.stopped) return;
    if (this.working) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.working = this.work()
      .catch((error: unknown) => this.logger.error({ msg: 'the job loop stumbled', err: error }))
      .then(async () => {
        this.working = undefined;
        if (this.again) {
          this.again = false;
          this.wake();
        } else if (!this.stopped) await this.sleep();
      });
  }

  private async sleep(): Promise<void> {
    const next = await this.repository.findNextRunAt([...this.kinds.keys()]);
    const napMs = next ? Date.parse(next) - this.clock.now().getTime() : LONGEST_NAP_MS;
    if (this.stopped) return;
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(napMs, 10), LONGEST_NAP_MS)).unref();
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      // What only a newer version knows how to do waits for it.
      const due = await this.repository.listDue([...this.kinds.keys()], this.clock.timestamp(), BATCH);
      if (due.length === 0) return;
      for (const job of due) {
        if (this.stopped) return;
        await this.run(job);
        // Queries are synchronous underneath: without this, a long queue would keep requests from being heard.
        await setImmediate();
      }
    }
  }

  private async run(job: CoreRow<'jobs'>): Promise<void> {
    const registration = this.kinds.get(job.kind);
    if (!registration) return;
    await this.db.write((trx) => this.repository.start(trx, job.id, this.clock.timestamp()));
    const startedAt = performance.now();
    try {
      const result = await registration.handler(JSON.parse(job.payload) as never);
      await this.db.write((trx) =>
        this.repository.finish(trx, job.id, { state: 'done', result: result ?? null }, this.clock.timestamp()),
      );
      this.logger.debug({
        msg: 'job done',
        'job.kind': job.kind,
        'job.duration_ms': Math.round(performance.now() - startedAt),
      });
    } catch (error) {
      await this.failed(job, error as Error);
    }
    if (registration.everyMs !== undefined) await this.plan(job.kind, registration.everyMs);
  }

  private async failed(job: CoreRow<'jobs'>, error: Error): Promise<void> {
    const attempts = job.attempts + 1;
    const final = attempts >= MAX_ATTEMPTS;
    const pauseMs = Math.min(5_000 * 2 ** (attempts - 1), 6 * HOUR_MS);
    this.logger.warn({
      msg: final ? 'job given up' : 'job failed, to be tried again',
      'job.kind': job.kind,
      'job.attempts': attempts,
      err: error,
    });
    await this.db.write((trx) =>
      this.repository.finish(
        trx,
        job.id,
        final
          ? { state: 'failed', lastError: error.message }
          : { state: 'queued', lastError: error.message, runAt: this.clock.timestampIn(pauseMs) },
        this.clock.timestamp(),
      ),
    );
  }

  private async plan(kind: string, everyMs: number): Promise<void> {
    if (await this.repository.hasOpen(kind)) return;
    const latest = await this.repository.findLatest(kind);
    const dueInMs = latest ? Date.parse(latest.updated_at) + everyMs - this.clock.now().getTime() : everyMs;
    await this.db.write((trx) => this.enqueue(trx, kind, {}, Math.max(0, dueInMs)));
  }
}
