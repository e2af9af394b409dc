import { fork, type ChildProcess } from 'node:child_process';
import { compiledModulePath } from '@mosis/sqlite/connection';
import type { RawQueries } from '../queries/types.js';
import { QueryError } from '../queries/types.js';
import type { CopiesOfDay, DayCounts } from '../rollup/day-counts.js';
import { AnalyticsError, DeadlineError, VerificationError } from './errors.js';
import type { AnalyticsRequests, AnalyticsSettings, FromChild, RequestName, SqlAnswer } from './protocol.js';
import { removeScratch } from './scratch.js';

/** How the analytics process is run. */
export interface AnalyticsOptions {
  /** Holds telemetry.db and archive/; the caller owns the directory's lock. */
  dataDir: string;
  /** Days a partition may be read. */
  rawDays: number;
  /** What DuckDB may use, mebibytes; the process itself needs some 150 more. */
  memoryLimitMb?: number;
  threads?: number;
  /** Where daily aggregates lie as files, when the object store is a directory: the operator's SQL may read them. */
  aggregatesFolder?: string;
  /** Milliseconds without a request after which the process is ended. */
  idleMs?: number;
  /** Milliseconds a question to raw events may take. */
  queryDeadlineMs?: number;
  /** Milliseconds an interrupted request has to say so before its process is killed. */
  graceMs?: number;
  /** Wall clock, milliseconds. */
  now: () => number;
}

/**
 * How glibc gives memory back: without this, what a sort of a million rows leaves free in its arenas stays resident, and each
 * day that is archived adds to it.
 */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
const DEFAULTS = { memoryLimitMb: 256, threads: 2, idleMs: 60_000, queryDeadlineMs: 10_000, graceMs: 500 };
/** Copies, exports and recounts are many times slower than this only when something is broken. */
const WORK_DEADLINE_MS = 15 * 60_000;
/** Requests of one lane that may wait or run. */
const MAX_WAITING = 32;
/** Questions of one app that may: a flood of one leaves the others room. */
const MAX_WAITING_OF_APP = 16;
const SQL_MAX_ROWS = 10_000;

interface Pending {
  id: number;
  name: RequestName;
  request: unknown;
  deadlineMs: number;
  sent: boolean;
  late: boolean;
  timer?: NodeJS.Timeout;
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** Questions of people run beside long work, one of each at a time, so that neither waits for the other. */
type Lane = 'question' | 'work';
const LANES: Record<RequestName, Lane> = {
  archive: 'work',
  aggregates: 'work',
  recount: 'work',
  top: 'question',
  funnel: 'question',
  query: 'question',
  sql: 'question',
};

/**
 * DuckDB in a process of its own: started by the first request, ended after a while without one, killed when a request does
 * not stop at its deadline. A request that was in a process when it died fails; the next one starts another.
 */
export class AnalyticsProcess {
  readonly #options: AnalyticsOptions & typeof DEFAULTS;
  readonly #pending = new Map<number, Pending>();
  readonly #ending = new Map<ChildProcess, Promise<void>>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;
  #closed = false;

  constructor(options: AnalyticsOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The id of the process, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Asks `top`, `funnel` or `query` of raw events.
   *
   * @throws DeadlineError, AnalyticsError, QueryError
   */
  rawQuery<Name extends keyof RawQueries>(
    name: Name,
    query: RawQueries[Name]['query'],
  ): Promise<RawQueries[Name]['answer']> {
    const request = { query, nowMs: this.#options.now() } as AnalyticsRequests[Name]['request'];
    return this.run(name, request);
  }

  /**
   * Runs one SELECT of the operator's over the views `events` and `aggregates`.
   *
   * @throws DeadlineError, AnalyticsError, QueryError `invalid-sql`
   */
  sql(text: string, maxRows = SQL_MAX_ROWS): Promise<SqlAnswer> {
    return this.run('sql', { query: { text, maxRows }, nowMs: this.#options.now() });
  }

  /**
   * Counts a bucket day again from copies. Days asked for in their order, up to `through`, read each copy once.
   *
   * @throws VerificationError when a copy is not what was recorded of it
   */
  recountDay(day: CopiesOfDay): Promise<DayCounts> {
    return this.run('recount', day);
  }

  /**
   * Sends one request and resolves with its answer; its deadline includes the time it waits for its turn.
   *
   * @throws DeadlineError, AnalyticsError, and what the request itself is refused with
   */
  run<Name extends RequestName>(
    name: Name,
    request: AnalyticsRequests[Name]['request'],
    options: { deadlineMs?: number } = {},
  ): Promise<AnalyticsRequests[Name]['answer']> {
    if (this.#closed) return Promise.reject(new AnalyticsError('closed', 'The analytics process is closing.'));
    const refused = this.#refuse(name, request);
    if (refused) return Promise.reject(refused);
    const ownDeadlineMs = LANES[name] === 'work' ? WORK_DEADLINE_MS : this.#options.queryDeadlineMs;
    const deadlineMs = options.deadlineMs ?? ownDeadlineMs;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        id: ++this.#lastId,
        name,
        request,
        deadlineMs,
        sent: false,
        late: false,
        resolve: resolve,
        reject,
      };
      pending.timer = setTimeout(() => this.#stop(pending), deadlineMs);
      this.#pending.set(pending.id, pending);
      this.#sendNext();
    });
  }

  /** Ends the process and waits until it is gone; what is under way is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#end('closed', 'The analytics process is closing.');
    for (const child of this.#ending.keys()) child.ref();
    await Promise.all(this.#ending.values());
  }

  /** Neither does a flood of questions keep copies and exports from being made, nor one app another from asking. */
  #refuse(name: RequestName, request: unknown): AnalyticsError | undefined {
    const waiting = [...this.#pending.values()].filter((pending) => LANES[pending.name] === LANES[name]);
    if (waiting.length >= MAX_WAITING) {
      return new AnalyticsError('overloaded', `${MAX_WAITING} requests are waiting already.`);
    }
    const app = appOf(request);
    if (app !== undefined && waiting.filter((pending) => appOf(pending.request) === app).length >= MAX_WAITING_OF_APP) {
      return new AnalyticsError('overloaded', `${MAX_WAITING_OF_APP} questions of this app are waiting already.`);
    }
    return undefined;
  }

  #sendNext(): void {
    clearTimeout(this.#idle);
    if (this.#pending.size === 0 && this.#child) {
      this.#idle = setTimeout(() => this.#end('closed', 'Idle.'), this.#options.idleMs).unref();
    }
    // A process that is ending may still write to the folder the next one starts by emptying.
    if (this.#ending.size > 0) return;
    const busy = new Set<Lane>();
    for (const pending of this.#pending.values()) {
      const lane = LANES[pending.name];
      if (!pending.sent && !busy.has(lane)) {
        pending.sent = true;
        const child = (this.#child ??= this.#start());
        child.send({ id: pending.id, name: pending.name, request: pending.request }, (error) => {
          if (error) this.#lost(child, error.message);
        });
      }
      busy.add(lane);
    }
  }

  /** At the deadline: asks the process to interrupt the request, and kills it when that does not help. */
  #stop(pending: Pending): void {
    if (!pending.sent) return this.#settle(pending, () => pending.reject(new DeadlineError(pending.deadlineMs)));
    pending.late = true;
    this.#child?.send({ cancel: pending.id }, () => undefined);
    pending.timer = setTimeout(() => {
      this.#settle(pending, () => pending.reject(new DeadlineError(pending.deadlineMs)), false);
      this.#end('crashed', 'The analytics process was ended because another request did not stop at its deadline.');
    }, this.#options.graceMs);
  }

  #settle(pending: Pending, settle: () => void, goOn = true): void {
    clearTimeout(pending.timer);
    this.#pending.delete(pending.id);
    settle();
    if (goOn) this.#sendNext();
  }

  #start(): ChildProcess {
    const { dataDir, rawDays, memoryLimitMb, threads, aggregatesFolder } = this.#options;
    const settings: AnalyticsSettings = { dataDir, rawDays, memoryLimitMb, threads, aggregatesFolder };
    const child = fork(compiledModulePath(import.meta.url, './analytics-child.js'), [JSON.stringify(settings)], {
      serialization: 'advanced',
      // For `collectAnswers`.
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: ALLOCATOR,
    });
    // Neither the process nor its channel keeps the server alive.
    child.unref();
    child.channel?.unref();
    child.on('message', (message: FromChild) => {
      if (this.#child === child) this.#receive(message);
    });
    child.on('error', (error) => this.#lost(child, error.message));
    child.once('exit', (code, signal) => this.#lost(child, `The analytics process ended (${signal ?? code}).`));
    return child;
  }

  #receive(message: FromChild): void {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#settle(pending, () => {
      if ('answer' in message) pending.resolve(message.answer as never);
      else if (pending.late) pending.reject(new DeadlineError(pending.deadlineMs));
      else pending.reject(errorOf(message.error));
    });
  }

  #lost(child: ChildProcess, message: string): void {
    if (this.#child === child) this.#end('crashed', message);
  }

  /** Kills the process, rejects what was in it (all of it when closing), and goes on with the rest once it is gone. */
  #end(reason: AnalyticsError['reason'], message: string): void {
    clearTimeout(this.#idle);
    const child = this.#child;
    this.#child = undefined;
    for (const pending of [...this.#pending.values()]) {
      if (!pending.sent && !this.#closed) continue;
      const error = pending.late ? new DeadlineError(pending.deadlineMs) : new AnalyticsError(reason, message);
      this.#settle(pending, () => pending.reject(error), false);
    }
    if (!child) return;
    const isGone = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    const gone = (
      isGone ? Promise.resolve() : new Promise<void>((resolve) => child.once('exit', () => resolve()))
    ).then(() => {
      removeScratch(this.#options.dataDir);
      this.#ending.delete(child);
      if (!this.#closed) this.#sendNext();
    });
    this.#ending.set(child, gone);
    if (!isGone) child.kill('SIGKILL');
  }
}

/** Whose question it is; undefined for work, and for what the operator asks. */
function appOf(request: unknown): string | undefined {
  return (request as { query?: { packageId?: string } }).query?.packageId?.toLowerCase();
}

function errorOf({ name, message, code }: { name: string; message: string; code?: string }): Error {
  if (name === 'QueryError') return new QueryError(code ?? 'not-possible', message);
  if (name === 'VerificationError') return new VerificationError(message);
  if (message.startsWith('Out of Memory Error')) {
    return new AnalyticsError('overloaded', `There is not enough memory for this: ${message.split('\n')[0]}`);
  }
  return Object.assign(new Error(message), { name, code });
}
