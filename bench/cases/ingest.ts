import { BareServer } from '../baselines/bare.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { describeProfiles } from '../lib/cpu-profile.ts';
import { telemetryDatabasePath } from '../lib/internals.ts';
import { say } from '../lib/progress.ts';
import { peakResidentBytes } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import { usedBytes } from '../lib/sqlite-file.ts';
import { makeTemplates, wireBytesPerEvent, type LoadedApp } from '../load/batches.ts';
import { failureNote, LoadGenerator, type LoadSummary } from '../load/load.ts';
import type { LoadOrder } from '../load/generator.ts';
import { measureEngine } from './ingest-engine.ts';
import { measureFlood } from './ingest-flood.ts';

const APPS = ['com.bench.first', 'com.bench.second', 'com.bench.third'];
const DEVICES = 3_000;
const WARM_UP_MS = 1_000;

type Load = Omit<LoadOrder, 'port' | 'durationMs'>;

/** Durable uploads through the whole server, beside a bare server that does the same durable work. */
export const ingestCase: BenchCase = {
  name: 'ingest',
  about: 'durable uploads a second and how long each waits; one app that floods beside another',
  async run(bench) {
    const generator = new LoadGenerator();
    bench.atEnd(() => generator.close());
    const dataDir = bench.emptyFolder('ingest');
    if (bench.profiles !== undefined) return profileServer(bench, generator, dataDir, bench.profiles);
    const server = await RealServer.start(dataDir);
    bench.atEnd(() => server.stop());
    const apps = await server.makeApps(APPS);
    const grouped = await BareServer.start(bench.emptyFolder('bare-grouped'), true);
    bench.atEnd(() => grouped.stop());
    const single = await BareServer.start(bench.emptyFolder('bare-single'), false);
    bench.atEnd(() => single.stop());

    const ports = { server: server.port, grouped: grouped.port, single: single.port };
    const load = (change: Partial<Load>): Load => ({ ...usualLoad(bench, apps), ...change });
    const bytesBefore = usedBytes(telemetryDatabasePath(dataDir));
    let stored = 0;
    for (const encoding of ['gzip', 'identity'] as const) {
      const loads = await sideBySide(bench, generator, ports, load({ encoding }));
      stored += sum(loads.server) + sum(loads.warmUp);
      reportBatches(bench, encoding, loads, server, grouped);
    }
    bench.report.add({
      what: 'bytes of an event in telemetry.db, roll-ups and all',
      unit: 'bytes',
      values: [(usedBytes(telemetryDatabasePath(dataDir)) - bytesBefore) / stored],
      target: { atMost: 48 },
    });
    reportWireBytes(bench, apps);
    const singles = await sideBySide(bench, generator, ports, load({ eventsPerBatch: 1, connections: 64 }));
    reportSingles(bench, singles, server);
    await measureFlood(bench, server, generator);
    await server.stop();
    await measureEngine(bench);
  },
};

function usualLoad(bench: Bench, apps: LoadedApp[]): Load {
  return { apps, connections: 48, devices: DEVICES, eventsPerBatch: 50, encoding: 'gzip', seed: bench.seed };
}

/** Loads a server under the profiler and nothing else: what it reaches there is no figure to go by. */
async function profileServer(bench: Bench, generator: LoadGenerator, dataDir: string, profiles: string): Promise<void> {
  const server = await RealServer.start(dataDir, { profiles });
  bench.atEnd(() => server.stop());
  const apps = await server.makeApps(APPS);
  const { rounds, roundMs } = bench.scale;
  const load = { ...usualLoad(bench, apps), port: server.port };
  await generator.run({ ...load, durationMs: WARM_UP_MS });
  const { eventsPerSecond } = await generator.run({ ...load, durationMs: rounds * roundMs });
  await server.stop();
  bench.report.add({
    what: 'http: 50 events a batch, gzip, under the profiler',
    unit: 'events/s',
    values: [eventsPerSecond],
  });
  for (const line of describeProfiles(profiles)) say(line);
}

type SideBySide = Record<'server' | 'grouped' | 'single' | 'warmUp', LoadSummary[]>;

/** The same load on each server in turn, round by round, so that a slow minute of the machine is everybody's. */
async function sideBySide(
  bench: Bench,
  generator: LoadGenerator,
  ports: Record<'server' | 'grouped' | 'single', number>,
  load: Load,
): Promise<SideBySide> {
  const { rounds, roundMs } = bench.scale;
  const loads: SideBySide = { server: [], grouped: [], single: [], warmUp: [] };
  say(`${load.eventsPerBatch} events a batch, ${load.encoding}: ${rounds} rounds`);
  const run = (port: number, durationMs: number) => generator.run({ ...load, port, durationMs });
  loads.warmUp.push(await run(ports.server, WARM_UP_MS));
  await run(ports.grouped, WARM_UP_MS);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['server', 'grouped', 'single'] as const) loads[name].push(await run(ports[name], roundMs));
  }
  return loads;
}

function reportBatches(
  bench: Bench,
  encoding: string,
  { server: loads, grouped, single }: SideBySide,
  server: RealServer,
  bare: BareServer,
): void {
  const { report } = bench;
  const note = failureNote(loads);
  const rate = (list: readonly LoadSummary[]) => list.map(({ eventsPerSecond }) => eventsPerSecond);
  const p99 = (list: readonly LoadSummary[]) => list.map(({ p99Ms }) => p99Ms);
  report.add({
    what: `http: 50 events a batch, ${encoding}`,
    unit: 'events/s',
    values: rate(loads),
    target: { atLeast: 100_000 },
    baseline: { what: 'a bare server with group commit', values: rate(grouped), target: { atLeast: 0.6 } },
    residentBytes: peakResidentBytes(server.pid),
    note: [note, `the bare server has ${Math.round((peakResidentBytes(bare.pid) ?? 0) / 1e6)} MB resident`]
      .filter((part) => part !== undefined)
      .join('; '),
  });
  report.add({
    what: '  against a commit for each request',
    unit: 'events/s',
    values: rate(loads),
    baseline: { what: 'a bare server with a commit for each request', values: rate(single) },
  });
  report.add({ what: '  p50 of the answer', unit: 'ms', values: loads.map(({ p50Ms }) => p50Ms) });
  report.add({
    what: '  p99 of the answer',
    unit: 'ms',
    values: p99(loads),
    target: { atMost: 50 },
    baseline: { what: 'a bare server with group commit', values: p99(grouped) },
  });
}

function reportSingles(bench: Bench, { server: loads, grouped, single }: SideBySide, server: RealServer): void {
  const rate = (list: readonly LoadSummary[]) => list.map(({ requestsPerSecond }) => requestsPerSecond);
  const note = failureNote(loads);
  bench.report.add({
    what: 'http: single-event uploads, gzip',
    unit: 'uploads/s',
    values: rate(loads),
    target: { atLeast: 5_000 },
    baseline: { what: 'a bare server with group commit', values: rate(grouped) },
    residentBytes: peakResidentBytes(server.pid),
    ...(note === undefined ? {} : { note }),
  });
  bench.report.add({
    what: '  against a commit for each request',
    unit: 'uploads/s',
    values: rate(loads),
    baseline: { what: 'a bare server with a commit for each request', values: rate(single) },
  });
  bench.report.add({
    what: '  p99 of the answer',
    unit: 'ms',
    values: loads.map(({ p99Ms }) => p99Ms),
    baseline: { what: 'a bare server with group commit', values: grouped.map(({ p99Ms }) => p99Ms) },
  });
}

function reportWireBytes(bench: Bench, apps: readonly LoadedApp[]): void {
  const templates = makeTemplates({
    apps,
    count: 300,
    events: 50,
    encoding: 'identity',
    seed: bench.seed,
    nowMs: Date.now(),
  });
  const plain = templates.reduce((bytes, template) => bytes + template.plain.length, 0) / templates.length / 50;
  bench.report.add({
    what: 'bytes of an event on the wire, gzip',
    unit: 'bytes',
    values: [wireBytesPerEvent(templates)],
    target: { atMost: 30 },
    note: `bodies of 50 events, without HTTP headers; ${Math.round(plain)} bytes before compression`,
  });
}

function sum(loads: readonly LoadSummary[]): number {
  return loads.reduce((events, { accepted }) => events + accepted, 0);
}
