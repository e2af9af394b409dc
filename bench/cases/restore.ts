import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import { copyHashed } from '../baselines/hashed-copy.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { formatDay, telemetryDatabasePath } from '../lib/internals.ts';
import { runMosis, tryMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';
import { timed } from '../lib/statistics.ts';
import { copyDataset, nowOf, openManyDays, type Dataset } from '../seed/dataset.ts';
import { copyStoreInto } from '../seed/store/store-copy.ts';
import { openStore } from '../seed/store/store-dataset.ts';
import { failuresBesideObjects } from './restore-drill.ts';

/** What came back has no Parquet copies, and rows are slow to count: a few days tell whether rows and roll-ups fit together. */
const AUDITED_DAYS = 3;
const SNAPSHOT_DEADLINE_MS = 30 * 60_000;
const FILES = ['core.db', 'telemetry.db'] as const;

/** How long both databases take to be proven and to come back from their replica, and whether they are whole then. */
export const restoreCase: BenchCase = {
  name: 'restore',
  about: 'core.db and telemetry.db back from their replica: backup verify, restore, integrity, audits of both',
  async run(bench) {
    const dataset = copyDataset(bench, await openManyDays(bench));
    const store = await openStore(bench);
    copyStoreInto(dataset.folder, store);
    const replica = bench.emptyFolder('restore-replica');
    // The oldest days must not end while they are measured.
    const environment = {
      BACKUP_URL: pathToFileURL(replica).href,
      TELEMETRY_RAW_DAYS: String(dataset.days + 30),
    };
    await replicate(bench, dataset, replica, environment);

    const alone = await restore(bench, dataset, environment, ['--core-only']);
    reportRestore(bench, 'mosis restore of core.db alone', [coreDatabasePath(alone.folder)], alone.seconds, {
      atMost: 60,
    });
    rmSync(alone.folder, { recursive: true });
    const { folder: to, seconds } = await restore(bench, dataset, environment);
    const files = [coreDatabasePath(to), telemetryDatabasePath(to)];
    reportRestore(bench, 'mosis restore of both databases', files, seconds);
    for (const file of files) reportIntegrity(bench, file);
    const verifyS = await runMosis(['audit', 'verify'], { ...environment, DATA_DIR: to });
    const note = `${store.auditRows.toLocaleString('en')} rows, with the start of the command`;
    bench.report.add({ what: 'mosis audit verify of what came back', unit: 's', values: [verifyS], note });
    await reportAudit(bench, { ...dataset, folder: to });
  },
};

/** Has the server replicate the data set until both first snapshots are there, and prove what it replicated. */
async function replicate(
  bench: Bench,
  { folder, rows }: Dataset,
  replica: string,
  environment: Record<string, string>,
): Promise<void> {
  say('replicating');
  const startedMs = performance.now();
  const server = await RealServer.start(folder, { environment, replicated: true });
  bench.atEnd(() => server.stop());
  while (!FILES.every((name) => hasSnapshot(join(replica, name, 'generations')))) {
    if (performance.now() - startedMs > SNAPSHOT_DEADLINE_MS)
      throw new Error('There are no snapshots after half an hour.');
    await delay(100);
  }
  const sizes = [coreDatabasePath(folder), telemetryDatabasePath(folder)].map((file) => statSync(file).size);
  bench.report.add({
    what: 'from the start of the server to the first snapshots on the replica',
    unit: 's',
    values: [(performance.now() - startedMs) / 1000],
    note: `core.db ${megabytes(sizes.slice(0, 1))}, telemetry.db ${megabytes(sizes.slice(1))}, ${rows.toLocaleString('en')} rows of events`,
  });
  await reportDrill(bench, { ...environment, DATA_DIR: folder });
  await server.stop();
}

async function reportDrill(bench: Bench, environment: Record<string, string>): Promise<void> {
  say('verifying the backup');
  const { seconds, code, stdout, stderr } = await tryMosis(['backup', 'verify', '--json'], environment);
  const wrong = failuresBesideObjects(stdout);
  if (wrong === undefined) throw new Error(`mosis backup verify ended with ${code}:\n${stdout}${stderr}`);
  if (wrong.length > 0) throw new Error(`The backup is not what it should be: ${wrong.join(' ')}`);
  bench.report.add({
    what: 'mosis backup verify, beside the server',
    unit: 's',
    values: [seconds],
    note: 'it finds that copies of packages are missing, which this store has none of, and nothing else',
  });
}

async function restore(
  bench: Bench,
  { folder }: Dataset,
  environment: Record<string, string>,
  more: string[] = [],
): Promise<{ folder: string; seconds: number }> {
  const to = join(bench.emptyFolder('restored'), 'data');
  say(`restoring ${more.join(' ')}`.trim());
  const seconds = await runMosis(['restore', '--to', to, ...more], { ...environment, DATA_DIR: folder });
  return { folder: to, seconds };
}

/** What a restore took beside a plain copy of what came back. */
function reportRestore(
  bench: Bench,
  what: string,
  files: readonly string[],
  seconds: number,
  target?: { atMost: number },
): void {
  const folder = bench.emptyFolder('restored-copy');
  const copiesMs = files.map((file, index) => copyHashed(file, join(folder, String(index))));
  bench.report.add({
    what,
    unit: 's',
    values: [seconds],
    ...(target ? { target } : {}),
    baseline: {
      what: 'a plain copy of the files with SHA-256 and a sync',
      values: [copiesMs.reduce((sum, ms) => sum + ms, 0) / 1000],
    },
    note: megabytes(files.map((file) => statSync(file).size)),
  });
  rmSync(folder, { recursive: true });
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
  const name = FILES.find((one) => file.endsWith(one));
  bench.report.add({
    what: `integrity_check of ${name}: ok`,
    unit: 's',
    values: [(performance.now() - startedMs) / 1000],
  });
}

async function reportAudit(bench: Bench, dataset: Dataset): Promise<void> {
  const engine = await openEngine(dataset.folder, { now: () => nowOf(dataset), rawDays: dataset.days + 30 });
  try {
    const firstDay = dataset.lastDay - AUDITED_DAYS + 1;
    const range = { from: formatDay(firstDay), to: formatDay(dataset.lastDay) };
    const { result, ms } = await timed(() => engine.runAudit(range));
    bench.report.add({
      what: 'differences of roll-ups and raw rows in the restored file',
      unit: '',
      values: [result.differences],
      target: { atMost: 0 },
      note: `a recount of the last ${AUDITED_DAYS} days in ${(ms / 1000).toFixed(1)} s`,
    });
  } finally {
    await engine.close();
  }
}

function megabytes(sizes: readonly number[]): string {
  return `${(sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(0)} MB`;
}
