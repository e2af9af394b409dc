import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { formatDay, telemetryDatabasePath } from '../lib/internals.ts';
import { runMosis, tryMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { timed } from '../lib/statistics.ts';
import { copyDataset, nowOf, openManyDays, type Dataset } from '../seed/dataset.ts';
import { copyStoreInto } from '../seed/store/store-copy.ts';
import { openStore } from '../seed/store/store-dataset.ts';
import { measureArchived } from './restore-archived.ts';
import { failuresBesideObjects } from './restore-drill.ts';
import { megabytes, reportRestore, restore, startReplicated } from './restore-steps.ts';

/** What came back has no Parquet copies, and rows are slow to count: a few days tell whether rows and roll-ups fit together. */
const AUDITED_DAYS = 3;

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
      DATA_DIR: dataset.folder,
      BACKUP_URL: pathToFileURL(replica).href,
      TELEMETRY_RAW_DAYS: String(dataset.days + 30),
    };
    await replicate(bench, dataset, replica, environment);

    const alone = await restore(bench, environment, ['--core-only']);
    reportRestore(
      bench,
      'mosis restore of core.db, every audit row in it',
      [coreDatabasePath(alone.folder)],
      alone.seconds,
      {
        target: { atMost: 60 },
      },
    );
    rmSync(alone.folder, { recursive: true });
    const { folder: to, seconds } = await restore(bench, environment);
    const files = [coreDatabasePath(to), telemetryDatabasePath(to)];
    reportRestore(bench, 'mosis restore of both databases', files, seconds);
    for (const file of files) reportIntegrity(bench, file);
    const verifyS = await runMosis(['audit', 'verify'], { ...environment, DATA_DIR: to });
    const note = `${store.auditRows.toLocaleString('en')} rows, with the start of the command`;
    bench.report.add({ what: 'mosis audit verify of what came back', unit: 's', values: [verifyS], note });
    await reportAudit(bench, { ...dataset, folder: to });

    for (const folder of [to, dataset.folder, replica]) rmSync(folder, { recursive: true });
    await measureArchived(bench, store);
  },
};

/** Has the server replicate the data set until both first snapshots are there, and prove what it replicated. */
async function replicate(
  bench: Bench,
  { folder, rows }: Dataset,
  replica: string,
  environment: Record<string, string>,
): Promise<void> {
  const { server, seconds } = await startReplicated(bench, folder, replica, environment);
  const sizes = [coreDatabasePath(folder), telemetryDatabasePath(folder)].map((file) => megabytes([file]));
  bench.report.add({
    what: 'from the start of the server to the first snapshots on the replica',
    unit: 's',
    values: [seconds],
    note: `core.db ${sizes[0]}, telemetry.db ${sizes[1]}, ${rows.toLocaleString('en')} rows of events`,
  });
  await reportDrill(bench, environment);
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

function reportIntegrity(bench: Bench, file: string): void {
  const db = new Database(file, { readonly: true });
  const startedMs = performance.now();
  const found = db.pragma('integrity_check', { simple: true }) as string;
  db.close();
  if (found !== 'ok') throw new Error(`The restored file is damaged: ${found}`);
  bench.report.add({
    what: `integrity_check of ${basename(file)}: ok`,
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
