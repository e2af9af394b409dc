import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '@mosis/sqlite/connection';
import type { BotThresholds } from '../engine/types.js';
import type { ScanTasks } from './scan-tasks.js';

/** The names of scans, and what each takes and answers. */
export type ScanName = Exclude<keyof ScanTasks, 'constructor'>;
type Input<Name extends ScanName> = Parameters<ScanTasks[Name]>[0];
type Answer<Name extends ScanName> = ReturnType<ScanTasks[Name]>;

const IDLE_MS = 10_000;

/** Runs scans in a thread of their own, which exists only while there is work. */
export class ScanThread {
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closed = false;

  constructor(private readonly options: { dataDir: string; bots: BotThresholds }) {}

  /** @throws what the scan throws, or when the thread ends before it answered */
  async run<Name extends ScanName>(name: Name, input: Input<Name>): Promise<Answer<Name>> {
    if (this.#closed) throw new Error('The telemetry engine is closing.');
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return new Promise<Answer<Name>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve, reject });
      worker.postMessage({ id, name, input });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(compiledModulePath(import.meta.url, './scan.worker.js'), { workerData: this.options });
    let failure: Error | undefined;
    worker.on('message', ({ id, value, error }: { id: number; value?: never; error?: Error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(error);
      else waiting?.resolve(value as never);
      if (this.#waiting.size === 0) {
        this.#idle = setTimeout(() => {
          this.#worker = undefined;
          void worker.terminate();
        }, IDLE_MS).unref();
      }
    });
    worker.on('error', (error: Error) => (failure = error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      else if (!this.#closed) return;
      for (const { reject } of this.#waiting.values()) {
        reject(failure ?? new Error('The telemetry scanner ended before it answered.'));
      }
      this.#waiting.clear();
    });
    return worker;
  }
}
