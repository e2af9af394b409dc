import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { formatDay, telemetryDatabasePath } from '../lib/internals.ts';
import { runMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';
import { timed } from '../lib/statistics.ts';
import { copyDataset, nowOf, openRestorable, type Dataset } from '../seed/dataset.ts';

const SNAPSHOT_DEADLINE_MS = 30 * 60_000;

/** How long a large telemetry.db takes to come back from its replica, and whether it is whole then. */
export const restoreCase: BenchCase = {
  name: 'restore',
  about: 'a large telemetry.db back from its replica: seconds, integrity, audit of its roll-ups',
  async run(bench) {
    const dataset = copyDataset(bench, await openRestorable(bench));
    const replica = bench.emptyFolder('restore-replica');
    const environment = { BACKUP_URL: pathToFileURL(replica).href };
    await replicate(bench, dataset, replica, environment);

    const to = join(bench.emptyFolder('restored'), 'data');
    say('restoring');
    const seconds = await runMosis(['restore', '--to', to], { ...environment, DATA_DIR: dataset.folder });
    const file = telemetryDatabasePath(to);
    const note = `${dataset.rows.toLocaleString('en')} rows, ${(statSync(file).size / 1e6).toFixed(0)} MB`;
    bench.report.add({ what: 'mosis restore of both databases', unit: 's', values: [seconds], note });
    reportIntegrity(bench, file);
    await reportAudit(bench, { ...dataset, folder: to });
  },
};

/** Has the server replicate the data set: its first snapshot has to be there. */
async function replicate(
  bench: Bench,
  { folder }: Dataset,
  replica: string,
  environment: Record<string, string>,
): Promise<void> {
  say('replicating');
  const startedMs = performance.now();
  const server = await RealServer.start(folder, { environment, replicated: true });
  bench.atEnd(() => server.stop());
  while (!hasSnapshot(join(replica, 'telemetry.db/generations'))) {
    if (performance.now() - startedMs > SNAPSHOT_DEADLINE_MS)
      throw new Error('There is no snapshot after half an hour.');
    await delay(100);
  }
  bench.report.add({
    what: 'from the start of the server to the first snapshot on the replica',
    unit: 's',
    values: [(performance.now() - startedMs) / 1000],
  });
  await server.stop();
}

/** A snapshot has its name only when it is whole. */
function hasSnapshot(generations: string): boolean {
  if (!existsSync(generations)) return false;
  return readdirSync(generations).some((generation) => {
    const snapshots = join(generations, generation, 'snapshots');
    return existsSync(snapshots) && readdirSync(snapshots).some((name) => name.endsWith('.snapshot.lz4'));
  });
}

function reportIntegrity(bench: Bench, file: string): void {
  const db = new Database(file, { readonly: true });
  const startedMs = performance.now();
  const found = db.pragma('integrity_check', { simple: true }) as string;
  db.close();
  if (found !== 'ok') throw new Error(`The restored file is damaged: ${found}`);
  bench.report.add({ what: 'integrity_check: ok', unit: 's', values: [(performance.now() - startedMs) / 1000] });
}

async function reportAudit(bench: Bench, dataset: Dataset): Promise<void> {
  const engine = await openEngine(dataset.folder, { now: () => nowOf(dataset), rawDays: dataset.days + 30 });
  try {
    const range = { from: formatDay(dataset.firstDay), to: formatDay(dataset.lastDay) };
    const { result, ms } = await timed(() => engine.runAudit(range));
    bench.report.add({
      what: 'differences of roll-ups and raw rows in the restored file',
      unit: '',
      values: [result.differences],
      target: { atMost: 0 },
      note: `a recount of ${dataset.days} days in ${(ms / 1000).toFixed(1)} s`,
    });
  } finally {
    await engine.close();
  }
}
