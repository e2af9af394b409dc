import type { Platform } from '../../src/platform.js';
import { openFileStorage } from '../../src/storage/file-storage.js';
import { createTelemetry, type Telemetry, type TelemetryStats } from '../../src/telemetry.js';
import type { FailingProxy } from './failing-proxy.js';
import { MortalStorage } from './mortal-storage.js';

export interface ScenarioOptions {
  /** What the SDK sends through. */
  proxy: FailingProxy;
  /** Where it listens. */
  endpoint: string;
  ingestKey: string;
  appId: string;
  /** An empty directory for the queue. */
  directory: string;
  random: () => number;
  /** Lives of the SDK: each ends with close() or with a kill. */
  lives: number;
  /** Event types to choose from. Default one plain type. */
  types?: string[];
  /** Called at the end of each life, with the statistics. */
  afterLife: (stats: TelemetryStats) => void;
}

/** How far the SDK's clock goes on with each turn of the event loop in which the scenario waits and no request is out. */
const TURN_MS = 20_000;
/** Not a time that passes: a request times out when the proxy leaves it without an answer, however slow the machine is. */
const REQUEST_TIMEOUT_MS = 60_001;

/** One device over many restarts behind a bad network. Ends with an empty queue, and answers with the last statistics. */
export async function runUnreliableScenario(options: ScenarioOptions): Promise<TelemetryStats> {
  const { random } = options;
  const clock = new TurnClock();
  for (let life = 0; life < options.lives; life++) {
    const { telemetry, kill } = await begin(options, clock);
    const steps = 3 + Math.floor(random() * 8);
    for (let step = 0; step < steps; step++) {
      trackSome(telemetry, random, options.types ?? ['screen_view']);
      if (random() < 0.6) await telemetry.flush();
      while (random() < 0.9 && telemetry.state().status === 'waiting') await nextAttempt(telemetry, clock);
    }
    if (random() < 0.5) await telemetry.close();
    else await kill(random() < 0.5);
    options.afterLife(telemetry.stats());
  }
  // In the last life nothing fails any more, so that the queue runs empty.
  options.proxy.failureRate = 0;
  const { telemetry } = await begin(options, clock);
  // What was lost at the very end is reported by a batch after it.
  for (let round = 0; round < 2; round++) {
    telemetry.track('screen_view', { screen_name: 'last' });
    await drain(telemetry, clock);
  }
  telemetry.stop();
  await drain(telemetry, clock);
  const stats = telemetry.stats();
  await telemetry.close();
  return stats;
}

/** Resolves when the SDK has tried again, and waits anew or no more. */
async function nextAttempt(telemetry: Telemetry, clock: TurnClock): Promise<void> {
  const waitingFor = telemetry.state().nextAttemptAt?.getTime();
  while (telemetry.state().nextAttemptAt?.getTime() === waitingFor) await clock.turn();
}

async function drain(telemetry: Telemetry, clock: TurnClock): Promise<void> {
  do {
    await telemetry.flush();
    await clock.turn();
  } while (telemetry.stats().queued > 0);
}

function trackSome(telemetry: Telemetry, random: () => number, types: string[]): void {
  const count = Math.floor(random() * 40);
  for (let i = 0; i < count; i++) {
    const type = random() < 0.03 ? 'Not A Type' : types[Math.floor(random() * types.length)]!;
    telemetry.track(type, { screen_name: `screen ${Math.floor(random() * 10)}` });
  }
}

async function begin(
  options: ScenarioOptions,
  clock: TurnClock,
): Promise<{
  telemetry: Telemetry;
  kill: (between: boolean) => Promise<void>;
}> {
  const storage = new MortalStorage(await openFileStorage(options.directory), options.random() < 0.5);
  const gone = new AbortController();
  const platform = platformOf(options, clock, gone.signal);
  const telemetry = createTelemetry({
    endpoint: options.endpoint,
    ingestKey: options.ingestKey,
    appId: options.appId,
    appVersion: '1.2.0',
    mosisVersion: '1.0.0',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    closeTimeoutMs: 120_000,
    sessionIdleMs: 86_400_000,
    heartbeatIntervalMs: 300_000,
    storage,
    platform,
  });
  await telemetry.persist();
  const kill = async (between: boolean) => {
    // In the middle of what a flush does, or where things stand.
    if (between) {
      telemetry.track('screen_view', { screen_name: 'unlucky' });
      storage.dieAfter(Math.floor(options.random() * 8));
      await Promise.race([telemetry.flush(), dead(storage)]);
    }
    await storage.die();
    gone.abort();
  };
  return { telemetry, kill };
}

async function dead(storage: MortalStorage): Promise<void> {
  while (!storage.isDead) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Goes on with the turns of the event loop that the scenario waits, never with real time: a slow machine does not make
 * the waits longer. One for all lives: were it set back at a restart, a life would wait as long as the ones before it
 * had lived.
 */
class TurnClock {
  nowMs = Date.now();
  private readonly timers = new Set<{ atMs: number; run: () => void }>();
  private requestsOut = 0;

  schedule(run: () => void, delayMs: number): () => void {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Stands still until the answer is there: how long that takes is the machine's affair. */
  async standStill<T>(answer: Promise<T>): Promise<T> {
    this.requestsOut++;
    try {
      return await answer;
    } finally {
      this.requestsOut--;
    }
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.requestsOut > 0) return;
    this.nowMs += TURN_MS;
    for (const timer of [...this.timers].filter(({ atMs }) => atMs <= this.nowMs)) {
      if (this.timers.delete(timer)) timer.run();
    }
  }
}

/** The scenario's clock, requests that time out when they hang, and both ended with the process that is killed. */
function platformOf({ random, proxy }: ScenarioOptions, clock: TurnClock, gone: AbortSignal): Partial<Platform> {
  const patience = new Set<() => void>();
  proxy.onHang = () => {
    for (const expire of patience) expire();
  };
  return {
    random,
    now: () => clock.nowMs,
    fetch: (url, init) => clock.standStill(fetch(url, { ...init, signal: AbortSignal.any([gone, init.signal!]) })),
    schedule: (run, delayMs) => {
      if (delayMs !== REQUEST_TIMEOUT_MS) return clock.schedule(() => !gone.aborted && run(), delayMs);
      patience.add(run);
      return () => patience.delete(run);
    },
  };
}
