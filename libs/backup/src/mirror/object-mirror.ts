import { ObjectStoreError, type ObjectStore } from '@mosis/object-store';
import { compareStores, type CatchUpReport } from './catch-up.js';
import { copyObject, type CopyOutcome } from './copy-object.js';
import { MirrorLedger, type LedgerEntry } from './mirror-ledger.js';
import type { ObjectStoreObserver } from './observed-object-store.js';

/** Where the mirror says what happens. */
export interface MirrorLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

/** How patient and how busy a mirror is. */
export interface MirrorTuning {
  concurrency: number;
  /** Pause after the first failure of a store; each further one doubles it. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** The same for an object that cannot be copied while others can. */
  firstRetryMs: number;
  longestRetryMs: number;
}

export interface MirrorOptions {
  source: ObjectStore;
  /** Where the copies go, under the same keys; closed with the mirror. */
  target: ObjectStore;
  ledgerFile: string;
  scratchDir: string;
  log: MirrorLog;
  now: () => number;
  tuning?: Partial<MirrorTuning>;
}

/** How a mirror stands. */
export interface MirrorStatus {
  /** Where the copies are. */
  location: string;
  copies: number;
  bytes: number;
  waiting: number;
  /** How long the longest waiting object has waited. */
  oldestWaitingSeconds: number;
  /** Copies made, and attempts that failed, since the start. */
  copied: number;
  failures: number;
  /** Why the last attempt failed; null once one went well. */
  lastError: string | null;
  /** When both sides were last compared from end to end, since the start. */
  comparedAt: Date | null;
}

const TUNING: MirrorTuning = {
  concurrency: 4,
  firstPauseMs: 1_000,
  longestPauseMs: 60_000,
  firstRetryMs: 5_000,
  longestRetryMs: 60 * 60_000,
};
const PRUNE_PAGE = 200;

/** Codes of a store that fails as a whole; anything else is about one object. */
const STORE_FAILURES = new Set(['object-store-unavailable', 'object-store-denied', 'object-store-settings-invalid']);

/**
 * Copies every object of a store to a second place: right after it was stored, and what was missed by comparing both sides.
 * What waits is remembered on disk. A place that cannot be reached is tried again with growing pauses.
 */
export class ObjectMirror implements ObjectStoreObserver {
  private readonly ledger: MirrorLedger;
  private readonly tuning: MirrorTuning;
  private readonly inFlight = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private pausedUntil = 0;
  private storeFailures = 0;
  private copied = 0;
  private failures = 0;
  private lastError: string | null = null;
  private comparedAt: Date | null = null;
  private closed: Promise<void> | undefined;
  /** Called after every attempt. */
  private readonly waiters = new Set<() => void>();
  private comparing: Promise<CatchUpReport> | undefined;

  constructor(private readonly options: MirrorOptions) {
    this.tuning = { ...TUNING, ...options.tuning };
    this.ledger = MirrorLedger.open(options.ledgerFile, options.target.describe());
  }

  /** Takes up what a predecessor left waiting. */
  start(): void {
    this.wake();
  }

  /** Notes that an object was stored or removed; its copy follows as soon as it can. */
  changed(key: string): void {
    if (this.closed) return;
    this.ledger.markWaiting(key, this.options.now(), { urgent: true });
    this.wake();
  }

  /**
   * Compares both sides and queues what differs. Two at once are one.
   *
   * @throws ObjectStoreError when a side cannot be listed
   */
  async catchUp(): Promise<CatchUpReport> {
    this.comparing ??= this.compare().finally(() => (this.comparing = undefined));
    return this.comparing;
  }

  /**
   * Removes the copies of objects that have been gone for the keeping time, unless something still names them: a store
   * that is not mounted must not empty its mirror.
   */
  async prune(
    keepMs: number,
    isNamed: (key: string) => Promise<boolean>,
  ): Promise<{ removed: number; named: string[] }> {
    const { source, target, now } = this.options;
    const named: string[] = [];
    let removed = 0;
    for (let after = ''; ;) {
      const page = this.ledger.listGoneBefore(now() - keepMs, after, PRUNE_PAGE);
      for (const { key, generation } of page) {
        if ((await source.stat(key)) !== undefined) this.changed(key);
        else if (await isNamed(key)) named.push(key);
        else {
          await target.delete(key);
          this.ledger.forget(key, generation);
          removed += 1;
        }
      }
      const last = page.at(-1);
      if (!last) return { removed, named };
      after = last.key;
    }
  }

  /** The entry of an object, for those who check copies. */
  find(key: string): LedgerEntry | undefined {
    return this.ledger.find(key);
  }

  /** Notes that a copy was read back and had this digest. */
  noteVerified(key: string, sha256: string): void {
    this.ledger.recordVerified(key, sha256, this.options.now());
  }

  /** Has an object copied again whose copy turned out to be missing or other bytes. */
  copyAgain(key: string): void {
    this.ledger.markWaiting(key, this.options.now(), { urgent: true, forgetCopy: true });
    this.wake();
  }

  status(): MirrorStatus {
    const { oldestWaitingMs, ...totals } = this.ledger.count();
    return {
      location: this.options.target.describe(),
      ...totals,
      oldestWaitingSeconds: oldestWaitingMs === null ? 0 : Math.max(0, (this.options.now() - oldestWaitingMs) / 1000),
      copied: this.copied,
      failures: this.failures,
      lastError: this.lastError,
      comparedAt: this.comparedAt,
    };
  }

  /** Resolves when nothing waits any more; rejects when `signal` aborts before that. */
  async whenCurrent(signal?: AbortSignal): Promise<void> {
    this.wake();
    while (this.ledger.count().waiting > 0) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.waiters.add(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** The store is about to close: what waits gets a moment more, the rest is for the next start. */
  async closing(): Promise<void> {
    await this.close();
  }

  /** Copies what waits for at most `graceMs`, then ends. Calling it twice is calling it once. */
  async close(graceMs = 5_000): Promise<void> {
    this.closed ??= this.end(graceMs);
    await this.closed;
  }

  private async end(graceMs: number): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.comparing?.catch(() => undefined);
    const deadline = performance.now() + graceMs;
    const grace = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref());
    for (;;) {
      if (performance.now() < deadline) this.fill();
      if (this.inFlight.size === 0) break;
      if (performance.now() >= deadline) break;
      await Promise.race([...this.inFlight.values(), grace]);
    }
    await this.options.target.close();
    // A copy that still runs ends with the connection or not at all; it stays noted as waiting.
    if (this.inFlight.size === 0) this.ledger.close();
    else void Promise.allSettled(this.inFlight.values()).then(() => this.ledger.close());
  }

  private async compare(): Promise<CatchUpReport> {
    const { source, target, now } = this.options;
    const report = await compareStores({ source, target, ledger: this.ledger, now, signal: this.stopping.signal });
    await target.sweep?.(60 * 60_000);
    this.comparedAt = new Date(now());
    this.wake();
    return report;
  }

  private wake(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    const pauseMs = this.pausedUntil - performance.now();
    if (pauseMs > 0) return this.wakeIn(pauseMs);
    this.fill();
    if (this.inFlight.size > 0) return;
    const retryMs = this.ledger.findNextRetryMs();
    if (retryMs !== undefined) this.wakeIn(Math.max(100, retryMs - this.options.now()));
  }

  private wakeIn(milliseconds: number): void {
    this.timer = setTimeout(() => this.wake(), Math.min(milliseconds, 2 ** 31 - 1)).unref();
  }

  /** Begins as many copies as may run; after a failure of a store one at a time, until one goes well. */
  private fill(): void {
    if (this.pausedUntil > performance.now()) return;
    const limit = this.storeFailures > 0 ? 1 : this.tuning.concurrency;
    if (this.inFlight.size >= limit) return;
    for (const entry of this.ledger.listDue(this.options.now(), limit + this.inFlight.size)) {
      if (this.inFlight.size >= limit) return;
      if (this.inFlight.has(entry.key)) continue;
      const work = this.work(entry).finally(() => {
        this.inFlight.delete(entry.key);
        this.wake();
        for (const waiter of this.waiters) waiter();
        this.waiters.clear();
      });
      this.inFlight.set(entry.key, work);
    }
  }

  private async work(entry: LedgerEntry): Promise<void> {
    const { source, target, scratchDir, log } = this.options;
    const { key } = entry;
    try {
      const outcome = await copyObject({ source, target, key, copiedSha256: entry.sha256, scratchDir });
      await this.record(entry, outcome);
      if (outcome.kind === 'copied') this.copied += 1;
      if (this.storeFailures > 0) log.info({ target: target.describe() }, 'objects are copied to the backup again');
      this.storeFailures = 0;
      this.lastError = null;
    } catch (error) {
      this.failed(entry, error as Error);
    }
  }

  private async record({ key, generation }: LedgerEntry, outcome: CopyOutcome): Promise<void> {
    const { target, now } = this.options;
    if (outcome.kind !== 'absent') return this.ledger.recordCopy(key, generation, outcome.record, now());
    const copy = await target.stat(key);
    if (copy) this.ledger.markGone(key, generation, copy.sizeBytes, now());
    else this.ledger.forget(key, generation);
  }

  private failed({ key, attempts }: LedgerEntry, error: Error): void {
    const { log, now, target } = this.options;
    this.failures += 1;
    this.lastError = error.message;
    if (error instanceof ObjectStoreError && STORE_FAILURES.has(error.code)) {
      this.storeFailures += 1;
      const pauseMs = growing(this.tuning.firstPauseMs, this.storeFailures, this.tuning.longestPauseMs);
      this.pausedUntil = performance.now() + pauseMs;
      if (this.storeFailures === 1)
        log.warn({ target: target.describe(), err: error }, 'objects cannot be copied to the backup; trying again');
      return;
    }
    this.ledger.recordFailure(key, now() + growing(this.tuning.firstRetryMs, attempts + 1, this.tuning.longestRetryMs));
    log.warn({ 'object.key': key, err: error }, 'an object cannot be copied to the backup; trying again later');
  }
}

function growing(firstMs: number, attempt: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt - 1, 20), longestMs);
}
