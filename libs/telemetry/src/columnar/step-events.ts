import type {
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBUIntegerVector,
  DuckDBMaterializedResult,
  DuckDBResult,
} from '@duckdb/node-api';
import { DAY_MS } from '../storage/days.js';
import { breathe, collectAnswers, type Session } from './duck.js';
import type { Bound } from './raw-events.js';

/** Takes the next event: `event` is what the statement said of it. */
export type TakeEvent = (timeMs: number, event: number) => void;

/** A statement with three columns that are never null: times in milliseconds, 32 bits that say what is to be known, ids. */
export interface StepStatement {
  session: Session;
  bound: Bound;
  /** Asked for when the statement starts, when the rows of all but the last one were taken; undefined for no rows. */
  sql: () => string | undefined;
}

/**
 * Takes the rows of some statements as one sequence by time, those of `inOrder` before those of `others` of the same time.
 * `others` are sorted; of `inOrder`, each statement has the next days, one after the other (see `Day`).
 *
 * @throws when the rows are not as they should be, since what they are read for would be wrong
 */
export async function inTurn(inOrder: StepStatement[], others: StepStatement, take: TakeEvent): Promise<void> {
  // First what has to be sorted, so that nothing waits in between.
  const late = new SortedEvents(others);
  await late.fetch();
  const day = new Day();
  const takeDay = async (): Promise<void> => {
    for (const { from, to } of day.runs()) {
      for (let row = from; row < to; row++) {
        const timeMs = day.times[row] as number;
        while (late.timeMs < timeMs) {
          take(late.timeMs, late.event);
          if (!late.next()) await late.fetch();
        }
        take(timeMs, day.events[row] as number);
      }
    }
  };
  for await (const { rows, columns } of chunksOf(inOrder)) {
    const [times, events, ids] = columns;
    for (let row = 0; row < rows; row++) {
      const timeMs = times.getItem(row) as number;
      if (!day.includes(timeMs)) {
        await takeDay();
        day.startWith(timeMs);
      }
      day.add(timeMs, events.getItem(row) as number, ids.getItem(row) as number);
    }
  }
  await takeDay();
  while (late.timeMs !== Number.POSITIVE_INFINITY) {
    take(late.timeMs, late.event);
    if (!late.next()) await late.fetch();
  }
}

/** Some thousand rows. */
interface Chunk {
  rows: number;
  columns: [times: DuckDBDoubleVector, events: DuckDBUIntegerVector, ids: DuckDBDoubleVector];
}

function chunkOf(chunk: DuckDBDataChunk): Chunk {
  const columns = [0, 1, 2].map((column) => chunk.getColumnVector(column));
  return { rows: chunk.rowCount, columns: columns as Chunk['columns'] };
}

/**
 * The rows of statements, one after the other. DuckDB answers one while what the one before answered is looked at: it works
 * on whole answers twice as fast as on those that are fetched in small pieces.
 */
async function* chunksOf(statements: StepStatement[]): AsyncIterable<Chunk> {
  const start = (index: number): Promise<DuckDBMaterializedResult> | undefined => {
    const statement = statements[index];
    const sql = statement?.sql();
    if (statement === undefined || sql === undefined) return undefined;
    const { session, bound } = statement;
    session.check();
    const answer = session.connection.run(sql, bound.values);
    // Looked at below; what is thrown in between must not leave it unhandled.
    answer.catch(() => undefined);
    return answer;
  };
  let next = start(0);
  try {
    for (const [index, { session }] of statements.entries()) {
      const answer = await next;
      session.check();
      collectAnswers();
      next = start(index + 1);
      for (let chunk = 0; chunk < (answer?.chunkCount ?? 0); chunk++) {
        if (chunk % 256 === 255) await breathe();
        yield chunkOf(answer?.getChunk(chunk) as DuckDBDataChunk);
      }
    }
  } finally {
    // The connection must not be closed under a statement.
    await next?.catch(() => undefined);
  }
}

/** Rows that come sorted, looked at one by one. */
class SortedEvents {
  /** Of the row that is next; infinite when there is none. */
  timeMs = Number.POSITIVE_INFINITY;
  event = 0;
  #chunk: Chunk | undefined;
  #row = 0;
  #sql: string | undefined;
  #result: DuckDBResult | undefined;

  constructor(private readonly statement: StepStatement) {}

  /** Goes on to the next row; false when `fetch` has to bring more of them first. */
  next(): boolean {
    if (!this.#chunk || ++this.#row >= this.#chunk.rows) return false;
    const [times, events] = this.#chunk.columns;
    this.timeMs = times.getItem(this.#row) as number;
    this.event = events.getItem(this.#row) as number;
    return true;
  }

  async fetch(): Promise<void> {
    const { session, bound } = this.statement;
    session.check();
    this.#sql ??= this.statement.sql() ?? '';
    if (this.#sql !== '') this.#result ??= await session.connection.stream(this.#sql, bound.values);
    const chunk = await this.#result?.fetchChunk();
    session.check();
    this.#chunk = chunk && chunk.rowCount > 0 ? chunkOf(chunk) : undefined;
    this.#row = -1;
    if (!this.next()) this.timeMs = Number.POSITIVE_INFINITY;
  }
}

/** More than a day has row groups. */
const MOST_BREAKS = 1_000;

/**
 * The events of one day from its Parquet copy. Each row group of a copy is sorted by time and id, but DuckDB writes them in
 * the order in which its threads get done: each goes before or after each other one as a whole.
 */
class Day {
  times = new Float64Array(1024);
  events = new Uint32Array(1024);
  #ids = new Float64Array(1024);
  #rows = 0;
  #startMs = Number.NEGATIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  /** The rows at which something begins that is earlier than what was before it. */
  #breaks: number[] = [];

  includes(timeMs: number): boolean {
    return timeMs < this.#endMs && timeMs >= this.#startMs;
  }

  /** Begins anew with the day of an event. */
  startWith(timeMs: number): void {
    if (timeMs < this.#endMs) throw new Error('Days of events do not come one after the other.');
    this.#startMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
    this.#endMs = this.#startMs + DAY_MS;
    this.#rows = 0;
    this.#breaks = [];
  }

  add(timeMs: number, event: number, id: number): void {
    const row = this.#rows++;
    if (row === this.times.length) this.#grow();
    this.times[row] = timeMs;
    this.events[row] = event;
    this.#ids[row] = id;
    if (row > 0 && !this.#isBefore(row - 1, row)) this.#breaks.push(row);
  }

  /** The rows that were added, in order: `from` one and up to before another. */
  runs(): { from: number; to: number }[] {
    if (this.#rows === 0) return [];
    let starts = [0, ...this.#breaks];
    // Two row groups that follow each other in the file and in time look like one, where a third belongs in between; and what
    // is cut there may belong in between two others.
    for (let known = 0; known < starts.length;) {
      known = starts.length;
      if (known - 1 > MOST_BREAKS) throw new Error('The rows of a copy are not sorted.');
      starts = this.#runsFrom(starts)
        .flatMap((run) => this.#split(run, starts))
        .map(({ from }) => from);
    }
    const runs = this.#runsFrom(starts).sort((a, b) => (this.#isBefore(a.from, b.from) ? -1 : 1));
    runs.forEach(({ from }, index) => {
      const before = runs[index - 1];
      if (before && !this.#isBefore(before.to - 1, from)) throw new Error('The rows of a copy are not sorted.');
    });
    return runs;
  }

  #runsFrom(starts: readonly number[]): { from: number; to: number }[] {
    return starts.map((from, index) => ({ from, to: starts[index + 1] ?? this.#rows }));
  }

  /** A sorted run in pieces: a piece ends where one of the `starts` belongs. */
  #split(run: { from: number; to: number }, starts: number[]): { from: number; to: number }[] {
    const ends = starts.map((start) => this.#firstAfter(run, start)).filter((row) => row > run.from && row < run.to);
    const cuts = [run.from, ...[...new Set(ends)].sort((a, b) => a - b), run.to];
    return cuts.slice(0, -1).map((from, index) => ({ from, to: cuts[index + 1] as number }));
  }

  /** The first row of a sorted run that is not before another row; the end of the run if there is none. */
  #firstAfter({ from, to }: { from: number; to: number }, row: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(middle, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.times[a] as number) - (this.times[b] as number);
    return difference < 0 || (difference === 0 && (this.#ids[a] as number) < (this.#ids[b] as number));
  }

  #grow(): void {
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(2 * column.length);
      larger.set(column);
      return larger;
    };
    this.times = grown(this.times);
    const events = new Uint32Array(2 * this.events.length);
    events.set(this.events);
    this.events = events;
    this.#ids = grown(this.#ids);
  }
}
