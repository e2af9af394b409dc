import { quoteIdentifier } from '../migrate/quote.js';
import type { RawConnection } from '../open.js';

/** How many problems are told: the first ones say what kind of damage it is. */
export const MAX_PROBLEMS = 10;

/** What is wrong with a database, in SQLite's words. */
export interface DatabaseDamage {
  /** Pages and indexes that are not what they should be: nothing can be relied on that is read from them. */
  structure: string[];
  /** Rows that can be read, and that break a CHECK, a NOT NULL or a type of their table. */
  rows: string[];
}

/** A part of what `integrity_check` looks at: all of it, everything but the entries of indexes, or one table with its own. */
export type IntegrityScope = 'everything' | 'all-but-indexes' | { table: string };

/**
 * Reads a whole database and answers what `integrity_check` finds wrong, ten things at most; two empty lists when it is
 * sound.
 *
 * @throws TypeError on a connection that only reads: SQLite leaves CHECKs out of the schema of such a one, so that it finds
 *   every row right
 */
export function findDamage(connection: RawConnection, scope: IntegrityScope = 'everything'): DatabaseDamage {
  if (connection.readonly) throw new TypeError('A connection that only reads does not see broken CHECKs.');
  connection.pragma('ignore_check_constraints = OFF');
  const problems = (connection.pragma(pragmaOf(scope)) as Record<string, string>[])
    .map((row) => Object.values(row)[0] as string)
    .filter((problem) => problem !== 'ok')
    .slice(0, MAX_PROBLEMS);
  return {
    structure: problems.filter((problem) => !isAboutRows(problem)),
    rows: problems.filter(isAboutRows),
  };
}

function pragmaOf(scope: IntegrityScope): string {
  if (scope === 'everything') return `integrity_check(${MAX_PROBLEMS})`;
  if (scope === 'all-but-indexes') return `quick_check(${MAX_PROBLEMS})`;
  return `integrity_check(${quoteIdentifier(scope.table)})`;
}

function isAboutRows(problem: string): boolean {
  return /^(CHECK constraint failed|(NULL|NUMERIC|TEXT|non-\w+) value) in /.test(problem);
}
