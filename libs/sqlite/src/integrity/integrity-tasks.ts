import { quoteIdentifier } from '../migrate/quote.js';
import type { RawConnection } from '../open.js';
import type { IntegrityScope } from './find-damage.js';

/** One piece of looking a database through, which needs none of the others. */
export type IntegrityTask = { kind: 'damage'; scope: IntegrityScope } | { kind: 'references' };

interface Table {
  name: string;
  isVirtual: 0 | 1;
  hasRowid: 0 | 1;
  indexes: number;
}

/** What one thread does, in one reading of the file. */
export const WHOLE: readonly IntegrityTask[] = [{ kind: 'damage', scope: 'everything' }, { kind: 'references' }];

/**
 * The same split for several threads, the longest first. Whether each row is in each index takes most of the time, so each
 * table that has one is a piece; everything else that `integrity_check` looks at is in `quick_check`.
 */
export function splitIntegrity(connection: RawConnection): IntegrityTask[] {
  const tables = connection
    .prepare<[], Table>(
      `SELECT t.name, t.type = 'virtual' AS isVirtual, NOT t.wr AND t.type != 'virtual' AS hasRowid,
              (SELECT count(*) FROM pragma_index_list(t.name)) AS indexes
         FROM pragma_table_list t WHERE t.schema = 'main' AND t.type IN ('table', 'virtual', 'shadow')`,
    )
    .all()
    .map((table) => ({ ...table, rows: guessRows(connection, table) }));
  const allRows = tables.reduce((sum, { rows }) => sum + rows, 0);
  const weighed: { task: IntegrityTask; weight: number }[] = tables
    .filter(({ isVirtual, indexes }) => isVirtual === 1 || indexes > 0)
    .map(({ name, rows, indexes }) => ({
      task: { kind: 'damage', scope: { table: name } },
      weight: rows * (1 + indexes),
    }));
  weighed.push({ task: { kind: 'damage', scope: 'all-but-indexes' }, weight: allRows });
  weighed.push({ task: { kind: 'references' }, weight: allRows / 4 });
  return weighed.sort((a, b) => b.weight - a.weight).map(({ task }) => task);
}

/** The highest rowid is found at once and is near enough; where there is none, the order is only not the best one. */
function guessRows(connection: RawConnection, { name, hasRowid }: Table): number {
  if (!hasRowid) return 0;
  try {
    const highest = connection.prepare(`SELECT coalesce(max(rowid), 0) FROM ${quoteIdentifier(name)}`);
    return Number(highest.pluck().get());
  } catch {
    // A table that cannot be read is what is looked for, and no reason to stop.
    return 0;
  }
}
