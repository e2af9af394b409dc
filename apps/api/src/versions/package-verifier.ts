import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Worker } from 'node:worker_threads';
import { PackageError, type PackageErrorCode, type VerifiedPackage } from '@mosis/package';
import { compiledModulePath } from '@mosis/sqlite';
import { AppError } from '../common/app-error.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { VerifyingKey } from '../signing-keys/signing-keys.service.js';

type Answer =
  | { verified: VerifiedPackage }
  | {
      refused: {
        code: PackageErrorCode;
        detail: string;
        path?: string;
        evidence?: PackageError['evidence'];
        secrets?: string[];
      };
    }
  | { failed: string };

interface Task {
  file: string;
  keys: VerifyingKey[];
  resolve: (verified: VerifiedPackage) => void;
  reject: (error: Error) => void;
}

/** The verifier has a deadline of its own; this one ends a thread that does not even reach that. */
const HARD_DEADLINE_MS = 90_000;
/** Milliseconds without work after which the thread is ended to give its memory back. */
const IDLE_MS = 5 * 60_000;
const MAX_WAITING = 50;

/** Verifies one package at a time in a thread of its own, which exists while there is work and five minutes more. */
@Injectable()
export class PackageVerifier implements OnModuleDestroy {
  private readonly queue: Task[] = [];
  private running: Task | undefined;
  private worker: Worker | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /**
   * Verifies a file against the keys.
   *
   * @throws PackageError when it is refused; AppError `overloaded`, or `package-verification-failed` when a check could
   *   not be run: then nothing is known, and nothing passes
   */
  async verify(file: string, keys: VerifyingKey[]): Promise<VerifiedPackage> {
    if (this.queue.length >= MAX_WAITING) {
      throw new AppError('overloaded', 'Many packages are being verified. Try again in a minute.', {
        retryAfterSeconds: 60,
      });
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ file, keys, resolve, reject });
      this.next();
    });
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.idleTimer);
    const stopping = new AppError('shutting-down', 'The server is shutting down. Upload again in a minute.');
    for (const task of this.queue.splice(0)) task.reject(stopping);
    await this.release();
  }

  /** Ends the thread; work that comes meanwhile gets a new one instead of one that is about to be gone. */
  private async release(): Promise<void> {
    const worker = this.worker;
    if (!this.running) this.worker = undefined;
    await worker?.terminate();
  }

  private next(): void {
    if (this.running) return;
    clearTimeout(this.idleTimer);
    const task = this.queue.shift();
    if (!task) {
      this.idleTimer = setTimeout(() => void this.release(), IDLE_MS).unref();
      return;
    }
    this.running = task;
    const worker = (this.worker ??= this.start());
    worker.postMessage({ file: task.file, keys: task.keys, limits: this.settings.packageLimits });
    this.deadline = setTimeout(() => void worker.terminate(), HARD_DEADLINE_MS);
  }

  private start(): Worker {
    const worker = new Worker(compiledModulePath(import.meta.url, './verify.worker.js'), {
      // A small young generation keeps what thousands of short-lived buffers leave behind small, too.
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
    });
    worker.unref();
    worker.on('message', (answer: Answer) => this.settle(answer));
    worker.on('error', (error) => this.lost(worker, error));
    worker.once('exit', () => this.lost(worker));
    return worker;
  }

  private settle(answer: Answer): void {
    const task = this.take();
    if (!task) return;
    if ('verified' in answer) {
      const { signature, icon } = answer.verified;
      task.resolve({
        ...answer.verified,
        signature: Buffer.from(signature),
        ...(icon ? { icon: Buffer.from(icon) } : {}),
      });
    } else if ('refused' in answer) {
      const { code, detail, ...facts } = answer.refused;
      task.reject(new PackageError(code, detail, facts));
    } else {
      task.reject(notVerified(answer.failed));
    }
    this.next();
  }

  private lost(worker: Worker, cause?: unknown): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.take()?.reject(notVerified(cause ?? 'the thread ended'));
    this.next();
  }

  private take(): Task | undefined {
    clearTimeout(this.deadline);
    const task = this.running;
    this.running = undefined;
    return task;
  }
}

function notVerified(cause: unknown): AppError {
  return new AppError(
    'package-verification-failed',
    'A check could not be run, so the package was not accepted. Nothing was stored; upload it again.',
    { cause: cause instanceof Error ? cause : new Error(String(cause)) },
  );
}
