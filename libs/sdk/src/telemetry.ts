import { describeError, encodeEvent, type EventData, type KnownEvents } from './events.js';
import type { TelemetryOptions } from './options.js';
import { defaultPlatform } from './platform.js';
import type { DropCounts } from './queue-state.js';
import { createQueue } from './queue.js';
import { createSender, isRefusal } from './sender.js';
import type { TelemetryStorage } from './storage/storage.js';
import { createTransport } from './transport.js';
import { batchHead, heartbeatBody } from './wire.js';

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

/** One app's telemetry on one device. No method throws or rejects; `onError` hears of what goes wrong. */
export interface Telemetry {
  /** Begins a session, unless one runs. The first event does the same. */
  start(): void;
  /** Ends the session with `app_stop`; the next event begins another. */
  stop(): void;
  /** Queues an event that happened now. One that cannot be sent is counted as dropped (`invalid`). */
  track<T extends keyof KnownEvents>(type: T, data: KnownEvents[T]): void;
  track(type: string, data?: EventData): void;
  /** Queues an `app_crash` from what was thrown, shortened to fit. Resolves when it is in the storage. */
  crash(error: unknown): Promise<void>;
  /** Resolves when everything tracked so far is in the storage. */
  persist(): Promise<void>;
  /** Seals what is open and sends until the queue is empty or has to wait. Never in spite of Retry-After, 401 or 403. */
  flush(): Promise<void>;
  /** Ends the session, tries to send within `closeTimeoutMs`, and keeps the rest for the next start. */
  close(): Promise<void>;
  /** Stops collecting for good, also after a restart; deletes queue, counts and device id; calls `onErase`. */
  optOut(): Promise<void>;
  /** Collects again after an opt-out, under a new device id. */
  optIn(): Promise<void>;
  stats(): TelemetryStats;
  state(): TelemetryState;
  /** The id under which the server knows this device; undefined until the storage is open, and after an opt-out. */
  readonly deviceId: string | undefined;
}

/** The device record of one that has opted out. */
const OPTED_OUT = 'opted-out';

/** Starts telemetry: opens the storage, sends what an earlier run left, and collects. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { autoStart = true, sessionIdleMs = 1_800_000, heartbeatIntervalMs = 60_000, closeTimeoutMs = 3_000 } = options;
  const platform = { ...defaultPlatform(), ...options.platform };
  const { now, random, schedule, uuid, page } = platform;
  const queue = createQueue(options, platform, report);
  const transport = createTransport(options, platform);
  const sender = createSender(options, platform, queue, transport, () => deviceId, report);
  const closing = new AbortController();
  let storage: TelemetryStorage | undefined;
  let deviceId: string | undefined;
  let mode: 'on' | 'opted-out' | 'closed' = 'on';
  let session: { id: string; head: string; startMs: number; lastMs: number } | undefined;
  /** Opening, opting out and in, and closing, one after the other. */
  let steps = Promise.resolve();

  function report(error: unknown): void {
    try {
      options.onError?.(error);
    } catch {
      // The app's own handler is no reason to fail either.
    }
  }

  const step = (action: () => Promise<void>): Promise<void> => (steps = steps.then(action).catch(report));

  function useMemory(error: unknown): void {
    report(error);
    storage = undefined;
  }

  async function open(): Promise<void> {
    let [device, journal] = ['', ''];
    try {
      storage = await options.storage;
      if (storage) [device, journal] = await storage.read();
    } catch (error) {
      useMemory(error);
    }
    if (device !== OPTED_OUT) return begin(device, journal);
    forget();
    await erase();
  }

  async function begin(device: string, journal: string): Promise<void> {
    if (!device) {
      device = uuid();
      // Without its device record a journal belongs to nobody.
      journal = '';
      await storage?.erase(device).catch(useMemory);
    }
    deviceId = device;
    queue.open(storage, journal);
    sender.resume();
    void sender.wake();
  }

  function forget(): void {
    if (mode === 'on') mode = 'opted-out';
    session = undefined;
  }

  async function erase(): Promise<void> {
    deviceId = undefined;
    await queue.clear();
    await storage?.erase(OPTED_OUT);
  }

  function enterSession(nowMs: number): void {
    if (mode !== 'on') return;
    if (session && nowMs - session.lastMs >= sessionIdleMs) leaveSession(session.lastMs);
    if (!session) {
      const id = uuid();
      session = { id, head: batchHead(options, id), startMs: nowMs, lastMs: nowMs };
      record('app_start', nowMs);
    }
    session.lastMs = nowMs;
  }

  function leaveSession(atMs: number): void {
    if (!session) return;
    record('app_stop', atMs, { duration_seconds: Math.max(0, Math.round((atMs - session.startMs) / 1000)) });
    session = undefined;
  }

  function record(type: string, atMs: number, data?: EventData): void {
    if (!session) return;
    queue.add(encodeEvent(type, atMs, data), session.head, atMs);
    if (!deviceId) return;
    void queue.write();
    sender.wakeSoon();
  }

  /** Says now and then that the device is there. One at a time; one that fails or comes too late is not made up for. */
  let beating = false;
  let stopBeats = (): void => undefined;
  function beatIn(delayMs: number): void {
    stopBeats = schedule(() => {
      beatIn(heartbeatIntervalMs * (0.9 + 0.2 * random()));
      // A server that asked for time, or refuses the key, is spared heartbeats too.
      const spared = sender.pauseMs() && queue.state.wait!.status;
      if (beating || spared || !session || !deviceId || page.document?.visibilityState === 'hidden') return;
      beating = true;
      void transport.post('heartbeats', heartbeatBody(options, deviceId, session.id)).then((answer) => {
        beating = false;
        sender.heed(answer);
      });
    }, delayMs);
  }

  const listen = (target: Pick<typeof page, 'addEventListener'> | undefined, type: string, listener: () => void) =>
    target?.addEventListener(type, listener, { signal: closing.signal });

  const telemetry: Telemetry = {
    start: () => enterSession(now()),
    stop: () => leaveSession(now()),
    track(type: string, data?: EventData) {
      const nowMs = now();
      enterSession(nowMs);
      record(type, nowMs, data);
    },
    crash(error) {
      try {
        telemetry.track('app_crash', describeError(error));
      } catch (hostile) {
        report(hostile);
      }
      return telemetry.persist();
    },
    async persist() {
      await steps;
      await queue.write(true);
    },
    async flush() {
      await steps;
      queue.seal();
      await sender.wake(2);
    },
    close() {
      if (mode === 'closed') return steps;
      leaveSession(now());
      mode = 'closed';
      stopBeats();
      closing.abort();
      return step(async () => {
        queue.seal();
        await Promise.race([sender.wake(2), new Promise<void>((resolve) => schedule(resolve, closeTimeoutMs))]);
        await sender.halt();
        await queue.write(true);
        await storage?.close?.();
      });
    },
    optOut() {
      if (mode !== 'on') return steps;
      forget();
      return step(async () => {
        const forgotten = deviceId;
        await sender.halt();
        await erase();
        if (forgotten) await options.onErase?.(forgotten);
      });
    },
    optIn: () =>
      step(async () => {
        if (mode !== 'opted-out') return;
        mode = 'on';
        await begin('', '');
        if (autoStart) telemetry.start();
      }),
    stats() {
      const { generated, accepted, rejected, dropped, duplicates } = queue.state;
      return { generated, accepted, rejected, dropped: { ...dropped }, queued: queue.countQueued(), duplicates };
    },
    state() {
      if (mode !== 'on') return { status: mode };
      if (!deviceId) return { status: 'starting' };
      if (!sender.pauseMs()) return { status: 'ready' };
      const { status, untilMs } = queue.state.wait!;
      return {
        status: isRefusal(status) ? 'refused' : 'waiting',
        httpStatus: status,
        nextAttemptAt: new Date(untilMs),
      };
    },
    get deviceId() {
      return deviceId;
    },
  };

  if (page.document) {
    listen(
      page.document,
      'visibilitychange',
      () => page.document!.visibilityState === 'hidden' && void telemetry.flush(),
    );
    listen(page, 'pagehide', () => {
      telemetry.stop();
      void telemetry.flush();
    });
    listen(page, 'online', () => void sender.wake(2));
  }
  if (heartbeatIntervalMs) beatIn(heartbeatIntervalMs * random());
  void step(open);
  if (autoStart) telemetry.start();
  return telemetry;
}
