import { fork, type ChildProcess } from 'node:child_process';
import { compiledModulePath } from '../compiled-module.js';

/** Where and for how long scans run. */
export interface ScanOptions {
  file: string;
  /** Milliseconds one query may run before its process is killed. They begin when the process is ready for it. */
  deadlineMs: number;
  /** Milliseconds a process may take to be ready; on a busy machine starting one takes longer than any query may. */
  startMs: number;
  /** Queries that may wait; one more is refused at once. */
  maxWaiting: number;
  /** Milliseconds without a query after which the process is ended to give its memory back. */
  idleMs: number;
}

/** A scan was killed at its deadline, lost with its process, or refused because too many wait; trying again may help. */
export class ScanUnavailableError extends Error {
  constructor(
    readonly reason: 'deadline' | 'crashed' | 'overloaded' | 'closed',
    message: string,
  ) {
    super(message);
    this.name = 'ScanUnavailableError';
  }
}

interface Waiting {
  sql: string;
  parameters: readonly unknown[];
  resolve: (rows: unknown[]) => void;
  reject: (error: Error) => void;
}

type Answer = { rows: unknown[] } | { error: { message: string; code?: string } };
/** What the process says: once that it is ready, and then an answer to each query. */
type Message = 'ready' | Answer;

const DEFAULTS = { deadlineMs: 2_000, startMs: 20_000, maxWaiting: 64, idleMs: 300_000 };

/**
 * A child process with a read-only connection that runs one query at a time. better-sqlite3 cannot interrupt a query
 * and a thread inside native code cannot be ended, so only a process can be stopped when it takes too long.
 */
export class ScanProcess {
  readonly #options: ScanOptions;
  readonly #queue: Waiting[] = [];
  /** Processes that were killed and have not ended yet. */
  readonly #ending = new Map<ChildProcess, Promise<void>>();
  #child: ChildProcess | undefined;
  #isReady = false;
  #running: Waiting | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: Pick<ScanOptions, 'file'> & Partial<ScanOptions>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Runs one statement and resolves with its rows.
   *
   * @throws ScanUnavailableError at the deadline, when its process ends by itself, when too many wait, or after `close`
   */
  async query(sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
    if (this.#closed) throw new ScanUnavailableError('closed', 'The database is closing.');
    if (this.#running && this.#queue.length >= this.#options.maxWaiting) {
      throw new ScanUnavailableError('overloaded', `${this.#queue.length} scans are waiting already.`);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ sql, parameters, resolve, reject });
      this.#next();
    });
  }

  /** Ends the process; what waits or runs is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    clearTimeout(this.#deadline);
    const closing = new ScanUnavailableError('closed', 'The database is closing.');
    for (const waiting of this.#queue.splice(0)) waiting.reject(closing);
    this.#abandon();
    this.#running?.reject(closing);
    this.#running = undefined;
    // Referenced again, so that a program whose last step this is waits for it.
    for (const child of this.#ending.keys()) child.ref();
    await Promise.all(this.#ending.values());
  }

  /** The process id of the scanner, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #next(): void {
    if (this.#running || this.#closed) return;
    clearTimeout(this.#idle);
    const next = this.#queue.shift();
    if (!next) {
      if (this.#child) this.#idle = setTimeout(() => this.#abandon(), this.#options.idleMs).unref();
      return;
    }
    this.#running = next;
    const child = (this.#child ??= this.#start());
    this.#limit();
    try {
      child.send({ sql: next.sql, parameters: next.parameters });
    } catch (error) {
      // Something that cannot cross to another process, a function among the parameters.
      this.#finish((running) => running.reject(error as Error));
    }
  }

  /** Gives what runs its time: that of a query, once the process is there for it. */
  #limit(): void {
    clearTimeout(this.#deadline);
    const { deadlineMs, startMs } = this.#options;
    const message = this.#isReady
      ? `The query ran longer than ${deadlineMs} ms and was ended.`
      : `The scan process was not ready after ${startMs} ms and was ended.`;
    this.#deadline = setTimeout(() => this.#endRunning(message), this.#isReady ? deadlineMs : startMs);
  }

  /** Lets go of the process at once: it may still speak or take its time to end, and nobody listens to it any more. */
  #abandon(): void {
    const child = this.#child;
    this.#child = undefined;
    // One that could not be started, or has ended, tells of no end any more.
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#ending.set(child, gone);
    void gone.then(() => this.#ending.delete(child));
    child.kill('SIGKILL');
  }

  #endRunning(message: string): void {
    this.#abandon();
    const late = new ScanUnavailableError('deadline', message);
    this.#finish((running) => running.reject(late));
  }

  #start(): ChildProcess {
    this.#isReady = false;
    const child = fork(compiledModulePath(import.meta.url, './scan-child.js'), [this.#options.file], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {},
    });
    // Neither the process nor its channel keeps the server alive.
    child.unref();
    child.channel?.unref();
    child.on('message', (message: Message) => {
      if (this.#child !== child) return;
      if (message === 'ready') this.#begin();
      else this.#settle(message);
    });
    // More than one error may come: a process that could not start cannot be sent to either.
    child.on('error', (error) => this.#lost(child, error.message));
    child.once('exit', (code, signal) => this.#lost(child, `The scan process ended by itself (${signal ?? code}).`));
    return child;
  }

  /** The process has what it was sent, and goes about it now. */
  #begin(): void {
    this.#isReady = true;
    if (this.#running) this.#limit();
  }

  #settle(answer: Answer): void {
    this.#finish((running) => {
      if ('rows' in answer) running.resolve(answer.rows);
      else running.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    });
  }

  #lost(child: ChildProcess, message: string): void {
    if (this.#child !== child) return;
    this.#abandon();
    this.#finish((running) => running.reject(new ScanUnavailableError('crashed', message)));
  }

  #finish(settle: (running: Waiting) => void): void {
    clearTimeout(this.#deadline);
    const running = this.#running;
    this.#running = undefined;
    if (running) settle(running);
    this.#next();
  }
}
