import { fork, type ChildProcess } from 'node:child_process';
import { compiledModulePath } from '../compiled-module.js';

/** Where and for how long scans run. */
export interface ScanOptions {
  file: string;
  /** Milliseconds one query may run before its process is killed. */
  deadlineMs: number;
  /** Queries that may wait; one more is refused at once. */
  maxWaiting: number;
  /** Milliseconds without a query after which the process is ended to give its memory back. */
  idleMs: number;
}

/** A scan was killed at its deadline, or refused because too many wait; the caller may try again later. */
export class ScanUnavailableError extends Error {
  constructor(
    readonly reason: 'deadline' | 'overloaded' | 'closed',
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

const DEFAULTS = { deadlineMs: 2_000, maxWaiting: 64, idleMs: 300_000 };

/**
 * A child process with a read-only connection that runs one query at a time. better-sqlite3 cannot interrupt a query
 * and a thread inside native code cannot be ended, so only a process can be stopped when it takes too long.
 */
export class ScanProcess {
  readonly #options: ScanOptions;
  readonly #queue: Waiting[] = [];
  #child: ChildProcess | undefined;
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
   * @throws ScanUnavailableError at the deadline, when too many wait, or after `close`
   */
  async query(sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
    if (this.#closed) throw new ScanUnavailableError('closed', 'The database is closing.');
    if (this.#queue.length >= this.#options.maxWaiting) {
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
    const closing = new ScanUnavailableError('closed', 'The database is closing.');
    for (const waiting of this.#queue.splice(0)) waiting.reject(closing);
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
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
      if (this.#child) {
        this.#idle = setTimeout(() => this.#child?.kill('SIGKILL'), this.#options.idleMs);
        this.#idle.unref();
      }
      return;
    }
    this.#running = next;
    const child = (this.#child ??= this.#start());
    child.send({ sql: next.sql, parameters: next.parameters });
    this.#deadline = setTimeout(() => child.kill('SIGKILL'), this.#options.deadlineMs);
  }

  #start(): ChildProcess {
    const child = fork(compiledModulePath(import.meta.url, './scan-child.js'), [this.#options.file], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {},
    });
    // Neither the process nor its channel keeps the server alive.
    child.unref();
    child.channel?.unref();
    child.on('message', (answer: Answer) => this.#settle(answer));
    child.once('error', (error) => this.#lost(child, error));
    child.once('exit', () => this.#lost(child));
    return child;
  }

  #settle(answer: Answer): void {
    const done = this.#running;
    this.#running = undefined;
    clearTimeout(this.#deadline);
    if (done) {
      if ('rows' in answer) done.resolve(answer.rows);
      else done.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    }
    this.#next();
  }

  #lost(child: ChildProcess, cause?: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#deadline);
    const lost = this.#running;
    this.#running = undefined;
    lost?.reject(
      new ScanUnavailableError(
        this.#closed ? 'closed' : 'deadline',
        cause ? cause.message : `The query ran longer than ${this.#options.deadlineMs} ms and was ended.`,
      ),
    );
    this.#next();
  }
}
