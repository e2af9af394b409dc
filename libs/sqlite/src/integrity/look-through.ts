import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '../compiled-module.js';
import { openWriter } from '../open.js';
import { MAX_PROBLEMS, type DatabaseDamage } from './find-damage.js';
import { splitIntegrity, WHOLE, type IntegrityTask } from './integrity-tasks.js';

/** Rows of one table that name rows of another which are not there. */
export interface BrokenReference {
  table: string;
  parent: string;
  rows: number;
}

/** All that is wrong with a database. */
export interface FoundInDatabase extends DatabaseDamage {
  references: BrokenReference[];
}

export interface LookThroughOptions {
  /** How many threads read at once; without it as many as there are processors, four at most, and one for a file that is soon read. */
  threads?: number;
  /** Ends it between two pieces of the work; one that runs is waited for. */
  signal?: AbortSignal | undefined;
}

/** With what a thread begins; it answers with what it found, or ends with an error. */
export interface LookThroughStart {
  file: string;
  task: IntegrityTask;
}

/** Below this, starting threads takes as long as reading. */
const SMALL_BYTES = 64 * 1024 * 1024;
/** One table takes most of the time; more threads than these take memory only. */
const MAX_THREADS = 4;

/**
 * Reads a whole database that nobody writes to, beside the caller: what `integrity_check` finds, ten things at most, and
 * which references are broken. Three empty lists when it is sound.
 *
 * @throws what SQLite says of a file that it cannot read, or the reason of the signal
 */
export async function lookThrough(file: string, options: LookThroughOptions = {}): Promise<FoundInDatabase> {
  const most = statSync(file).size < SMALL_BYTES ? 1 : Math.min(availableParallelism(), MAX_THREADS);
  const { signal, threads = most } = options;
  const waiting = (threads === 1 ? WHOLE : planTasks(file)).values();
  const found: FoundInDatabase = { structure: [], rows: [], references: [] };
  const failures: unknown[] = [];
  const work = async () => {
    for (const task of waiting) {
      if (signal?.aborted === true) return;
      try {
        const { structure = [], rows = [], references = [] } = await run({ file, task });
        found.structure.push(...structure);
        found.rows.push(...rows);
        found.references.push(...references);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  signal?.throwIfAborted();
  // A damaged file cannot be read everywhere: that it is damaged says more than where reading it ended.
  if (failures.length > 0 && found.structure.length === 0) throw failures[0];
  // What breaks a rule of a table is seen with the table and with the whole.
  return {
    structure: [...new Set(found.structure)].slice(0, MAX_PROBLEMS),
    rows: [...new Set(found.rows)].slice(0, MAX_PROBLEMS),
    references: found.references,
  };
}

function planTasks(file: string): IntegrityTask[] {
  const connection = openWriter(file);
  try {
    return splitIntegrity(connection);
  } finally {
    connection.close();
  }
}

/** Does one task in a thread of its own, and resolves when that has closed the file. */
function run(start: LookThroughStart): Promise<Partial<FoundInDatabase>> {
  const worker = new Worker(compiledModulePath(import.meta.url, './integrity.worker.js'), { workerData: start });
  return new Promise((resolve, reject) => {
    let answer: Partial<FoundInDatabase> | undefined;
    worker.once('message', (found: Partial<FoundInDatabase>) => (answer = found));
    worker.once('error', reject);
    worker.once('exit', () => {
      if (answer) resolve(answer);
      else reject(new Error('Looking through the database ended without an answer.'));
    });
  });
}
