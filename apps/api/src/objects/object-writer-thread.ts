import { setTimeout as setTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ObjectStoreError, type PutBytesOptions, type PutFileOptions, type PutFileResult } from '@mosis/object-store';
import { compiledModulePath } from '@mosis/sqlite';
import { rebuildError, type SentError } from './sent-error.js';

/** A put of a file or of bytes. */
export type ObjectPut = { key: string } & (
  { file: string; options: PutFileOptions } | { bytes: Uint8Array; options: PutBytesOptions }
);

/** With what a thread begins: the directory that it writes, as a `file:` URL. */
export interface ObjectWriterStart {
  url: string;
}

export interface ToObjectWriter {
  id: number;
  put: ObjectPut;
}
/** What became of a put. */
export type FromObjectWriter = { id: number } & ({ result: PutFileResult | undefined } | { failed: SentError });

interface Waiting {
  resolve: (result: PutFileResult | undefined) => void;
  reject: (error: Error) => void;
}

/** Milliseconds without work after which the thread is ended to give its memory back. */
const IDLE_MS = 5 * 60_000;
/** How long a stop waits for what is under way; what it breaks off is nowhere acknowledged. */
const STOP_MS = 5_000;

/**
 * A thread that puts objects into one directory, while there are any. A durable put is some forty calls of the file system,
 * each of which would wait for its turn on the thread that answers HTTP: half a second when that is busy.
 */
export class ObjectWriterThread {
  readonly #start: ObjectWriterStart;
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(start: ObjectWriterStart) {
    this.#start = start;
  }

  /** Does a put. @throws what the store throws; ObjectStoreError `object-store-unavailable` when the thread ends */
  async put(put: ObjectPut): Promise<PutFileResult | undefined> {
    clearTimeout(this.#idleTimer);
    const result = this.#ask(put);
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
      if (!this.isWriting) this.#rest();
    }
  }

  /** Whether a put is under way. */
  get isWriting(): boolean {
    return this.#underWay.size > 0;
  }

  /** Ends the thread after what it was asked for, or after five seconds: the place that is written to may hang. */
  async close(): Promise<void> {
    const late = setTimeout(STOP_MS, 'late', { ref: false });
    while (this.isWriting && (await Promise.race([Promise.allSettled(this.#underWay), late])) !== 'late');
    clearTimeout(this.#idleTimer);
    const ended = this.release();
    // A thread whose call of the file system hangs does not end either.
    if (!this.isWriting) await ended;
  }

  #ask(put: ObjectPut): Promise<PutFileResult | undefined> {
    const worker = (this.#worker ??= this.#startWorker());
    // Nothing else may keep a command alive that waits for this.
    worker.ref();
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, put } satisfies ToObjectWriter);
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(compiledModulePath(import.meta.url, './object-writer.worker.js'), {
      workerData: this.#start,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    let cause: unknown;
    worker.on('message', (message: FromObjectWriter) => this.#settle(message));
    // Only when it is gone is it certain that it stores nothing any more.
    worker.on('error', (error: unknown) => {
      cause = error;
    });
    worker.once('exit', () => this.#lost(worker, cause));
    return worker;
  }

  #settle(message: FromObjectWriter): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('result' in message) waiting?.resolve(message.result);
    else waiting?.reject(rebuildError(message.failed));
  }

  #rest(): void {
    this.#worker?.unref();
    this.#idleTimer = setTimer(() => void this.release(), IDLE_MS).unref();
  }

  private async release(): Promise<void> {
    const worker = this.#worker;
    // Work that comes meanwhile gets a new one instead of one that is about to be gone.
    if (!this.isWriting) this.#worker = undefined;
    await worker?.terminate();
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = new ObjectStoreError('object-store-unavailable', 'The thread that stores objects ended. Try again.', {
      retryable: true,
      cause,
    });
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#waiting.clear();
  }
}
