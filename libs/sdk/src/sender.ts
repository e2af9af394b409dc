import type { Platform } from './platform.js';
import type { BatchRecord, Wait } from './queue-state.js';
import type { Queue } from './queue.js';
import type { Outcome, Transport } from './transport.js';

/** Chance must not make a retry immediate: that would be a loop. */
const BACKOFF_MIN_MS = 250;
const BACKOFF_BASE_MS = 2_000;
const BACKOFF_MAX_MS = 15 * 60_000;
const REFUSED_WAIT_MS = 24 * 3_600_000;
const MAX_WAIT_MS = 24 * 3_600_000;
const STORAGE_RETRY_MS = 30_000;
/** After so many server errors a batch steps behind the others, lest one that breaks the server holds up all. */
const ATTEMPTS_BEFORE_STEPPING_BACK = 5;
/** Batches in doubt cannot be dropped for room, so there are never many. */
const MAX_IN_DOUBT = 3;

/** Sends sealed batches, oldest first, one request at a time. Never rejects. */
export class Sender {
  private running: Promise<void> | undefined;
  private abort: AbortController | undefined;
  private stopTimer: (() => void) | undefined;
  private stopped = false;
  private again = false;
  private eager = false;
  /** Whether requests should outlive the page; set while a browser's page is hidden. */
  keepAlive = false;

  constructor(
    private readonly queue: Queue,
    private readonly transport: Transport,
    private readonly platform: Platform,
    private readonly ingestKey: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** What sending waits for, if it does. */
  get wait(): Wait | undefined {
    const { wait } = this.queue.state;
    if (!wait) return undefined;
    const leftMs = wait.untilMs - this.platform.now();
    // Longer than anything ever waits: the clock was set back.
    if (leftMs <= 0 || leftMs > 2 * MAX_WAIT_MS || wait.ingestKey !== this.ingestKey) return undefined;
    return wait;
  }

  /** Sends until the queue is empty or has to wait. `eager` tries at once where only the network had failed. */
  wake(eager = false): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.again = true;
    this.eager ||= eager;
    this.running ??= this.run();
    return this.running;
  }

  /** Breaks off; the batch on its way stays in the queue. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.stopTimer?.();
    this.abort?.abort();
    await this.running;
  }

  /** The server refuses the key: nothing is sent for a day. */
  refuse(status: number): void {
    this.queue.state.wait = this.waitFor(REFUSED_WAIT_MS, 'refused', status);
    this.queue.touch();
  }

  private async run(): Promise<void> {
    try {
      while (this.again && !this.stopped) {
        this.again = false;
        await this.sendAll();
      }
    } catch (error) {
      this.onError(error);
      this.wakeIn(STORAGE_RETRY_MS);
    } finally {
      this.running = undefined;
    }
  }

  private async sendAll(): Promise<void> {
    const { queue } = this;
    this.stopTimer?.();
    while (!this.stopped) {
      queue.dropAged();
      // Only what the storage holds may be sent: else a crash could seal the same events into a second batch.
      const saved = await queue.commit();
      const [head] = queue.state.batches;
      if (this.stopped || !head) return;
      if (!saved) return this.wakeIn(STORAGE_RETRY_MS);
      const { wait, eager } = this;
      this.eager = false;
      if (wait && !(eager && wait.cause === 'network')) return this.wakeIn(wait.untilMs - this.platform.now());
      await this.sendHead(head);
    }
  }

  private async sendHead(head: BatchRecord): Promise<void> {
    head.attempts++;
    const body = await this.queue.findBody(head);
    if (this.stopped) return;
    if (!body) {
      this.onError(new Error(`telemetry batch ${head.key} is damaged`));
      return this.queue.drop(head, 'corrupt');
    }
    const abort = (this.abort = new AbortController());
    const outcome = await this.transport.sendBatch(body, head.count, this.keepAlive, abort);
    // Broken off by stop(): what came back then may be an answer all the same, and is taken as one.
    if (this.stopped && outcome.kind === 'later') return;
    this.apply(head, outcome);
  }

  private apply(head: BatchRecord, outcome: Outcome): void {
    const { queue } = this;
    const { state } = queue;
    state.wait = undefined;
    if (outcome.kind === 'later') {
      this.retryLater(head, outcome);
    } else {
      state.failures = 0;
      if (outcome.kind === 'accepted') queue.settle(head, outcome.accepted, outcome.duplicate);
      else if (outcome.kind === 'invalid') queue.drop(head, 'rejected_batch');
      else this.refuse(outcome.status);
    }
    queue.touch();
    if (outcome.kind === 'refused' || outcome.kind === 'invalid') {
      this.onError(new Error(`telemetry ${outcome.kind}: ${outcome.status} ${outcome.detail}`));
    }
  }

  private retryLater(head: BatchRecord, { status, retryAfterMs }: Extract<Outcome, { kind: 'later' }>): void {
    const { state } = this.queue;
    const backoffMs =
      this.platform.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(state.failures++, 20));
    // A tenth more than asked for, at random: else all devices that were told the same come back at once.
    const askedMs = Math.min((retryAfterMs ?? 0) * (1 + this.platform.random() / 10), MAX_WAIT_MS);
    state.wait = this.waitFor(
      Math.max(backoffMs, askedMs, BACKOFF_MIN_MS),
      status === 0 ? 'network' : 'server',
      status,
    );
    const inDoubt = state.batches.filter((batch) => batch.attempts > 0).length;
    if (status >= 500 && head.attempts % ATTEMPTS_BEFORE_STEPPING_BACK === 0 && inDoubt <= MAX_IN_DOUBT) {
      state.batches.push(...state.batches.splice(state.batches.indexOf(head), 1));
    }
  }

  private waitFor(waitMs: number, cause: Wait['cause'], status: number): Wait {
    return { untilMs: this.platform.now() + waitMs, cause, status, ingestKey: this.ingestKey };
  }

  private wakeIn(delayMs: number): void {
    this.stopTimer?.();
    this.stopTimer = this.platform.schedule(() => void this.wake(), delayMs);
  }
}
