import type { RawConnection } from './open.js';

const MAX_PROBLEMS = 10;

/** What is wrong with a database, in SQLite's words. */
export interface DatabaseDamage {
  /** Pages and indexes that are not what they should be: nothing can be relied on that is read from them. */
  structure: string[];
  /** Rows that can be read, and that break a CHECK, a NOT NULL or a type of their table. */
  rows: string[];
}

/**
 * Reads a whole database and answers what `integrity_check` finds wrong, ten things at most; two empty lists when it is
 * sound.
 *
 * @throws TypeError on a connection that only reads: SQLite leaves CHECKs out of the schema of such a one, so that it finds
 *   every row right
 */
export function findDamage(connection: RawConnection): DatabaseDamage {
  if (connection.readonly) throw new TypeError('A connection that only reads does not see broken CHECKs.');
  connection.pragma('ignore_check_constraints = OFF');
  const problems = (connection.pragma(`integrity_check(${MAX_PROBLEMS})`) as { integrity_check: string }[])
    .map(({ integrity_check: problem }) => problem)
    .filter((problem) => problem !== 'ok');
  return {
    structure: problems.filter((problem) => !isAboutRows(problem)),
    rows: problems.filter(isAboutRows),
  };
}

function isAboutRows(problem: string): boolean {
  return /^(CHECK constraint failed|(NULL|NUMERIC|TEXT|non-\w+) value) in /.test(problem);
}
