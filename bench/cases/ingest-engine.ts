import type { TelemetryEngine } from '@mosis/telemetry';
import type { Bench } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { say } from '../lib/progress.ts';
import { residentBytes } from '../lib/resident.ts';
import { quantile } from '../lib/statistics.ts';
import { makeTemplates, renew, type BatchTemplate } from '../load/batches.ts';

const APPS = ['com.bench.first', 'com.bench.second', 'com.bench.third'].map((packageId) => ({ packageId, key: 'key' }));
const UPLOADERS = 48;
const LAG_SAMPLE_MS = 50;
/** Longer than rows wait for the roll-ups, so that their lag is seen. */
const LEAST_ROUND_MS = 4_000;

/** Uploads handed to the engine in this process: what is left when HTTP and the load on sockets are taken away. */
export async function measureEngine(bench: Bench): Promise<void> {
  const { rates, p99s } = await loadEngine(bench, bench.emptyFolder('engine'), bench.scale.rounds);
  bench.report.add({
    what: 'engine: 50 events a batch, gzip, without HTTP',
    unit: 'events/s',
    values: rates,
    residentBytes: residentBytes(process.pid),
    note: 'resident: this process, which makes the load as well',
  });
  bench.report.add({ what: '  p99 of the answer', unit: 'ms', values: p99s });
}

/** Loads an engine and answers events a second and p99 by round, and how far the roll-ups lagged meanwhile. */
export async function loadEngine(
  bench: Bench,
  dataDir: string,
  rounds: number,
): Promise<{ rates: number[]; p99s: number[]; lagsMs: number[] }> {
  const engine = await openEngine(dataDir);
  const templates = makeTemplates({
    apps: APPS,
    count: 3_000,
    events: 50,
    encoding: 'gzip',
    seed: bench.seed,
    nowMs: Date.now(),
  });
  const lagsMs: number[] = [];
  const timer = setInterval(() => lagsMs.push(engine.status().writer.rollupLagMs), LAG_SAMPLE_MS);
  const rates: number[] = [];
  const p99s: number[] = [];
  say(`the engine in this process: ${rounds} rounds`);
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { events, ms, latenciesMs } = await uploadFor(
        engine,
        templates,
        Math.max(bench.scale.roundMs, LEAST_ROUND_MS),
      );
      rates.push(events / (ms / 1000));
      p99s.push(quantile(latenciesMs, 0.99));
    }
  } finally {
    clearInterval(timer);
    await engine.close();
  }
  return { rates, p99s, lagsMs };
}

async function uploadFor(
  engine: TelemetryEngine,
  templates: readonly BatchTemplate[],
  durationMs: number,
): Promise<{ events: number; ms: number; latenciesMs: number[] }> {
  const startedMs = performance.now();
  const latenciesMs: number[] = [];
  let next = 0;
  let events = 0;
  const uploader = async () => {
    while (performance.now() - startedMs < durationMs) {
      const template = templates[next++ % templates.length] as BatchTemplate;
      const sentMs = performance.now();
      const outcome = await engine.upload({
        packageId: template.app.packageId,
        keyId: template.app.key,
        address: '127.0.0.1',
        body: Buffer.from(renew(template)),
        contentEncoding: 'gzip',
        sentAt: undefined,
      });
      if (outcome.kind === 'refused') throw new Error(`${outcome.status} ${outcome.code}: ${outcome.detail}`);
      latenciesMs.push(performance.now() - sentMs);
      events += outcome.answer.accepted;
    }
  };
  await Promise.all(Array.from({ length: UPLOADERS }, uploader));
  return { events, ms: performance.now() - startedMs, latenciesMs };
}
