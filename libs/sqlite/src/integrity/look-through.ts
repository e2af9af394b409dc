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

/** What a thread answers to a task. */
export type LookThroughAnswer = Partial<FoundInDatabase> | { failed: string };

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
  const work = async () => {
    const thread = new IntegrityThread(file);
    try {
      for (const task of waiting) {
        signal?.throwIfAborted();
        const { structure = [], rows = [], references = [] } = await thread.do(task);
        found.structure.push(...structure);
        found.rows.push(...rows);
        found.references.push(...references);
      }
    } finally {
      await thread.end();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: threads }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
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

/** A thread with a connection of its own. */
class IntegrityThread {
  readonly #worker: Worker;
  #ended: Error | undefined;
  #waiting: { resolve: (answer: Partial<FoundInDatabase>) => void; reject: (error: Error) => void } | undefined;

  constructor(file: string) {
    this.#worker = new Worker(compiledModulePath(import.meta.url, './integrity.worker.js'), { workerData: file });
    this.#worker.on('message', (answer: LookThroughAnswer) => {
      if ('failed' in answer) this.#waiting?.reject(new Error(answer.failed));
      else this.#waiting?.resolve(answer);
    });
    this.#worker.on('error', (error: Error) => this.#end(error));
    this.#worker.once('exit', () => this.#end(new Error('The look through the database ended early.')));
  }

  do(task: IntegrityTask): Promise<Partial<FoundInDatabase>> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(this.#ended);
  }
}
