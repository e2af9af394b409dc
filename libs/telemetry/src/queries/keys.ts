import { OTHER_KEY } from './types.js';

/** The most keys a grouped answer shows; what is beyond them is one more, `(other)`. */
export const SHOWN_KEYS = 20;

/** Keys with anything at all, greatest first, equals by name. */
export function rankKeys(totals: ReadonlyMap<string, number>): string[] {
  return [...totals]
    .filter(([, total]) => total > 0)
    .sort(([a, totalA], [b, totalB]) => totalB - totalA || compareText(a, b))
    .map(([key]) => key);
}

/**
 * Splits keys into those that are shown and those that go together as `(other)`, where what was stored under that name
 * belongs already.
 */
export function chooseShown(totals: ReadonlyMap<string, number>): { shown: string[]; others: string[] } {
  const ranked = rankKeys(totals);
  const shown = ranked.filter((key) => key !== OTHER_KEY).slice(0, SHOWN_KEYS);
  const isShown = new Set(shown);
  return { shown, others: ranked.filter((key) => !isShown.has(key)) };
}

/** Orders text by its code units, the same in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Adds to a counter of a key. */
export function addTo<Key>(totals: Map<Key, number>, key: Key, n: number): void {
  totals.set(key, (totals.get(key) ?? 0) + n);
}

/** The share without a crash, 0 to 1; null of none. */
export function crashFree(all: number, crashed: number): number | null {
  return all === 0 ? null : (all - crashed) / all;
}
