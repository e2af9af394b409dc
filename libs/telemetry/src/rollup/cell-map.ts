/** Words and types are row ids; two of them never meet in a key as long as there are fewer than this. */
const WORD_RANGE = 2 ** 26;
/** Measures that are no types are negative. */
const MEASURE_OFFSET = 2;
/** Stands for the whole day in place of an hour. */
const WHOLE_DAY = 31;

/** One count of the roll-ups: of an hour, or of the whole day when `hour` is undefined. */
export interface Cell {
  app: number;
  dimension: number;
  hour: number | undefined;
  value: number;
  measure: number;
  bot: number;
}

/** Counts of one bucket day by cell. A day has hundreds of thousands, so their keys are numbers and no texts. */
export class CellMap {
  readonly #groups = new Map<number, Map<number, number>>();

  /** @throws RangeError for a word beyond those that a key can hold */
  set({ app, dimension, hour, value, measure, bot }: Cell, n: number): void {
    if (value >= WORD_RANGE || measure + MEASURE_OFFSET >= WORD_RANGE) {
      throw new RangeError(`An audit compares words below ${WORD_RANGE}.`);
    }
    const key = ((app * 8 + dimension) * 32 + (hour ?? WHOLE_DAY)) * 2 + bot;
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, (group = new Map<number, number>()));
    group.set(value * WORD_RANGE + measure + MEASURE_OFFSET, n);
  }

  /** Visits the cells of this map and of another, each once, with what both say of it (0 when nothing). */
  compare(other: CellMap, visit: (n: number, others: number, cell: () => Cell) => void): void {
    const none = new Map<number, number>();
    for (const [key, group] of this.#groups) {
      const others = other.#groups.get(key) ?? none;
      for (const [cell, n] of group) visit(n, others.get(cell) ?? 0, () => cellOf(key, cell));
    }
    for (const [key, others] of other.#groups) {
      const group = this.#groups.get(key) ?? none;
      for (const [cell, n] of others) if (!group.has(cell)) visit(0, n, () => cellOf(key, cell));
    }
  }
}

function cellOf(key: number, cell: number): Cell {
  const bot = key % 2;
  const rest = (key - bot) / 2;
  const hour = rest % 32;
  const app8 = (rest - hour) / 32;
  const dimension = app8 % 8;
  const word = cell % WORD_RANGE;
  return {
    app: (app8 - dimension) / 8,
    dimension,
    hour: hour === WHOLE_DAY ? undefined : hour,
    value: (cell - word) / WORD_RANGE,
    measure: word - MEASURE_OFFSET,
    bot,
  };
}
