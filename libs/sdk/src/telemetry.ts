import { describeError, encodeOrNothing, type EventData, type KnownEvents } from './events.js';
import { Heartbeat } from './heartbeat.js';
import { withDefaults, type Settings, type TelemetryOptions } from './options.js';
import { findPage, watchPage, type Page } from './page.js';
import { defaultPlatform, type Platform } from './platform.js';
import { emptyState, type DropCounts } from './queue-state.js';
import { Queue } from './queue.js';
import { openQueue } from './recovery.js';
import { Sender } from './sender.js';
import { openIndexedDbStorage } from './storage/indexed-db-storage.js';
import { MemoryStorage } from './storage/memory-storage.js';
import type { TelemetryStorage } from './storage/storage.js';
import { decodeUtf8, encodeUtf8 } from './text.js';
import { Transport } from './transport.js';
import { batchHeader, heartbeatBody } from './wire.js';

const DEVICE_KEY = 'device';
const OPT_OUT_KEY = 'optout';
const MAX_OPEN_MS = 6 * 3_600_000;
const DEVICE_PATTERN = /^[0-9a-f-]{36}$/;

/** Events since the device id was made. Always: generated = accepted + rejected + sum of dropped + queued. */
export interface TelemetryStats {
  generated: number;
  /** Stored by the server. */
  accepted: number;
  /** Refused by the server one by one, within a batch that it took. */
  rejected: number;
  /** Lost on the device, by reason. */
  dropped: DropCounts;
  queued: number;
  /** Batches that the server had already, since its first answer was lost. Their events are in `accepted` once. */
  duplicates: number;
}

export interface TelemetryState {
  /** `waiting` after a failure, `refused` after 401 or 403: then the server is asked once a day. */
  status: 'starting' | 'ready' | 'waiting' | 'refused' | 'opted-out' | 'closed';
  /** The HTTP status that is behind `waiting` or `refused`; 0 when there was no answer. */
  httpStatus?: number;
  nextAttemptAt?: Date;
}

interface Session {
  id: string;
  startedAtMs: number;
  lastAtMs: number;
}

/** What is tracked while the storage is being opened. */
interface EarlyEvent {
  event: string | undefined;
  atMs: number;
  sessionId: string;
}

/** One app's telemetry on one device. No method throws or rejects; `onError` hears of what goes wrong. */
export class Telemetry {
  private readonly settings: Settings;
  private readonly platform: Platform;
  private readonly transport: Transport;
  private readonly heartbeat: Heartbeat;
  private readonly unwatch: (() => void) | undefined;
  private storage: TelemetryStorage = new MemoryStorage();
  private live: { queue: Queue; sender: Sender; deviceId: string } | undefined;
  private session: Session | undefined;
  private early: EarlyEvent[] = [];
  private earlyLost = 0;
  private mode: 'on' | 'off' | 'closed' = 'on';
  private stopFlushTimer: (() => void) | undefined;
  /** Opening, opting out and in, one after the other. */
  private steps: Promise<void>;

  constructor(options: TelemetryOptions, page: Page | undefined = findPage()) {
    this.settings = withDefaults(options);
    this.platform = { ...defaultPlatform(), ...options.platform };
    this.transport = new Transport(this.settings, this.platform);
    this.heartbeat = new Heartbeat(this.platform, this.settings.heartbeatIntervalMs, (abort) => this.beat(abort));
    this.unwatch =
      page &&
      watchPage(page, {
        hidden: () => this.hide(),
        visible: () => this.show(),
        leaving: () => this.hide(true),
        online: () => void this.live?.sender.wake(true),
      });
    this.steps = this.open();
    if (this.settings.autoStart) this.start();
  }

  /** Begins a session, unless one runs. The first event does the same. */
  start(): void {
    this.guard(() => this.enterSession(this.platform.now()));
  }

  /** Ends the session with `app_stop`; the next event begins another. */
  stop(): void {
    this.guard(() => this.leaveSession(this.platform.now()));
  }

  /** Queues an event that happened now. One that the server would refuse is counted as dropped (`invalid`). */
  track<T extends keyof KnownEvents>(type: T, data: KnownEvents[T]): void;
  track(type: string, data?: EventData): void;
  track(type: string, data?: EventData): void {
    this.guard(() => {
      const nowMs = this.platform.now();
      this.enterSession(nowMs);
      this.record(type, nowMs, data);
    });
  }

  screenView(screenName: string): void {
    this.track('screen_view', { screen_name: screenName });
  }

  buttonClick(elementId: string): void {
    this.track('button_click', { element_id: elementId });
  }

  featureUsed(featureName: string): void {
    this.track('feature_used', { feature_name: featureName });
  }

  /** An `app_crash` from what was thrown, shortened to fit. Await `persist()` before the process ends. */
  crash(error: unknown): void {
    this.guard(() => this.track('app_crash', describeError(error)));
  }

  luaError(message: string, stack?: string): void {
    this.guard(() => {
      const { crash_type: _, ...data } = describeError(Object.assign(new Error(message), { stack: stack ?? '' }));
      this.track('lua_error', data);
    });
  }

  perfFrame(averageMs: number, p95Ms: number): void {
    this.track('perf_frame', { avg_ms: averageMs, p95_ms: p95Ms });
  }

  perfMemory(usedMb: number, limitMb: number): void {
    this.track('perf_memory', { used_mb: usedMb, limit_mb: limitMb });
  }

  perfStartup(durationMs: number): void {
    this.track('perf_startup', { duration_ms: durationMs });
  }

  /** Seals what is open and sends until the queue is empty or has to wait. Never in spite of Retry-After, 401 or 403. */
  async flush(): Promise<void> {
    await this.steps;
    this.live?.queue.seal();
    await this.live?.sender.wake(true);
  }

  /** Resolves when everything tracked so far is in the storage. */
  async persist(): Promise<void> {
    await this.steps;
    this.live?.queue.touch();
    await this.live?.queue.commit();
  }

  /** Ends the session, seals, tries to send within `closeTimeoutMs`, and keeps the rest for the next start. */
  async close(): Promise<void> {
    if (this.mode === 'closed') return this.steps;
    this.stop();
    this.mode = 'closed';
    this.heartbeat.stop();
    this.unwatch?.();
    this.stopFlushTimer?.();
    return this.step(async () => {
      await this.retire(true);
      await this.storage.close();
    });
  }

  /** Stops collecting for good, also after a restart; deletes queue, counts and device id; calls `onErase`. */
  async optOut(): Promise<void> {
    if (this.mode !== 'on') return this.steps;
    this.mode = 'off';
    this.session = undefined;
    this.early = [];
    this.earlyLost = 0;
    this.heartbeat.stop();
    this.stopFlushTimer?.();
    return this.step(async () => {
      const deviceId = this.live?.deviceId;
      await this.retire(false);
      // The mark first: a crash in between leaves data behind, which the next start removes. Again after the rest has
      // gone, in case that it was a full disk that kept it out.
      const mark = () => this.storage.write(OPT_OUT_KEY, encodeUtf8('1'));
      const marked = await mark().then(
        () => true,
        () => false,
      );
      await this.storage.clear(OPT_OUT_KEY);
      if (!marked) await mark();
      if (deviceId) await this.settings.onErase?.(deviceId);
    });
  }

  /** Collects again after an opt-out, under a new device id. */
  async optIn(): Promise<void> {
    await this.steps;
    if (this.mode !== 'off') return;
    this.mode = 'on';
    const opened = this.step(async () => {
      await this.storage.remove(OPT_OUT_KEY);
      await this.openLive();
    });
    if (this.settings.autoStart) this.start();
    return opened;
  }

  stats(): TelemetryStats {
    const { generated, accepted, rejected, dropped, duplicates } = this.live?.queue.state ?? emptyState();
    const early = this.early.length + this.earlyLost;
    const queued = (this.live?.queue.queued ?? 0) + early;
    return { generated: generated + early, accepted, rejected, dropped: { ...dropped }, queued, duplicates };
  }

  state(): TelemetryState {
    if (this.mode !== 'on') return { status: this.mode === 'closed' ? 'closed' : 'opted-out' };
    if (!this.live) return { status: 'starting' };
    const { wait } = this.live.sender;
    if (!wait) return { status: 'ready' };
    const status = wait.cause === 'refused' ? 'refused' : 'waiting';
    return { status, httpStatus: wait.status, nextAttemptAt: new Date(wait.untilMs) };
  }

  /** The id under which the server knows this device; undefined until the storage is open, and after an opt-out. */
  get deviceId(): string | undefined {
    return this.live?.deviceId;
  }

  private async open(): Promise<void> {
    try {
      const { storage } = this.settings;
      const hasIndexedDb = 'indexedDB' in globalThis;
      const opened = await (storage ?? (hasIndexedDb ? openIndexedDbStorage() : this.storage));
      const optedOut = (await opened.read(OPT_OUT_KEY)) !== undefined;
      this.storage = opened;
      if (optedOut) return await this.stayOut();
      await this.openLive();
    } catch (error) {
      this.report(error);
      this.storage = new MemoryStorage();
      await this.openLive();
    }
  }

  private async stayOut(): Promise<void> {
    this.mode = this.mode === 'on' ? 'off' : this.mode;
    this.early = [];
    this.session = undefined;
    this.heartbeat.stop();
    await this.storage.clear(OPT_OUT_KEY);
  }

  private async openLive(): Promise<void> {
    const { storage, platform, settings } = this;
    const stored = decodeUtf8((await storage.read(DEVICE_KEY)) ?? new Uint8Array());
    const deviceId = DEVICE_PATTERN.test(stored) ? stored : platform.uuid();
    if (deviceId !== stored) await storage.write(DEVICE_KEY, encodeUtf8(deviceId));
    const report = (error: unknown) => this.report(error);
    const queue = await openQueue(storage, platform, settings, report);
    // The state has to lie there before the first journal does: it tells a first start from a lost state.
    await queue.commit();
    const sender = new Sender(queue, this.transport, platform, settings.ingestKey, report);
    this.live = { queue, sender, deviceId };
    const { early } = this;
    this.early = [];
    if (this.earlyLost > 0) queue.countLost('queue_full', this.earlyLost);
    this.earlyLost = 0;
    for (const entry of early) this.enqueue(entry);
    void sender.wake();
  }

  /** Ends queue and sender, after a last attempt where that is wanted. */
  private async retire(send: boolean): Promise<void> {
    const { live } = this;
    if (!live) return;
    if (send) {
      live.queue.seal();
      let stopTimer: (() => void) | undefined;
      const deadline = new Promise<void>((resolve) => {
        stopTimer = this.platform.schedule(resolve, this.settings.closeTimeoutMs);
      });
      await Promise.race([live.sender.wake(true), deadline]);
      stopTimer?.();
    }
    await live.sender.stop();
    if (send) {
      live.queue.touch();
      await live.queue.commit();
    } else {
      await live.queue.dispose();
      this.live = undefined;
    }
  }

  private enterSession(nowMs: number): void {
    if (this.mode !== 'on') return;
    const { session } = this;
    if (session && nowMs - session.lastAtMs >= this.settings.sessionIdleMs) this.leaveSession(session.lastAtMs);
    if (this.session) {
      this.session.lastAtMs = nowMs;
      return;
    }
    this.session = { id: this.platform.uuid(), startedAtMs: nowMs, lastAtMs: nowMs };
    this.record('app_start', nowMs);
    this.heartbeat.start();
  }

  private leaveSession(atMs: number): void {
    if (!this.session) return;
    const seconds = Math.max(0, Math.round((atMs - this.session.startedAtMs) / 1000));
    this.record('app_stop', atMs, { duration_seconds: seconds });
    this.session = undefined;
    this.heartbeat.stop();
  }

  private record(type: string, atMs: number, data?: EventData): void {
    if (this.mode !== 'on' || !this.session) return;
    const entry: EarlyEvent = { event: encodeOrNothing(type, atMs, data), atMs, sessionId: this.session.id };
    if (this.live) this.enqueue(entry);
    else if (this.early.length < this.settings.maxQueueEvents) this.early.push(entry);
    else this.earlyLost++;
  }

  private enqueue({ event, atMs, sessionId }: EarlyEvent): void {
    const { live } = this;
    if (!live) return;
    const { queue, sender, deviceId } = live;
    const batches = queue.state.batches.length;
    if (event === undefined) queue.countLost('invalid');
    else queue.add(event, atMs, batchHeader(this.settings, deviceId, sessionId));
    void queue.commit();
    if (queue.state.batches.length > batches) void sender.wake();
    if (queue.openCount === 1) this.flushLater(queue, sender);
  }

  /** While nothing can be sent the batch stays open: a week without a network is some batches, not one every 30 s. */
  private flushLater(queue: Queue, sender: Sender): void {
    this.stopFlushTimer?.();
    this.stopFlushTimer = this.platform.schedule(() => {
      if (queue.openCount > 0 && sender.wait && queue.openAgeMs < MAX_OPEN_MS) return this.flushLater(queue, sender);
      queue.seal();
      void sender.wake();
    }, this.settings.flushIntervalMs);
  }

  private beat(abort: AbortController): Promise<unknown> | undefined {
    const { live, session, settings } = this;
    // A server that asked for time, or refuses the key, is spared heartbeats too.
    if (!live || !session || (live.sender.wait && live.sender.wait.cause !== 'network')) return undefined;
    const body = heartbeatBody(settings, live.deviceId, session.id);
    return this.transport.sendHeartbeat(body, abort).then((outcome) => {
      if (outcome.kind === 'refused') live.sender.refuse(outcome.status);
    });
  }

  private hide(leaving = false): void {
    this.heartbeat.stop();
    if (leaving) this.stop();
    if (this.live) this.live.sender.keepAlive = true;
    void this.flush();
  }

  private show(): void {
    if (this.live) this.live.sender.keepAlive = false;
    if (this.session) this.heartbeat.start();
  }

  private step(action: () => Promise<void>): Promise<void> {
    this.steps = this.steps.then(action).catch((error: unknown) => this.report(error));
    return this.steps;
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    try {
      this.settings.onError?.(error);
    } catch {
      // The app's own handler is no reason to fail either.
    }
  }
}
