import type { RawConnection } from '../open.js';

/** How many rows break each constraint; a sound file has an empty one. */
export type ConstraintCensus = Map<string, number>;

/** How many rows of one table point at nothing in another, as `child → parent`. */
export function countBrokenReferences(connection: RawConnection): ConstraintCensus {
  const broken = connection.pragma('foreign_key_check') as { table: string; parent: string }[];
  return countEach(broken.map(({ table, parent }) => `${table} → ${parent}`));
}

/** SQLite stops looking after this many problems. */
const MAX_PROBLEMS = 100_000;

/**
 * What SQLite itself finds wrong: CHECK, NOT NULL and the types of STRICT tables, besides the structure of the file. Visits
 * every row. UNIQUE is not among it: an index that holds two equal rows cannot be made. The connection must be one that may
 * write: SQLite reads no CHECKs into the schema of one that may not.
 */
export function countBrokenChecks(connection: RawConnection): ConstraintCensus {
  // With this on, as a migration may have left it, CHECKs would be passed over.
  connection.pragma('ignore_check_constraints = OFF');
  const problems = connection.pragma(`quick_check(${MAX_PROBLEMS})`) as { quick_check: string }[];
  return countEach(problems.map((problem) => problem.quick_check).filter((text) => text !== 'ok'));
}

/** What is broken more often after than before, with how often more. */
export function findNewlyBroken(before: ConstraintCensus, after: ConstraintCensus): [subject: string, rows: number][] {
  return [...after]
    .map(([subject, rows]): [string, number] => [subject, rows - (before.get(subject) ?? 0)])
    .filter(([, rows]) => rows > 0);
}

function countEach(subjects: readonly string[]): ConstraintCensus {
  const census: ConstraintCensus = new Map();
  for (const subject of subjects) census.set(subject, (census.get(subject) ?? 0) + 1);
  return census;
}
