import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { openReader, readStatus, type MigrationTarget, type RawConnection } from '@mosis/sqlite';
import { fail, ok, warn, type Finding } from './finding.js';

const MAX_PROBLEMS = 5;

/**
 * Whether a database can be read and belongs to this version. Reads only; `deep` has SQLite check every page,
 * which takes as long as reading the whole file.
 */
export function checkDatabase({ file, migrations }: MigrationTarget, deep: boolean): Finding {
  const name = basename(file);
  if (!existsSync(file)) return ok(name, 'is not there yet: the first start makes it');
  let reader: RawConnection | undefined;
  try {
    reader = openReader(file);
    const damage = deep ? findDamage(reader) : [];
    if (damage.length > 0)
      return fail(
        name,
        `is damaged: ${damage.join('; ')}`,
        'Stop the server, copy the file aside, and restore a backup.',
      );
    return judgeHistory(name, readStatus(reader, migrations), deep ? ', every page checked' : '');
  } catch (error) {
    return fail(
      name,
      `cannot be read: ${(error as Error).message}`,
      'Stop the server, copy the file aside, and restore a backup.',
    );
  } finally {
    reader?.close();
  }
}

/** On a connection that only reads, SQLite does not look at CHECK constraints; the migrator does, on its copy. */
function findDamage(reader: RawConnection): string[] {
  const rows = reader.pragma(`quick_check(${MAX_PROBLEMS})`) as { quick_check: string }[];
  return rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
}

function judgeHistory(name: string, statuses: ReturnType<typeof readStatus>, suffix: string): Finding {
  const of = (state: string) => statuses.filter((status) => status.state === state).map((status) => status.name);
  const [unknown, changed, pending] = [of('unknown'), of('changed'), of('pending')];
  if (unknown.length > 0)
    return fail(name, `has ${unknown.join(', ')}, which this version does not know`, 'Start the version that made it.');
  if (changed.length > 0)
    return fail(name, `has another ${changed.join(', ')} than this version`, 'Start the version that made it.');
  if (pending.length > 0)
    return warn(
      name,
      `waits for ${pending.join(', ')}`,
      'The next start applies them; or now, with the server stopped: mosis db migrate',
    );
  return ok(name, `can be read, ${statuses.length} migrations applied${suffix}`);
}
