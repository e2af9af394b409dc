import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import type { Bench } from '../lib/bench.ts';
import { runMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';
import { copyStore } from '../seed/store/store-copy.ts';
import type { StoreDataset } from '../seed/store/store-dataset.ts';
import { reportRestore, restore, startReplicated } from './restore-steps.ts';

/** A server keeps 180 days of audit rows in the file: this much of the 694 days that ten million rows are spread over. */
const KEPT_SHARE = 180 / 694;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How long accounts, apps and versions take to come back where the server has done each night what it does each night: of the
 * audit rows those of the last 180 days are in core.db, the older ones in the object store.
 */
export async function measureArchived(bench: Bench, store: StoreDataset): Promise<void> {
  const folder = copyStore(bench, store);
  const inFile = await archiveAudit(bench, folder, store.auditRows);

  const replica = bench.emptyFolder('archived-replica');
  const environment = {
    DATA_DIR: folder,
    BACKUP_URL: pathToFileURL(replica).href,
    OBJECT_STORE_URL: pathToFileURL(join(folder, 'objects')).href,
  };
  const { server } = await startReplicated(bench, folder, replica, environment);
  await server.stop();
  const { folder: to, seconds } = await restore(bench, environment, ['--core-only']);
  const rows = (count: number) => count.toLocaleString('en');
  const note = `${rows(inFile)} of ${rows(store.auditRows)} audit rows, the others in the object store`;
  reportRestore(bench, 'mosis restore of core.db, old audit rows moved', [coreDatabasePath(to)], seconds, {
    target: { atMost: 60 },
    note,
  });
  bench.report.add({
    what: 'mosis audit verify of what came back, with what was moved',
    unit: 's',
    values: [await runMosis(['audit', 'verify'], { ...environment, DATA_DIR: to })],
    note: `${rows(store.auditRows)} rows`,
  });
}

/** Moves what is old out of core.db, and answers how many audit rows stay there. */
async function archiveAudit(bench: Bench, folder: string, auditRows: number): Promise<number> {
  say('moving old audit rows to the object store');
  const server = await RealServer.start(folder);
  bench.atEnd(() => server.stop());
  const keepDays = String(ageInDays(folder, Math.floor(auditRows * (1 - KEPT_SHARE))));
  const seconds = await runMosis(['audit', 'archive', '--keep-days', keepDays], { DATA_DIR: folder });
  await server.stop();
  const db = new Database(coreDatabasePath(folder));
  try {
    const inFile = db.prepare('SELECT count(*) FROM audit_logs').pluck().get() as number;
    // Moved night by night these rows would never have been in the file at once, and it would never have grown to hold them.
    db.exec('VACUUM');
    bench.report.add({
      what: 'moving old audit rows to the object store, by a server',
      unit: 'rows/s',
      values: [(auditRows - inFile) / seconds],
      note: `${seconds.toFixed(0)} s`,
    });
    return inFile;
  } finally {
    db.close();
  }
}

/** How many days ago an audit row was written. */
function ageInDays(folder: string, seq: number): number {
  const db = new Database(coreDatabasePath(folder), { readonly: true });
  try {
    const at = db.prepare('SELECT occurred_at FROM audit_logs WHERE seq = ?').pluck().get(seq) as string;
    return Math.floor((Date.now() - Date.parse(at)) / DAY_MS);
  } finally {
    db.close();
  }
}
