import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '@mosis/sqlite/connection';
import type { ReaderAnswer, ReaderTask } from './reader-messages.js';
import type { QueryName } from './run-query.js';
import { QueryError, type TelemetryQueries } from './types.js';

/** How a reader thread is set up. */
export interface ReaderThreadOptions {
  /** Holds telemetry.db, migrated. */
  dataDir: string;
  /** Days raw rows and hours last. */
  rawDays: number;
  /** Wall clock, milliseconds. */
  now: () => number;
  /** Milliseconds without a query after which the thread is ended to give its memory back. */
  idleMs?: number;
  /** Queries that may wait; one more is refused at once. */
  maxWaiting?: number;
  /** Mebibytes of JavaScript objects a query may hold; one that needs more ends the thread. */
  maxHeapMb?: number;
}

const IDLE_MS = 60_000;
const MAX_WAITING = 200;
const MAX_HEAP_MB = 256;

/** Too many queries wait already; trying again in a moment may help. */
export class ReaderOverloadedError extends Error {
  constructor(waiting: number) {
    super(`${waiting} queries are waiting already.`);
    this.name = 'ReaderOverloadedError';
  }
}

/** The thread ended before it had answered, or is closed for good. */
export class ReaderUnavailableError extends Error {
  constructor(
    readonly reason: 'lost' | 'closed',
    message: string,
  ) {
    super(message);
    this.name = 'ReaderUnavailableError';
  }
}

interface Waiting {
  name: QueryName;
  query: ReaderTask['query'];
  resolve: (answer: TelemetryQueries[QueryName]['answer']) => void;
  reject: (error: Error) => void;
}

/**
 * Answers queries in a thread of its own, one after the other: it is started by the first one, ended after a while
 * without any, and started again when it died.
 */
export class ReaderThread {
  readonly #options: Required<ReaderThreadOptions>;
  readonly #queue: Waiting[] = [];
  #running: Waiting | undefined;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ReaderThreadOptions) {
    const { idleMs = IDLE_MS, maxWaiting = MAX_WAITING, maxHeapMb = MAX_HEAP_MB } = options;
    this.#options = { ...options, idleMs, maxWaiting, maxHeapMb };
  }

  /**
   * Answers one query, as of the moment its turn comes.
   *
   * @throws QueryError when it cannot be answered; ReaderOverloadedError when too many wait; ReaderUnavailableError when
   *   the thread dies over it, or is closed
   */
  async run<Name extends QueryName>(
    name: Name,
    query: TelemetryQueries[Name]['query'],
  ): Promise<TelemetryQueries[Name]['answer']> {
    if (this.#closed) throw closing();
    if (this.#running && this.#queue.length >= this.#options.maxWaiting) {
      throw new ReaderOverloadedError(this.#queue.length);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, query, resolve, reject });
      this.#next();
    });
  }

  /** Ends the thread; what waits or runs is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    for (const waiting of this.#queue.splice(0)) waiting.reject(closing());
    this.#take()?.reject(closing());
    await this.#release();
  }

  /** The number of the thread, while there is one. */
  get threadId(): number | undefined {
    return this.#worker?.threadId;
  }

  #next(): void {
    if (this.#running || this.#closed) return;
    clearTimeout(this.#idle);
    const next = this.#queue.shift();
    if (!next) {
      if (this.#worker) this.#idle = setTimeout(() => void this.#release(), this.#options.idleMs).unref();
      return;
    }
    this.#running = next;
    const worker = (this.#worker ??= this.#start());
    // A program waits for an answer it asked for, and for nothing else of the thread.
    worker.ref();
    const { now, rawDays } = this.#options;
    try {
      const task: ReaderTask = { name: next.name, query: next.query, context: { nowMs: now(), rawDays } };
      worker.postMessage(task);
    } catch (error) {
      // Something that cannot cross to another thread.
      this.#take()?.reject(error as Error);
      this.#next();
    }
  }

  /** Lets go of the thread at once, so that a query that comes meanwhile starts another. */
  async #release(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(compiledModulePath(import.meta.url, './reader.worker.js'), {
      workerData: { dataDir: this.#options.dataDir },
      resourceLimits: { maxOldGenerationSizeMb: this.#options.maxHeapMb, maxYoungGenerationSizeMb: 16 },
      env: {},
    });
    worker.unref();
    worker.on('message', (answer: ReaderAnswer) => {
      if (this.#worker === worker) this.#settle(answer);
    });
    worker.on('error', (error) => this.#lost(worker, `The reader thread failed: ${String(error)}`));
    worker.once('exit', (code) => this.#lost(worker, `The reader thread ended by itself (${code}).`));
    return worker;
  }

  #settle(answer: ReaderAnswer): void {
    const task = this.#take();
    if (task) {
      if ('answer' in answer) task.resolve(answer.answer);
      else if ('refused' in answer) task.reject(new QueryError(answer.refused.code, answer.refused.message));
      else task.reject(new Error(`A telemetry query failed: ${answer.failed}`));
    }
    this.#next();
  }

  #lost(worker: Worker, message: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#take()?.reject(new ReaderUnavailableError('lost', message));
    this.#next();
  }

  #take(): Waiting | undefined {
    const task = this.#running;
    this.#running = undefined;
    this.#worker?.unref();
    return task;
  }
}

function closing(): ReaderUnavailableError {
  return new ReaderUnavailableError('closed', 'The telemetry reader is closing.');
}
