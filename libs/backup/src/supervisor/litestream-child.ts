import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { replicateArguments } from './orphans.js';

const KILLED_WITHIN_MS = 5_000;

export interface LitestreamChildOptions {
  binary: string;
  configFile: string;
  environment: Record<string, string>;
  onLine: (line: string) => void;
  /** Hears the end, whatever the reason. */
  onEnd: (reason: string) => void;
}

/** A running `litestream replicate`. */
export class LitestreamChild {
  readonly startedAtMs = performance.now();
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #alive = true;

  constructor({ binary, configFile, environment, onLine, onEnd }: LitestreamChildOptions) {
    this.#child = spawn(binary, [...replicateArguments(configFile), '-no-expand-env'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C in a terminal reaches every process of the server's group, and this one ends last.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream) createInterface({ input: stream }).on('line', onLine);
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        if (!this.#alive) return;
        this.#alive = false;
        resolve();
        onEnd(reason);
      };
      this.#child.once('error', (error) => end(error.message));
      this.#child.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
    });
    // What it does must not keep a server alive that has nothing else to do.
    this.#child.unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get ageMs(): number {
    return performance.now() - this.startedAtMs;
  }

  /** Asks it to ship what it has and end, and kills it when it takes longer. Answers whether it ended by itself. */
  async stop(withinMs: number): Promise<boolean> {
    if (!this.#alive) return true;
    this.#child.kill('SIGTERM');
    if (await this.#endsWithin(withinMs)) return true;
    await this.kill();
    return false;
  }

  /** Ends it at once. Also one that is stopped or hangs. */
  async kill(): Promise<void> {
    if (!this.#alive) return;
    this.#child.kill('SIGKILL');
    await this.#endsWithin(KILLED_WITHIN_MS);
  }

  async #endsWithin(withinMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), withinMs)));
    const ended = await Promise.race([this.#ended.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }
}
