import { chmod, rename, writeFile } from 'node:fs/promises';
import { LitestreamChild } from './litestream-child.js';
import type { BackupLog } from './status.js';
import { pauseAfter, type SupervisorTuning } from './tuning.js';

export interface RunnerOptions {
  binary: string;
  configFile: string;
  environment: Record<string, string>;
  tuning: SupervisorTuning;
  now: () => number;
  log: BackupLog;
  onLine: (line: string) => void;
  /** Hears that Litestream is gone, for whatever reason. */
  onGone: () => void;
  /** Hears when it is time to start it again. */
  onRestartDue: () => void;
}

/** Keeps one Litestream running, and never two: it dies, it is started again, with growing pauses. */
export class LitestreamRunner {
  #child: LitestreamChild | undefined;
  #isEnding = false;
  #deadSinceMs: number | undefined;
  #failures = 0;
  #starts = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RunnerOptions) {}

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child?.isAlive === true;
  }

  /** How long the present one has been running; 0 when none is. */
  get ageMs(): number {
    return this.isRunning ? (this.#child as LitestreamChild).ageMs : 0;
  }

  /** Times that it was started after the first. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** How long there has been none that lived, short-lived ones in between included. */
  deadForMs(nowMs: number): number {
    if (this.ageMs > this.options.tuning.provenAfterMs) {
      this.#deadSinceMs = undefined;
      this.#failures = 0;
    }
    return this.#deadSinceMs === undefined ? 0 : nowMs - this.#deadSinceMs;
  }

  /** Starts Litestream with this configuration. @throws when the one before still runs, or the file cannot be written */
  async run(config: string): Promise<void> {
    const { configFile, binary, environment, onLine } = this.options;
    clearTimeout(this.#timer);
    if (this.isRunning) {
      // Its end, whenever it comes, is what the next start waits for.
      this.#isEnding = false;
      throw new Error(`Litestream (process ${this.#child?.pid}) cannot be ended.`);
    }
    const draft = `${configFile}.tmp`;
    await writeFile(draft, config, { mode: 0o600 });
    await chmod(draft, 0o600);
    await rename(draft, configFile);
    this.#isEnding = false;
    this.#starts += 1;
    const onEnd = (reason: string) => this.#ended(reason);
    this.#child = new LitestreamChild({ binary, configFile, environment, onLine, onEnd });
  }

  /** Ends it on purpose, politely when `withinMs` is given. Answers whether it ended by itself. */
  async end(withinMs?: number): Promise<boolean> {
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child) return true;
    this.#isEnding = true;
    if (withinMs !== undefined) return child.stop(withinMs);
    await child.kill();
    return false;
  }

  /** Plans the next start after a failure; one that is planned already is planned anew. */
  planRestart(reason: string): void {
    const { tuning, now, log, onRestartDue } = this.options;
    this.#deadSinceMs ??= now();
    const pauseMs = pauseAfter(this.#failures, tuning.restartPausesMs);
    this.#failures += 1;
    log.error({ 'litestream.end': reason, 'litestream.restart_ms': pauseMs }, 'Litestream ended and is started again');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onRestartDue, pauseMs).unref();
  }

  #ended(reason: string): void {
    this.options.onGone();
    if (!this.#isEnding) this.planRestart(reason);
  }
}
