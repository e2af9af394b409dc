import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDay } from '../storage/days.js';
import { ARCHIVE_FOLDER } from '../storage/telemetry-file.js';

/**
 * Removes the Parquet copies of days before `horizon` that have no partition any more: those that were just dropped, and
 * those whose partition was dropped by a process that died before it came to the copy. Of days since the newest partition,
 * which may still be written to, and of anything else in the folder it removes nothing.
 */
export async function removeArchivesWithout(
  dataDir: string,
  partitions: readonly number[],
  horizon: number,
): Promise<void> {
  const newest = partitions.at(-1);
  if (newest === undefined) return;
  const folder = join(dataDir, ARCHIVE_FOLDER);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    const day = entry.isDirectory() ? dayOfFolder(entry.name) : undefined;
    if (day === undefined || day >= horizon || day >= newest || partitions.includes(day)) continue;
    await rm(join(folder, entry.name), { recursive: true, force: true });
  }
}

function dayOfFolder(name: string): number | undefined {
  const day = /^received=(\d{4}-\d{2}-\d{2})$/.exec(name)?.[1];
  try {
    return day === undefined ? undefined : parseDay(day);
  } catch {
    return undefined;
  }
}
