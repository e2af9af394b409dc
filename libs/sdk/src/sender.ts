import type { TelemetryOptions } from './options.js';
import type { Platform } from './platform.js';
import type { Queue } from './queue.js';
import { isRejection, type Answer, Transport } from './transport.js';
import { batchBody } from './wire.js';

/** Chance must not make a retry immediate: that would be a loop. */
const BACKOFF_MIN_MS = 250;
const BACKOFF_BASE_MS = 2_000;
const BACKOFF_MAX_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
/** While nothing can be sent a batch stays open so long: a week without a network is some batches, not one every 30 s. */
const MAX_OPEN_MS = DAY_MS / 4;
const STORAGE_RETRY_MS = 30_000;

export type Sender = ReturnType<typeof createSender>;

/** Seals what is due and sends it, oldest first, one request at a time. */
export function createSender(
  { ingestKey, flushIntervalMs = 30_000 }: TelemetryOptions,
  { now, random, schedule }: Platform,
  { state, change, findOpen, seal, dropAged, write }: Queue,
  { post, abortAll }: Transport,
  findDeviceId: () => string | undefined,
  report: (error: unknown) => void,
) {
  let running: Promise<void> | undefined;
  let stopTimer: (() => void) | undefined;
  /** Until `resume`, and from `halt` on. */
  let stopped = true;
  /** 1: there may be something to send; 2: try at once where only the network had failed. */
  let asked = 0;

  /** How long sending has to wait, in milliseconds. */
  function pauseMs(): number {
    const { wait } = state;
    const leftMs = wait && wait.key === ingestKey ? wait.untilMs - now() : 0;
    // Longer than anything ever waits: the clock was set back.
    return leftMs > 2 * DAY_MS ? 0 : Math.max(leftMs, 0);
  }

  const openAgeMs = (): number => Math.abs(now() - (findOpen()?.atMs ?? now()));

  function cancelTimer(): void {
    stopTimer?.();
    stopTimer = undefined;
  }

  function wakeIn(delayMs: number): void {
    cancelTimer();
    stopTimer = schedule(() => void wake(), delayMs);
  }

  /** Sends until the queue is empty or has to wait; never in spite of Retry-After, 401 or 403. Never rejects. */
  function wake(urgency = 1): Promise<void> {
    asked = Math.max(asked, urgency);
    return stopped ? Promise.resolve() : (running ??= run());
  }

  async function run(): Promise<void> {
    while (asked && !stopped) {
      const eager = asked > 1;
      asked = 0;
      cancelTimer();
      if (openAgeMs() >= flushIntervalMs) seal();
      dropAged();
      const head = state.batches[0];
      const goes = head?.id && (!pauseMs() || (eager && !state.wait!.status));
      // On record before it is sent: a crash must not let it be dropped, or its events be sealed into a second batch.
      if (goes && !head.sent) change('sent');
      const saved = await write(!!goes);
      if (stopped) break;
      if (goes && saved) {
        const answer = await post('batches', batchBody(head, findDeviceId()!));
        // Broken off: what came back then may be an answer all the same, and is taken as one.
        if (!stopped || answer.status) apply(answer);
        asked ||= 1;
      } else if (head) {
        wakeIn(
          saved ? Math.min(pauseMs() || Math.max(flushIntervalMs - openAgeMs(), 0), MAX_OPEN_MS) : STORAGE_RETRY_MS,
        );
      }
    }
    running = undefined;
  }

  function apply({ status, text, receipt, retryAfterMs = 0 }: Answer): void {
    const { id, events } = state.batches[0]!;
    const accepted = receipt?.accepted ?? -1;
    if (Number.isInteger(accepted) && accepted >= 0 && accepted <= events.length) {
      return change('settle', accepted, !!receipt!.duplicate);
    }
    if (status >= 400 && status < 500) report(new Error(`telemetry: ${status} ${text}`));
    if (isRefusal(status)) return waitFor(DAY_MS, status);
    if (isRejection(status)) {
      change('wait');
      return change('drop', id!, 'rejected_batch');
    }
    const backoffMs = random() * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** state.failures);
    // A tenth more than asked for, at random: else all devices that were told the same come back at once.
    const askedMs = Math.min(retryAfterMs * (1 + random() / 10), DAY_MS);
    waitFor(Math.max(backoffMs, askedMs, BACKOFF_MIN_MS), status);
  }

  function waitFor(waitMs: number, status: number): void {
    change('wait', { untilMs: now() + waitMs, status, key: ingestKey });
  }

  return {
    pauseMs,
    wake,
    /** Sends with what else comes within the interval, or at once when a batch has become full. */
    wakeSoon(): void {
      if (!findOpen()) void wake();
      else if (!stopTimer) wakeIn(flushIntervalMs);
    },
    /** A heartbeat met this answer. */
    heed({ status }: Answer): void {
      if (isRefusal(status)) waitFor(DAY_MS, status);
    },
    /** Breaks off; the batch on its way stays in the queue. Resolves when nothing runs any more. */
    async halt(): Promise<void> {
      stopped = true;
      cancelTimer();
      abortAll();
      await running;
    },
    resume(): void {
      stopped = false;
    },
  };
}

/** 401 or 403: the key is unknown or revoked, the app suspended, or its quota spent. */
export const isRefusal = (status?: number): boolean => status === 401 || status === 403;
