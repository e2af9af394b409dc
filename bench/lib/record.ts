import type { ReportedFigure, Section } from './report.ts';

/** Ratios to baselines, by benchmark and figure, at one scale: what later runs are compared with. */
export interface BenchRecord {
  scale: string;
  ratios: Record<string, Record<string, number>>;
}

/** A ratio beside the recorded one. */
export interface Comparison {
  benchmark: string;
  what: string;
  ratio: number;
  recorded: number;
  /** By how much it got worse, as a share of the recorded one; negative when it got better. */
  worseBy: number;
  isRegression: boolean;
}

/**
 * A ratio may be worse than the recorded one by this share. Ratios of one run swing by a fifth on a machine of two cores;
 * what costs less than that is not seen by this.
 */
export const TOLERANCE = 0.35;

/** The ratios of a run. Times are left out: they are of a machine, and the record is for all of them. */
export function recordOf(sections: readonly Section[], scale: string): BenchRecord {
  const ratios: BenchRecord['ratios'] = {};
  for (const { name, figures } of sections) {
    for (const figure of figures) {
      if (figure.ratio === undefined || !Number.isFinite(figure.ratio)) continue;
      (ratios[name] ??= {})[keyOf(figure)] = Number(figure.ratio.toPrecision(4));
    }
  }
  return { scale, ratios };
}

/** The ratios of a run beside the recorded ones, and those that are recorded and were not measured. */
export function compare(
  sections: readonly Section[],
  record: BenchRecord,
): { comparisons: Comparison[]; missing: string[] } {
  const comparisons: Comparison[] = [];
  const missing: string[] = [];
  for (const { name, figures } of sections) {
    for (const [key, recorded] of Object.entries(record.ratios[name] ?? {})) {
      const figure = figures.find((one) => keyOf(one) === key);
      if (figure?.ratio === undefined || Number.isNaN(figure.ratio)) {
        missing.push(`${name}: ${key}`);
        continue;
      }
      const worseBy = isBetterHigher(figure) ? 1 - figure.ratio / recorded : figure.ratio / recorded - 1;
      comparisons.push({
        benchmark: name,
        what: key,
        ratio: figure.ratio,
        recorded,
        worseBy,
        isRegression: worseBy > TOLERANCE,
      });
    }
  }
  return { comparisons, missing };
}

/**
 * What two runs say together: worse is only what was worse in both. A ratio of two figures of a millisecond doubles when the
 * machine has something else to do for a second; what the code became slower by is there again.
 */
export function confirm(first: readonly Comparison[], again: readonly Comparison[]): Comparison[] {
  return first.map((one) => {
    if (!one.isRegression) return one;
    return again.find(({ benchmark, what }) => benchmark === one.benchmark && what === one.what) ?? one;
  });
}

/** Figures are told apart by their words and by what stands beside them. */
function keyOf({ what, baseline }: ReportedFigure): string {
  return `${what.trim()} / ${(baseline?.what ?? '').replace(/\b\d[\d,.]*/g, 'n')}`;
}

/** Rates are better when they are higher; times, sizes and waits are not. */
function isBetterHigher({ unit }: ReportedFigure): boolean {
  return unit.endsWith('/s');
}
