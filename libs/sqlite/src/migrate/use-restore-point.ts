import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openReader, openWriter, type RawConnection } from '../open.js';
import { isSqliteError } from '../sqlite-error.js';
import { copyCheaply, keepAside, publishFile, removeDatabase } from './durable-files.js';
import { findNewestApplied } from './history.js';
import type { RestorePoint, RestorePoints } from './restore-points.js';

/** What became of the database that was in the way. */
export interface UsedRestorePoint {
  used: RestorePoint;
  /** The restore point that the present file became, or null when it could not be read. */
  kept: string | null;
  /** Where a file that could not be read now lies, with its WAL beside it. */
  damaged: string | null;
}

/**
 * Puts a restore point in the database's place; the caller holds the directory's lock. The present file becomes a restore
 * point of its own. At each moment a whole database stands under the name: the present one, then the other.
 *
 * @throws when the restore point does not exist or is damaged; the present file is untouched then
 */
export function useRestorePoint(points: RestorePoints, name: string, now: Date): UsedRestorePoint {
  const used = points.get(name);
  assertSound(used);
  const { database, incomingFile: incoming } = points;
  removeDatabase(incoming);
  copyCheaply(used.file, incoming);
  const kept = existsSync(database) ? keepPresent(points, now) : { kept: null, damaged: null };
  // A write-ahead log that outlives its file would be taken for the new one's.
  for (const suffix of ['-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true });
  for (const companion of points.companions) putBack(points, name, companion);
  publishFile(incoming, database);
  points.prune();
  return { used, ...kept };
}

function assertSound({ name, file }: RestorePoint): void {
  let reader: RawConnection | undefined;
  try {
    reader = openReader(file);
    const [problem] = reader.pragma('quick_check(1)') as { quick_check: string }[];
    if (problem?.quick_check !== 'ok') throw new Error(problem?.quick_check);
  } catch (error) {
    throw new Error(
      `The restore point ${name} is damaged (${(error as Error).message}). Nothing was changed; use another one, or a backup.`,
      { cause: error },
    );
  } finally {
    reader?.close();
  }
}

function keepPresent(points: RestorePoints, now: Date): { kept: string | null; damaged: string | null } {
  const { database } = points;
  try {
    const name = points.reserveName(now, foldWal(database));
    points.keepCompanions(name);
    keepAside(database, join(points.folder, `${name}.db`));
    return { kept: name, damaged: null };
  } catch (error) {
    if (isSqliteError(error, 'SQLITE_BUSY')) throw error;
    const damaged = `${database}.damaged-${now.toISOString().replaceAll(/[-:.]/g, '')}`;
    keepAside(database, damaged);
    if (existsSync(`${database}-wal`)) keepAside(`${database}-wal`, `${damaged}-wal`);
    return { kept: null, damaged };
  }
}

/** Moves what is in the write-ahead log into the file, which then stands alone; answers its newest migration. */
function foldWal(database: string): string | undefined {
  const writer = openWriter(database);
  try {
    writer.pragma('journal_mode = DELETE');
    return findNewestApplied(writer);
  } finally {
    writer.close();
  }
}

function putBack(points: RestorePoints, name: string, companion: string): void {
  const from = points.companionFile(name, companion);
  const to = join(points.database, '..', companion);
  if (!existsSync(from)) return rmSync(to, { force: true });
  copyCheaply(from, `${to}.tmp`);
  publishFile(`${to}.tmp`, to);
}
