/** Says what is being done: on stderr, so that stdout is the result's own. */
export function say(line: string): void {
  process.stderr.write(`  ${line}\n`);
}

const SHOW_MS = 2_000;

/** Shows how far something long has come, every other second. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #startedMs = performance.now();
  #shownMs = performance.now();

  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  at(done: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < SHOW_MS || done === 0) return;
    this.#shownMs = nowMs;
    const leftSeconds = ((nowMs - this.#startedMs) / 1000 / done) * (this.#total - done);
    say(`${this.#what}: ${done} of ${this.#total}, about ${Math.ceil(leftSeconds)} s left`);
  }
}
