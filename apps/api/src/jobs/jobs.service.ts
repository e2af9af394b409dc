import { setTimeout as setTimer } from 'node:timers';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import { Clock, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../common/clock.js';
import { JobLane, type LaneName } from './job-lane.js';
import { JobsRepository } from './jobs.repository.js';

/** Does one job; it may run more than once, so doing it twice must be as good as once. */
export type JobHandler = (payload: never) => Promise<unknown>;

/** How a kind of job is done. */
export interface JobOptions {
  /** For work that repeats: milliseconds from one run to the next. */
  everyMs?: number;
  /** For work that repeats: it runs at the latest this many milliseconds after a start. */
  afterStartMs?: number;
  /** Which work it waits behind; `quick` unless said otherwise. */
  lane?: LaneName;
}

interface Registration extends JobOptions {
  handler: JobHandler;
}

/** How a kind of repeating work stands. */
export interface RepeatingJob {
  kind: string;
  state: 'done' | 'failed' | 'running' | 'queued';
  last_run_at: string | null;
  result: unknown;
  error: string | null;
  next_run_at: string | null;
}

/** With pauses that double up to six hours, the last attempt comes after three days. */
const MAX_ATTEMPTS = 24;
const BATCH = 20;
const LONGEST_NAP_MS = 10 * MINUTE_MS;
/** Commits that queue nothing make the lanes look for due work this often at most: most commits have no job in them. */
const LOOK_EVERY_MS = 250;
const KEEP_FINISHED_MS = 14 * DAY_MS;
/** Longer work that a stop finds under way gets this long; then it is left to the next start, which takes it up again. */
const SLOW_STOP_MS = 5 * SECOND_MS;

/**
 * Background work as rows: queued in the transaction of the change that needs it, done at least once, tried again with
 * growing pauses, taken up again after a crash.
 */
@Injectable()
export class JobsService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('jobs');
  private readonly kinds = new Map<string, Registration>();
  private readonly lanes: readonly [quick: JobLane, slow: JobLane, checks: JobLane];
  private started = false;
  /** Whether something was queued or brought forward since the lanes last looked. */
  private hasNews = false;
  private lookSoon: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: JobsRepository,
    private readonly clock: Clock,
  ) {
    const owner = {
      work: (lane: JobLane) => this.work(lane),
      findNapMs: (lane: JobLane) => this.findNapMs(lane),
      onError: (error: unknown) => this.logger.error({ msg: 'the job loop stumbled', err: error }),
    };
    this.lanes = [
      new JobLane('quick', LONGEST_NAP_MS, owner),
      new JobLane('slow', LONGEST_NAP_MS, owner),
      new JobLane('checks', LONGEST_NAP_MS, owner),
    ];
  }

  onModuleInit(): void {
    this.register('jobs.delete-finished', () => this.deleteFinished(), DAY_MS);
  }

  /** Says who does jobs of a kind; with `everyMs` the job also repeats by itself. */
  register(kind: string, handler: JobHandler, options: number | JobOptions = {}): void {
    this.kinds.set(kind, { handler, ...(typeof options === 'number' ? { everyMs: options } : options) });
  }

  /** Queues a job in the transaction of what makes it necessary. */
  async enqueue(trx: CoreTransaction, kind: string, payload: unknown, delayMs = 0): Promise<void> {
    this.hasNews = true;
    await this.repository.insert(trx, kind, payload, this.clock.timestampIn(delayMs), this.clock.timestamp());
  }

  /** Begins to work: takes up what a predecessor left and plans what repeats. */
  async start(): Promise<void> {
    await this.db.write((trx) => this.repository.requeueRunning(trx, this.clock.timestamp()));
    for (const [kind, registration] of this.kinds) {
      await this.plan(kind, registration);
      const { afterStartMs } = registration;
      if (afterStartMs !== undefined) await this.db.write((trx) => this.ensureQueued(trx, kind, afterStartMs));
    }
    this.started = true;
    this.db.onCommit(() => this.committed());
    this.wake();
  }

  /** Resolves when nothing is due any more. */
  async idle(): Promise<void> {
    this.wake();
    while (this.lanes.some((lane) => lane.underWay !== undefined)) for (const lane of this.lanes) await lane.underWay;
  }

  /** Runs the jobs that are due now, in a process that does not keep a worker (the command line); longer ones wait. */
  async drain(): Promise<void> {
    await this.work(this.lanes[0]);
  }

  /** Sees to it that a kind of job begins within `delayMs`: brings a waiting one forward, or queues one. */
  async ensureQueued(trx: CoreTransaction, kind: string, delayMs = 0): Promise<void> {
    const runAt = this.clock.timestampIn(delayMs);
    if (await this.repository.hasQueuedBy(trx, kind, runAt)) return;
    this.hasNews = true;
    if (await this.repository.bringForward(trx, kind, runAt)) return;
    await this.enqueue(trx, kind, {}, delayMs);
  }

  /**
   * Takes what came of work that somebody had done by hand for the result of its kind's waiting job, so that it is what is known,
   * and the job repeats from now on. A job that runs says itself what comes of it.
   */
  async settle(kind: string, result: unknown): Promise<void> {
    const now = this.clock.timestamp();
    await this.db.write(async (trx) => {
      const open = await this.repository.findOpen(kind, trx);
      if (open?.state === 'running') return;
      const id = open?.id ?? (await this.repository.insert(trx, kind, {}, now, now));
      await this.repository.finish(trx, id, { state: 'done', result }, now);
    });
    const registration = this.kinds.get(kind);
    if (registration) await this.plan(kind, registration);
  }

  /** Every kind of repeating work: how it last ended, and when it runs next. */
  async listRepeating(): Promise<RepeatingJob[]> {
    const kinds = [...this.kinds].filter(([, { everyMs }]) => everyMs !== undefined).map(([kind]) => kind);
    return Promise.all(
      kinds.sort().map(async (kind) => {
        const [latest, open] = [await this.repository.findLatest(kind), await this.repository.findOpen(kind)];
        const last = latest ?? open;
        return {
          kind,
          state: open?.state === 'running' ? ('running' as const) : (latest?.state ?? ('queued' as const)),
          last_run_at: latest?.updated_at ?? null,
          result: latest?.result ? (JSON.parse(latest.result) as unknown) : null,
          error: open?.last_error ?? last?.last_error ?? null,
          next_run_at: open?.state === 'queued' ? open.run_at : null,
        };
      }),
    );
  }

  async onModuleDestroy(): Promise<void> {
    const [quick, ...long] = this.lanes;
    clearTimeout(this.lookSoon);
    for (const lane of this.lanes) lane.stop();
    await quick.underWay;
    const underWay = Promise.all(long.map(async (lane) => lane.underWay));
    await Promise.race([underWay, setTimeout(SLOW_STOP_MS, undefined, { ref: false })]);
  }

  private committed(): void {
    if (this.hasNews) return this.wake();
    this.lookSoon ??= setTimer(() => this.wake(), LOOK_EVERY_MS).unref();
  }

  private wake(): void {
    this.hasNews = false;
    clearTimeout(this.lookSoon);
    this.lookSoon = undefined;
    if (this.started) for (const lane of this.lanes) lane.wake();
  }

  private kindsOf(lane: JobLane): string[] {
    return [...this.kinds]
      .filter(([, registration]) => (registration.lane ?? 'quick') === lane.name)
      .map(([kind]) => kind);
  }

  private async findNapMs(lane: JobLane): Promise<number> {
    const next = await this.repository.findNextRunAt(this.kindsOf(lane));
    return next ? Date.parse(next) - this.clock.now().getTime() : LONGEST_NAP_MS;
  }

  private async work(lane: JobLane): Promise<void> {
    while (!lane.stopped) {
      // What only a newer version knows how to do waits for it.
      const due = await this.repository.listDue(this.kindsOf(lane), this.clock.timestamp(), BATCH);
      if (due.length === 0) return;
      for (const job of due) {
        if (lane.stopped) return;
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
    await this.plan(job.kind, registration);
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

  private async deleteFinished(): Promise<void> {
    await this.db.write((trx) => this.repository.deleteFinishedBefore(trx, this.clock.timestampIn(-KEEP_FINISHED_MS)));
  }

  private async plan(kind: string, { everyMs }: Registration): Promise<void> {
    if (everyMs === undefined || (await this.repository.hasOpen(kind))) return;
    const latest = await this.repository.findLatest(kind);
    const dueInMs = latest ? Date.parse(latest.updated_at) + everyMs - this.clock.now().getTime() : everyMs;
    await this.db.write((trx) => this.enqueue(trx, kind, {}, Math.max(0, dueInMs)));
  }
}
