import type { DatabaseName } from '@mosis/backup';
import { lookThrough, openReader, type RawConnection } from '@mosis/sqlite/connection';
import { plural } from '../../common/format.js';
import { FILE_OF } from './drill.types.js';

const SHOWN = 3;

/**
 * Looks at every page, index and row, at foreign keys, and for the marker, with one thread: the server beside it has work of
 * its own. The file is a restored one: it is opened for writing.
 */
export async function checkDatabase(file: string, database: DatabaseName, marker: string): Promise<string[]> {
  const name = FILE_OF[database];
  let db: RawConnection | undefined;
  try {
    const { structure, rows, references } = await lookThrough(file, { threads: 1 });
    if (structure.length > 0) return [`${name} is damaged: ${structure.slice(0, SHOWN).join('; ')}.`];
    const failures: string[] = [];
    if (rows.length > 0)
      failures.push(`${name} holds rows that its own rules forbid: ${rows.slice(0, SHOWN).join('; ')}.`);
    const [orphan] = references;
    if (orphan) {
      const orphans = references.reduce((sum, reference) => sum + reference.rows, 0);
      failures.push(
        `${name}: ${plural(orphans, 'row points', 'rows point')} at rows that did not come back, such as one of ${orphan.table}.`,
      );
    }
    db = openReader(file);
    if (!hasMarker(db, database, marker))
      failures.push(
        `${name} is an older copy: the row that was written before this verification, and that Litestream said it had shipped, did not come back.`,
      );
    return failures;
  } catch (error) {
    return [`${name} cannot be read: ${(error as Error).message}.`];
  } finally {
    db?.close();
  }
}

function hasMarker(db: RawConnection, database: DatabaseName, marker: string): boolean {
  const sql =
    database === 'core'
      ? 'SELECT 1 FROM backup_drills WHERE id = ?'
      : "SELECT 1 FROM engine_state WHERE key = 'backup_marker' AND value = ?";
  return db.prepare(sql).get(marker) !== undefined;
}
