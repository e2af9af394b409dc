import { Worker } from 'node:worker_threads';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { coreDatabasePath } from '@mosis/db';
import { compiledModulePath, Mutex } from '@mosis/sqlite';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { ChainEnd } from './audit-chain.js';

/** What the rows that were fed in so far came to. */
export interface WalkedChain {
  rows: number;
  end: ChainEnd;
  /** The first thing that is wrong, in words. */
  problem: string | undefined;
  /** Whether the row that the head has seen has its hash; undefined while that row was not met. */
  isHeadThere: boolean | undefined;
}

/** Rows as one object: lines of JSON, compressed. */
export interface PackedRows {
  bytes: Uint8Array<ArrayBuffer>;
  sha256: string;
  first: { seq: number; previousHash: string };
  last: ChainEnd;
}

/** What an audit thread does. */
export interface AuditTasks {
  /** Feeds the rows of a moved segment to the chain. */
  segment: { request: { bytes: Uint8Array }; answer: WalkedChain };
  /** Feeds the rows of core.db that follow. */
  live: { request: Record<string, never>; answer: WalkedChain };
  /** Packs a segment of the rows after one; undefined unless they fill one and all are from `before` a time. */
  pack: { request: { afterSeq: number; rows: number; before: string }; answer: PackedRows | undefined };
}

/** With what a thread begins. */
export interface ThreadStart {
  file: string;
  /** The end that was seen before: its row has to be there with its hash. */
  head?: ChainEnd | undefined;
  /** The row after which the walk begins, when not with the first. */
  after?: ChainEnd | undefined;
  /** Whether requests go first: a restore has none, and waits. */
  givesWay?: boolean;
}

export interface ToAuditThread {
  name: keyof AuditTasks;
  request: unknown;
}
export type FromAuditThread = { rows: number } | { answer: unknown } | { failed: string };

const ENDED = 'The work on the audit log was ended early.';

/** A thread beside the one that answers HTTP, for one piece of work at a time; its memory goes with it. */
export class AuditThread {
  readonly #worker: Worker;
  /** Why nothing more is done; set once. */
  #ended: Error | undefined;
  #waiting: { resolve: (answer: never) => void; reject: (error: Error) => void } | undefined;
  #onRows: ((rows: number) => void) | undefined;

  constructor(start: ThreadStart) {
    this.#worker = new Worker(compiledModulePath(import.meta.url, './audit.worker.js'), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (message: FromAuditThread) => {
      if ('rows' in message) this.#onRows?.(message.rows);
      else if ('answer' in message) this.#waiting?.resolve(message.answer as never);
      else this.#waiting?.reject(new Error(message.failed));
    });
    this.#worker.on('error', (error: Error) => this.#end(error));
    this.#worker.once('exit', () => this.#end(new Error(ENDED)));
  }

  /**
   * Does one task; the next one may begin when it is over.
   *
   * @param onRows told how many rows were walked meanwhile
   * @throws when the file cannot be read, the rows are not what they should be, or the thread was ended
   */
  do<Name extends keyof AuditTasks>(
    name: Name,
    request: AuditTasks[Name]['request'],
    onRows?: (rows: number) => void,
  ): Promise<AuditTasks[Name]['answer']> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#onRows = onRows;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage({ name, request } satisfies ToAuditThread);
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

/**
 * Gives out audit threads, one after the other, and ends the one that a stop finds at work. Rows that were moved while the
 * chain is walked would be missing from it.
 */
@Injectable()
export class AuditThreads implements OnModuleDestroy {
  readonly #file: string;
  readonly #mutex = new Mutex();
  #running: AuditThread | undefined;
  #isStopped = false;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#file = coreDatabasePath(settings.dataDir);
  }

  /** Runs `work` with a thread of its own, which ends with it, once those before it are over. */
  async with<Result>(head: ChainEnd | undefined, work: (thread: AuditThread) => Promise<Result>): Promise<Result> {
    await this.#mutex.lock();
    try {
      if (this.#isStopped) throw new Error(ENDED);
      return await this.#run(new AuditThread({ file: this.#file, head, givesWay: true }), work);
    } finally {
      this.#mutex.unlock();
    }
  }

  async #run<Result>(thread: AuditThread, work: (thread: AuditThread) => Promise<Result>): Promise<Result> {
    this.#running = thread;
    try {
      return await work(thread);
    } finally {
      this.#running = undefined;
      await thread.end();
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.end();
  }
}
