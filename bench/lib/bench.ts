import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arguments } from './arguments.ts';
import type { Report } from './report.ts';
import type { Scale } from './scales.ts';

/** What a benchmark is given: how much to measure, where, and whom to tell. */
export class Bench {
  readonly scale: Scale;
  readonly seed: number;
  readonly report: Report;
  /** Where CPU profiles go, when they are wanted. */
  readonly profiles: string | undefined;
  /** A file of real apps, when one was given. */
  readonly catalogue: string | undefined;
  /** The folder that data sets stay in. */
  readonly folder: string;
  readonly #isTemporary: boolean;
  readonly #ends: (() => unknown)[] = [];
  #ending: Promise<void> | undefined;
  /** Somebody wants this run to end: what fails from here on fails because of that. */
  isStopped = false;

  constructor({ scale, seed, folder, profiles, catalogue }: Arguments, report: Report) {
    this.scale = scale;
    this.seed = seed;
    this.report = report;
    this.profiles = profiles;
    this.catalogue = catalogue;
    this.#isTemporary = folder === undefined;
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'mosis-bench-'));
  }

  /** An empty folder that is gone when the benchmark ends. */
  emptyFolder(name: string): string {
    const folder = mkdtempSync(join(this.folder, `${name}-`));
    this.atEnd(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Does something when the benchmark ends, however it does; the last said is the first done. */
  atEnd(work: () => unknown): void {
    this.#ends.push(work);
  }

  /** Ends what was started, and takes folders away; asked twice at the same time, both wait for the one end. */
  async end(): Promise<void> {
    this.#ending ??= this.#endAll().finally(() => (this.#ending = undefined));
    return this.#ending;
  }

  async #endAll(): Promise<void> {
    for (let work = this.#ends.pop(); work; work = this.#ends.pop()) await work();
  }

  /** Takes away what only this run used. */
  close(): void {
    if (this.#isTemporary) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One benchmark. */
export interface BenchCase {
  name: string;
  about: string;
  run(bench: Bench): Promise<void>;
}
