/** How a cache is bounded. */
export interface AnswerCacheOptions {
  maxBytes: number;
  /** Longest life of an answer, milliseconds; what only the passing of time changes shows after it. */
  maxAgeMs: number;
  now: () => number;
}

/** The days an answer was made from; both ends belong to it. */
export interface DayRange {
  first: number;
  last: number;
}

interface Entry {
  answer: unknown;
  bytes: number;
  madeMs: number;
  /** The number of the last change when the computation began. */
  asOf: number;
  app: string;
  days: DayRange;
}

/**
 * Answers of queries, kept while none of the bucket days they were made from has changed, so that late events show at
 * once. Bounded in bytes; many who ask the same at once wait for one computation.
 */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Map<string, Promise<unknown>>();
  /** Per app and bucket day, the number of its last change. */
  readonly #changes = new Map<string, Map<number, number>>();
  #sequence = 0;
  #bytes = 0;

  constructor(private readonly options: AnswerCacheOptions) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that a bucket day of an app has changed. */
  changed(app: string, day: number): void {
    this.#sequence += 1;
    const key = app.toLowerCase();
    let days = this.#changes.get(key);
    if (!days) this.#changes.set(key, (days = new Map<number, number>()));
    days.set(day, this.#sequence);
    if (days.size > 400) this.#forgetChanges(key);
  }

  /** The answer to a question: kept, being made, or made now by `compute`. Failures are not kept. */
  async get<Answer>(app: string, question: string, days: DayRange, compute: () => Promise<Answer>): Promise<Answer> {
    const owner = app.toLowerCase();
    const key = `${owner}\n${question}`;
    const kept = this.#entries.get(key);
    if (kept && this.#isCurrent(kept)) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return kept.answer as Answer;
    }
    // Whoever asks after a change must see it, so a computation that began before is not shared.
    const flight = `${key}\n${this.#lastChange(owner, days)}`;
    const shared = this.#running.get(flight);
    if (shared) return shared as Promise<Answer>;
    const asOf = this.#sequence;
    const computation = compute();
    this.#running.set(flight, computation);
    try {
      const answer = await computation;
      this.#keep(key, {
        answer,
        bytes: sizeOf(answer) + key.length,
        madeMs: this.options.now(),
        asOf,
        app: owner,
        days,
      });
      return answer;
    } finally {
      this.#running.delete(flight);
    }
  }

  #isCurrent(entry: Entry): boolean {
    const age = this.options.now() - entry.madeMs;
    return age >= 0 && age < this.options.maxAgeMs && this.#lastChange(entry.app, entry.days) <= entry.asOf;
  }

  #lastChange(app: string, days: DayRange): number {
    let last = 0;
    for (const [day, sequence] of this.#changes.get(app) ?? []) {
      if (day >= days.first && day <= days.last && sequence > last) last = sequence;
    }
    return last;
  }

  #keep(key: string, entry: Entry): void {
    this.#drop(key);
    if (entry.bytes > this.options.maxBytes / 4) return;
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.options.maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** Forgets when the days of an app changed, with every answer that would need to know it. */
  #forgetChanges(app: string): void {
    this.#changes.delete(app);
    for (const [key, entry] of this.#entries) if (entry.app === app) this.#drop(key);
  }
}

function sizeOf(answer: unknown): number {
  // Two bytes a character is what a text costs at most; objects cost more than their JSON, and this is a bound.
  return JSON.stringify(answer ?? null).length * 2;
}
