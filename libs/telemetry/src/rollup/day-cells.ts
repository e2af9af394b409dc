import { HOUR_RANGE, noCells, splitMeasureKey, type DimensionCells } from './expand.js';

/** Stands for the whole day in place of an hour. */
export const WHOLE_DAY = 31;
const DIMENSION_RANGE = 8;

/** One count of the roll-ups: of an hour, or of the whole day when `hour` is undefined. */
export interface Cell {
  app: number;
  dimension: number;
  hour: number | undefined;
  value: number;
  measure: number;
  bot: number;
}

/**
 * Counts that differ, in columns of equal length: what must be added to each, app by app. A day without roll-ups has hundreds
 * of thousands, which go from thread to thread as four buffers.
 */
export interface CellDifferences {
  /** App, dimension and side of each. */
  places: Float64Array;
  values: Float64Array;
  /** Measure and hour, as in the keys of `DimensionCells`. */
  keys: Float64Array;
  n: Float64Array;
}

/** Counts of one bucket day: of an app, `[people, bots]`, by dimension. */
export class DayCells {
  readonly #apps = new Map<number, [people: DimensionCells[], bots: DimensionCells[]]>();

  /** The counts of an app, to be added to. */
  of(app: number): [people: DimensionCells[], bots: DimensionCells[]] {
    let sides = this.#apps.get(app);
    if (!sides) this.#apps.set(app, (sides = [noCells(), noCells()]));
    return sides;
  }

  /** Adds the counts of the whole day to those of its hours. */
  sumUp(): void {
    for (const counts of this.#everyCounts()) {
      const ofDay = new Map<number, number>();
      for (const [key, n] of counts) {
        const { measure } = splitMeasureKey(key);
        ofDay.set(measure, (ofDay.get(measure) ?? 0) + n);
      }
      for (const [measure, n] of ofDay) counts.set(measure * HOUR_RANGE + WHOLE_DAY, n);
    }
  }

  /** Compares with other counts, where one that is missing is 0; differences are what the other lacks. */
  compare(other: DayCells): { compared: number; differences: CellDifferences } {
    const found = new Differences();
    const none: ReadonlyMap<number, number> = new Map<number, number>();
    let compared = 0;
    for (const app of sortedUnion(this.#apps, other.#apps)) {
      const [should, is] = [this.#apps.get(app), other.#apps.get(app)];
      for (const bot of [0, 1] as const) {
        noCells().forEach((_, dimension) => {
          const [values, others] = [should?.[bot][dimension], is?.[bot][dimension]];
          const place = (app * DIMENSION_RANGE + dimension) * 2 + bot;
          for (const value of sortedUnion(values, others)) {
            compared += found.add(place, value, values?.get(value) ?? none, others?.get(value) ?? none);
          }
        });
      }
    }
    return { compared, differences: found.columns() };
  }

  *#everyCounts(): Iterable<Map<number, number>> {
    for (const sides of this.#apps.values()) {
      for (const side of sides) for (const values of side) yield* values.values();
    }
  }
}

/** Differences in growing columns. */
class Differences {
  readonly #places: number[] = [];
  readonly #values: number[] = [];
  readonly #keys: number[] = [];
  readonly #n: number[] = [];

  /** Compares the counts of one value, and says how many these were. */
  add(place: number, value: number, should: ReadonlyMap<number, number>, is: ReadonlyMap<number, number>): number {
    let compared = should.size;
    for (const [key, n] of should) {
      const others = is.get(key) ?? 0;
      if (n !== others) this.#push(place, value, key, n - others);
    }
    for (const [key, others] of is) {
      if (should.has(key)) continue;
      compared += 1;
      if (others !== 0) this.#push(place, value, key, -others);
    }
    return compared;
  }

  columns(): CellDifferences {
    return {
      places: new Float64Array(this.#places),
      values: new Float64Array(this.#values),
      keys: new Float64Array(this.#keys),
      n: new Float64Array(this.#n),
    };
  }

  #push(place: number, value: number, key: number, n: number): void {
    this.#places.push(place);
    this.#values.push(value);
    this.#keys.push(key);
    this.#n.push(n);
  }
}

/** The count at one place of the differences, and what must be added to it. */
export function differenceAt({ places, values, keys, n }: CellDifferences, index: number): Cell & { n: number } {
  const place = places[index] as number;
  const bot = place % 2;
  const app8 = (place - bot) / 2;
  const dimension = app8 % DIMENSION_RANGE;
  const { measure, hour } = splitMeasureKey(keys[index] as number);
  return {
    app: (app8 - dimension) / DIMENSION_RANGE,
    dimension,
    hour: hour === WHOLE_DAY ? undefined : hour,
    value: values[index] as number,
    measure,
    bot,
    n: n[index] as number,
  };
}

/** Some of the differences, in buffers of their own. */
export function sliceDifferences(
  { places, values, keys, n }: CellDifferences,
  from: number,
  to: number,
): CellDifferences {
  return {
    places: places.slice(from, to),
    values: values.slice(from, to),
    keys: keys.slice(from, to),
    n: n.slice(from, to),
  };
}

function sortedUnion(
  one: ReadonlyMap<number, unknown> | undefined,
  other: ReadonlyMap<number, unknown> | undefined,
): number[] {
  return [...new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])])].sort((left, right) => left - right);
}
