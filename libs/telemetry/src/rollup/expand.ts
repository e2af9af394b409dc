import { CONTEXT_RANGE } from './tally.js';
import { DimensionCode } from './event-kinds.js';

/** The words a context stands for, of the dimensions that are rolled up. */
export interface ContextWords {
  app_version: number;
  mosis_version: number;
  os: number;
  country: number;
}

/** Hours have so many numbers in keys of `measure × 32 + hour`. */
export const HOUR_RANGE = 32;

/** Counts by value of a dimension, then by `measure × 32 + hour`. */
export type DimensionCells = Map<number, Map<number, number>>;

/** Splits a key of a tally into what it was made from. */
export function splitContextKey(key: number): { left: number; context: number } {
  const context = key % CONTEXT_RANGE;
  return { left: (key - context) / CONTEXT_RANGE, context };
}

/** The value a context has in a dimension. */
export function valueOf(words: ContextWords, dimension: number): number {
  switch (dimension) {
    case DimensionCode.app_version:
      return words.app_version;
    case DimensionCode.mosis_version:
      return words.mosis_version;
    case DimensionCode.os:
      return words.os;
    case DimensionCode.country:
      return words.country;
    default:
      return 0;
  }
}

/** Every dimension's code. */
export const DIMENSIONS = Object.values(DimensionCode);

/** Turns counts by hour and context into counts by every single dimension, added to `expanded`. */
export function expandCells(
  cells: ReadonlyMap<number, ReadonlyMap<number, number>>,
  contextOf: (context: number) => ContextWords,
  expanded: DimensionCells[] = noCells(),
): DimensionCells[] {
  for (const [key, types] of cells) {
    const { left: hour, context } = splitContextKey(key);
    const words = contextOf(context);
    for (const dimension of DIMENSIONS) {
      const counts = cellsOf(expanded[dimension] as DimensionCells, valueOf(words, dimension));
      for (const [measure, n] of types) addCount(counts, measure, hour, n);
    }
  }
  return expanded;
}

/** Adds one count to every dimension: how sessions enter the roll-ups. */
export function addToEveryDimension(
  expanded: DimensionCells[],
  words: ContextWords,
  measure: number,
  hour: number,
  n: number,
): void {
  for (const dimension of DIMENSIONS) {
    addCount(cellsOf(expanded[dimension] as DimensionCells, valueOf(words, dimension)), measure, hour, n);
  }
}

/** The counts of every dimension that an event of these words is in, by `measure × 32 + hour`. */
export function countsOf(expanded: DimensionCells[], words: ContextWords): Map<number, number>[] {
  return DIMENSIONS.map((dimension) => cellsOf(expanded[dimension] as DimensionCells, valueOf(words, dimension)));
}

/** Empty counts of every dimension. */
export function noCells(): DimensionCells[] {
  return DIMENSIONS.map(() => new Map<number, Map<number, number>>());
}

/** Splits `measure × 32 + hour`. */
export function splitMeasureKey(key: number): { measure: number; hour: number } {
  const measure = Math.floor(key / HOUR_RANGE);
  return { measure, hour: key - measure * HOUR_RANGE };
}

/** The counts of one value, to be added to. */
export function cellsOf(cells: DimensionCells, value: number): Map<number, number> {
  let counts = cells.get(value);
  if (!counts) cells.set(value, (counts = new Map<number, number>()));
  return counts;
}

function addCount(counts: Map<number, number>, measure: number, hour: number, n: number): void {
  const key = measure * HOUR_RANGE + hour;
  counts.set(key, (counts.get(key) ?? 0) + n);
}

/** Turns sets by context into sets by every single dimension's values. */
export function expandDevices(
  sets: ReadonlyMap<number, ReadonlySet<number>>,
  contextOf: (context: number) => ContextWords,
): Map<number, Set<number>>[] {
  const expanded: Map<number, Set<number>>[] = DIMENSIONS.map(() => new Map<number, Set<number>>());
  for (const [context, devices] of sets) {
    const words = contextOf(context);
    for (const dimension of DIMENSIONS) {
      const value = valueOf(words, dimension);
      const byValue = expanded[dimension] as Map<number, Set<number>>;
      const known = byValue.get(value);
      if (known) for (const device of devices) known.add(device);
      else byValue.set(value, new Set(devices));
    }
  }
  return expanded;
}
