import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { DAY_MS, telemetryDatabasePath } from '../lib/internals.ts';
import { findDescendants, signalAll, withCommand } from '../lib/processes.ts';
import { say } from '../lib/progress.ts';
import { peakResidentBytes } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import { quantile } from '../lib/statistics.ts';
import { failureNote, LoadGenerator } from '../load/load.ts';

const APPS = ['com.bench.first', 'com.bench.second', 'com.bench.third'];
const READERS = 3;
const READ_PAUSE_MS = 100;
const SAMPLE_MS = 50;
/** A folder takes longer to add up. */
const SAMPLES_PER_FOLDER = 20;
const KILLS = 3;
const HOUR_MS = 3_600_000;
const LOAD_BEFORE_KILL_MS = 1_500;

/** How large the WAL gets while everybody writes and some read; and how soon a killed server answers again. */
export const walCase: BenchCase = {
  name: 'wal',
  about: 'the WAL under full ingest with readers; the first answer after kill -9',
  async run(bench) {
    const generator = new LoadGenerator();
    bench.atEnd(() => generator.close());
    for (const replication of ['off', 'on', 'stalled'] as const) {
      const dataDir = bench.emptyFolder('wal');
      const environment = { BACKUP_URL: pathToFileURL(bench.emptyFolder('wal-replica')).href };
      const server = await RealServer.start(dataDir, { environment, replicated: replication !== 'off' });
      bench.atEnd(() => server.stop());
      await measureWal(bench, server, generator, dataDir, replication);
      if (replication === 'off') await measureRestart(bench, server, generator, dataDir);
      else await server.stop();
    }
  },
};

type Replication = 'off' | 'on' | 'stalled';

async function measureWal(
  bench: Bench,
  server: RealServer,
  generator: LoadGenerator,
  dataDir: string,
  replication: Replication,
): Promise<void> {
  const { walMs } = bench.scale;
  const apps = await server.makeApps(APPS);
  const wal = `${telemetryDatabasePath(dataDir)}-wal`;
  const shadow = join(dirname(wal), '.telemetry.db-litestream');
  const sizes: number[] = [];
  const shadowSizes: number[] = [];
  const readsMs: number[] = [];
  let isOver = false;
  const timer = setInterval(() => {
    sizes.push(statSync(wal, { throwIfNoEntry: false })?.size ?? 0);
    if (sizes.length % SAMPLES_PER_FOLDER === 0) shadowSizes.push(folderBytes(shadow));
  }, SAMPLE_MS);
  // Frozen before the load begins: nobody copies the WAL, and its hold on the file stays.
  if (replication === 'stalled') signalAll(withCommand(findDescendants(server.pid), 'litestream'), 'SIGSTOP');
  say(`full ingest with ${READERS} readers, replication ${replication}, for ${Math.round(walMs / 1000)} s`);
  const reader = async (_: unknown, index: number) => {
    for (let round = index; !isOver; round += READERS) {
      const startedMs = performance.now();
      await server.get(pathOf(APPS[round % APPS.length] as string, round));
      readsMs.push(performance.now() - startedMs);
      await delay(READ_PAUSE_MS);
    }
  };
  const loading = generator.run({ ...loadOf(bench, server, apps), durationMs: walMs }).finally(() => (isOver = true));
  const [load] = await Promise.all([loading, ...Array.from({ length: READERS }, reader)]).finally(() =>
    clearInterval(timer),
  );
  bench.report.add({
    what: `the WAL within ${Math.round(walMs / 1000)} s of full ingest, replication ${replication}, at most`,
    unit: 'MB',
    values: [Math.max(...sizes) / 1e6],
    // A stalled one is ended at a bound of its own.
    ...(replication === 'stalled' ? {} : { target: { atMost: 128 } }),
    residentBytes: peakResidentBytes(server.pid),
    note: [
      `${Math.round(load.eventsPerSecond).toLocaleString('en')} events/s`,
      `${readsMs.length} reads, p99 ${quantile(readsMs, 0.99).toFixed(0)} ms`,
      `p99 of an upload ${load.p99Ms.toFixed(0)} ms`,
      ...(replication === 'off'
        ? []
        : [`Litestream's own copy of the WAL at most ${(Math.max(0, ...shadowSizes) / 1e6).toFixed(0)} MB`]),
      failureNote([load]),
    ]
      .filter((part) => part !== undefined)
      .join('; '),
  });
  if (replication !== 'on') return;
  const rate = 'http: 50 events a batch, gzip, with readers and Litestream replicating';
  bench.report.add({ what: rate, unit: 'events/s', values: [load.eventsPerSecond], target: { atLeast: 100_000 } });
  bench.report.add({ what: 'p99 of the answer', unit: 'ms', values: [load.p99Ms], target: { atMost: 100 } });
}

function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce(
        (sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0;
  }
}

/** Kills the server while it is loaded, and starts it again. */
async function measureRestart(
  bench: Bench,
  first: RealServer,
  generator: LoadGenerator,
  dataDir: string,
): Promise<void> {
  let server = first;
  const seconds: number[] = [];
  const apps = await server.makeApps(APPS.slice(0, 1));
  say(`killing the server under load: ${KILLS} times`);
  // The generator makes its batches first, so that the kill comes while it sends.
  await generator.run({ ...loadOf(bench, server, apps), durationMs: 1 });
  for (let round = 0; round < KILLS; round += 1) {
    const killed = server;
    const loading = generator.run({ ...loadOf(bench, killed, apps), durationMs: LOAD_BEFORE_KILL_MS * 4 });
    const killing = delay(LOAD_BEFORE_KILL_MS).then(() => killed.kill());
    await Promise.all([loading, killing]);
    const startedMs = performance.now();
    const next = await RealServer.start(dataDir, {
      onAnswer: () => seconds.push((performance.now() - startedMs) / 1000),
    });
    bench.atEnd(() => next.stop());
    server = next;
  }
  bench.report.add({
    what: 'first answer after kill -9 and restart',
    unit: 's',
    values: seconds,
    target: { atMost: 3 },
    note: 'from the start of the process, what was not rolled up counted',
  });
}

function loadOf(bench: Bench, server: RealServer, apps: Awaited<ReturnType<RealServer['makeApps']>>) {
  return {
    port: server.port,
    apps,
    connections: 48,
    devices: 3_000,
    eventsPerBatch: 50,
    encoding: 'gzip' as const,
    seed: bench.seed,
  };
}

/** A range that was not asked before, so that the answer is read and not remembered. */
function pathOf(packageId: string, round: number): string {
  const from = new Date(Date.now() - 90 * DAY_MS - (round % 2_000) * HOUR_MS).toISOString();
  return `/v1/apps/${packageId}/telemetry/timeseries?metric=devices&interval=day&from=${from}`;
}
