import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '@mosis/sqlite';
import type { ChainEnd } from './audit-chain.js';

/** The rows of core.db after `start`, and the row that the head outside the file has seen. */
export interface WalkRequest {
  file: string;
  start: ChainEnd;
  head: ChainEnd | undefined;
}

/** What walking the rows found. */
export interface WalkedChain {
  rows: number;
  end: ChainEnd;
  /** The first thing that is wrong, in words. */
  problem: string | undefined;
  /** Whether the row of the head has its hash; undefined when that row was not met. */
  isHeadThere: boolean | undefined;
}

export type WalkAnswer = { rows: number } | { walked: WalkedChain };

const ENDED = 'The walk through the audit log was ended early.';

/** Walks the audit rows in core.db, in a thread that ends with the walk and takes its memory along. */
export class LiveChain {
  private readonly workers = new Set<Worker>();
  private stopped = false;

  /**
   * Reads and hashes every row after `start`.
   *
   * @param onProgress told how many rows were walked
   * @throws when the file cannot be read, or `stop` ended it
   */
  async walk(request: WalkRequest, onProgress?: (rows: number) => void): Promise<WalkedChain> {
    if (this.stopped) throw new Error(ENDED);
    const worker = new Worker(compiledModulePath(import.meta.url, './live-chain.worker.js'), {
      workerData: request,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    });
    this.workers.add(worker);
    return new Promise<WalkedChain>((resolve, reject) => {
      worker.on('message', (answer: WalkAnswer) => {
        if ('walked' in answer) resolve(answer.walked);
        else onProgress?.(answer.rows);
      });
      worker.once('error', reject);
      worker.once('exit', () => {
        this.workers.delete(worker);
        reject(new Error(ENDED));
      });
    });
  }

  /** Ends every walk that is under way; none begins any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
  }
}
