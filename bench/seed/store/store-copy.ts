import { closeSync, constants, copyFileSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import type { Bench } from '../../lib/bench.ts';
import type { StoreDataset } from './store-dataset.ts';

/** What lies beside core.db and has to agree with it. */
const AUDIT_HEAD = 'audit-head.json';

/**
 * Copies a store into a data directory, to change at will; on file systems that can, the copy shares its blocks. It is on disk
 * then: gigabytes that the system still had to write would hold up every sync of what is measured next.
 */
export function copyStoreInto(folder: string, { folder: from }: Pick<StoreDataset, 'folder'>): void {
  const db = new Database(coreDatabasePath(from));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  copyFileSync(coreDatabasePath(from), coreDatabasePath(folder), constants.COPYFILE_FICLONE);
  sync(coreDatabasePath(folder));
  if (existsSync(join(from, AUDIT_HEAD))) copyFileSync(join(from, AUDIT_HEAD), join(folder, AUDIT_HEAD));
}

/** A data directory with a copy of a store; gone when the benchmark ends. */
export function copyStore(bench: Bench, dataset: StoreDataset): string {
  const folder = bench.emptyFolder('store-copy');
  copyStoreInto(folder, dataset);
  return folder;
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
