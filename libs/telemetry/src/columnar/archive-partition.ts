import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RawConnection } from '@mosis/sqlite/connection';
import { formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import { CONTEXT_COLUMNS, type Dictionaries } from './dictionaries.js';
import { literal, type Session } from './duck.js';
import { makeDurableFolder, publishFile } from './durable-file.js';
import type { WrittenFile } from './protocol.js';
import { hashFile, parsedLines, writeRawLines } from './raw-lines.js';
import { verifyArchive } from './verify-archive.js';

/** Rows in one row group of a file; DuckDB reads whole groups, and skips those that hold other apps. */
export const ROW_GROUP_ROWS = 122_880;

export interface ArchiveDeps {
  dataDir: string;
  scratch: string;
  db: RawConnection;
  dictionaries: Dictionaries;
}

/**
 * Makes the Parquet copy of a closed partition. The file gets its name only after it was compared with what SQLite said,
 * so under that name there is always a whole and true copy of some revision, or none. `revision` was read before the first
 * row: when it is no longer the partition's, the copy is stale.
 *
 * @throws VerificationError when the file does not hold the table
 */
export async function archivePartition(
  session: Session,
  deps: ArchiveDeps,
  day: number,
): Promise<WrittenFile & { revision: number }> {
  const { db, dataDir, scratch } = deps;
  const revision = db.prepare('SELECT revision FROM partitions WHERE day = ?').pluck().get(day) as number | undefined;
  if (revision === undefined) throw new Error(`There is no partition ${formatDay(day)}.`);
  const path = archivePath(dataDir, formatDay(day));
  const temporary = join(dirname(path), 'part-0.parquet.tmp');
  const linesPath = join(scratch, `archive-${formatDay(day)}.lines`);
  await makeDurableFolder(dirname(path));
  try {
    const lines = await writeRawLines(db, { day, afterId: 0 }, linesPath, () => session.check());
    await deps.dictionaries.refresh(session);
    await session.run(`COPY (${sortedEvents(linesPath)}) TO ${literal(temporary)}
      (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`);
    await verifyArchive(session, db, { lines, linesPath, parquetPath: temporary });
    const written = await hashFile(temporary);
    await publishFile(temporary, path);
    return { ...written, rows: lines.rows, revision };
  } finally {
    await rm(linesPath, { force: true });
    await rm(temporary, { force: true });
  }
}

/** The rows of a file of lines as the archive holds them. Numbers sort much faster than package ids, in the same order. */
function sortedEvents(linesPath: string): string {
  return `SELECT ${archiveColumns()} FROM (
      SELECT a.package_id, r.* FROM ${parsedLines(linesPath)} r
        LEFT JOIN (SELECT *, row_number() OVER (ORDER BY package_id) AS rank FROM apps) a ON a.app = r.app
      ORDER BY a.rank, r.time_ms, r.id) r
    LEFT JOIN types t ON t.type = r.type
    LEFT JOIN contexts c ON c.context = r.context`;
}

/** The columns of an archived event, from `r` (a raw row with its package_id), `t` (types) and `c` (contexts). */
export function archiveColumns(): string {
  return `r.package_id, r.id, make_timestamp_ms(r.time_ms)::TIMESTAMP_MS AS time, t.name AS type,
    ${CONTEXT_COLUMNS.map((name) => `c.${name}`).join(', ')}, r.device, r.session,
    (r.flags & 1) <> 0 AS clock_corrected, (r.flags & 2) <> 0 AS clamped, (r.flags & 4) <> 0 AS late, r.data`;
}
