import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PackageError, type PackageErrorCode } from '@mosis/package';
import { compiledModulePath } from '@mosis/sqlite';
import { AppError } from '../common/app-error.js';
import { SECOND_MS } from '../common/clock.js';
import { Turns } from '../common/turns.js';

/** What became of an image. */
export type FromIconThread =
  { icon: Uint8Array } | { refused: { code: PackageErrorCode; detail: string } } | { failed: string };

interface Task {
  resolve: (icon: Buffer) => void;
  reject: (error: Error) => void;
}

/** The largest image takes a tenth of this on a slow machine; a thread that takes longer is ended. */
const DEADLINE_MS = 10 * SECOND_MS;
/** Images that may wait: each is up to a megabyte in memory. */
const MAX_WAITING = 20;
const MAX_WAIT_MS = 30 * SECOND_MS;
/** Milliseconds without work after which the thread is ended to give its memory back. */
const IDLE_MS = 60 * SECOND_MS;

/** Re-encodes one icon at a time in a thread of its own, which exists while there is work and a minute more. */
@Injectable()
export class IconEncoder implements OnModuleDestroy {
  private readonly turns = new Turns({
    atOnce: 1,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    refusal: 'Many icons are being looked at. Try again in a minute.',
  });
  private readonly stopping = new AbortController();
  private running: Task | undefined;
  private worker: Worker | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  /**
   * Re-encodes an image as `reencodePng` does.
   *
   * @throws PackageError when it is refused; AppError `overloaded` when too many wait, or this one took too long;
   *   `shutting-down`; an error without a code when the thread died
   */
  async encode(image: Buffer): Promise<Buffer> {
    const giveBack = await this.turns.take(this.stopping.signal);
    try {
      return await this.ask(image);
    } finally {
      giveBack();
    }
  }

  async onModuleDestroy(): Promise<void> {
    const stopping = new AppError('shutting-down', 'The server is shutting down. Send the icon again in a minute.');
    this.stopping.abort(stopping);
    clearTimeout(this.idleTimer);
    this.take()?.reject(stopping);
    await this.worker?.terminate();
  }

  private async ask(image: Buffer): Promise<Buffer> {
    clearTimeout(this.idleTimer);
    const worker = (this.worker ??= this.start());
    const deadline = setTimeout(() => {
      this.lost(worker, tooSlow());
      void worker.terminate();
    }, DEADLINE_MS);
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        this.running = { resolve, reject };
        worker.postMessage(image);
      });
    } finally {
      clearTimeout(deadline);
      if (!this.stopping.signal.aborted) this.idleTimer = setTimeout(() => void this.release(), IDLE_MS).unref();
    }
  }

  private start(): Worker {
    const worker = new Worker(compiledModulePath(import.meta.url, './icon.worker.js'), {
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 },
    });
    worker.unref();
    worker.on('message', (answer: FromIconThread) => this.settle(worker, answer));
    worker.on('error', (error: Error) => this.lost(worker, error));
    worker.once('exit', () => this.lost(worker, new Error('The thread that re-encodes icons ended.')));
    return worker;
  }

  /** Ends the thread; work that comes meanwhile gets a new one instead of one that is about to be gone. */
  private async release(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private settle(worker: Worker, answer: FromIconThread): void {
    if (this.worker !== worker) return;
    const task = this.take();
    if ('icon' in answer) {
      const { buffer, byteOffset, byteLength } = answer.icon;
      task?.resolve(Buffer.from(buffer, byteOffset, byteLength));
    } else if ('refused' in answer) task?.reject(new PackageError(answer.refused.code, answer.refused.detail));
    else task?.reject(new Error(answer.failed));
  }

  private lost(worker: Worker, cause: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.take()?.reject(cause);
  }

  private take(): Task | undefined {
    const task = this.running;
    this.running = undefined;
    return task;
  }
}

function tooSlow(): AppError {
  return new AppError('overloaded', 'The icon could not be looked at in time. Send it again in a minute.', {
    retryAfterSeconds: 60,
  });
}
