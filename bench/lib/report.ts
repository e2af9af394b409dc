import { median } from './statistics.ts';

/** A bound of the telemetry contract, in the unit of its figure. */
export interface Target {
  atLeast?: number;
  atMost?: number;
}

/** One measured quantity. */
export interface Figure {
  what: string;
  unit: string;
  /** One value a round, or one in all. */
  values: number[];
  target?: Target;
  /** The same quantity of something simpler, measured beside it. */
  baseline?: { what: string; values: number[]; target?: Target };
  residentBytes?: number | undefined;
  note?: string;
  /** Its place on a curve over sizes, which are numbers of something. */
  curve?: { series: string; size: number; of: string };
}

/** A figure with what follows from it. */
export interface ReportedFigure extends Figure {
  median: number;
  min: number;
  max: number;
  verdict?: string;
  ratio?: number;
  ratioVerdict?: string;
}

/** What one benchmark came to. */
export interface Section {
  name: string;
  figures: ReportedFigure[];
  /** Why it could not go on. */
  failure?: string;
}

/** Collects figures by benchmark, and shows each as it comes unless told to be quiet. */
export class Report {
  readonly sections: Section[] = [];

  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Begins the figures of one benchmark. */
  begin(name: string): void {
    this.sections.push({ name, figures: [] });
    this.#write(`\n${name}\n`);
  }

  add(figure: Figure): void {
    const reported = judge(figure);
    this.sections.at(-1)?.figures.push(reported);
    this.#write(figureText(reported));
  }

  /** Says that the benchmark could not go on. */
  fail(failure: string): void {
    const section = this.sections.at(-1);
    if (section) section.failure = failure;
    process.stderr.write(`  FAILED: ${failure}\n`);
  }
}

/** A figure's median, spread, ratio, and how it stands to its target. */
export function judge(figure: Figure): ReportedFigure {
  const middle = median(figure.values);
  const reported: ReportedFigure = {
    ...figure,
    median: middle,
    min: Math.min(...figure.values),
    max: Math.max(...figure.values),
  };
  if (figure.target) reported.verdict = verdict(middle, figure.target);
  if (figure.baseline) {
    reported.ratio = middle / median(figure.baseline.values);
    if (figure.baseline.target) reported.ratioVerdict = verdict(reported.ratio, figure.baseline.target);
  }
  return reported;
}

/** `met`, or by how much the bound was missed. */
export function verdict(value: number, { atLeast, atMost }: Target): string {
  if (Number.isNaN(value)) return 'not measured';
  if (atLeast !== undefined && value < atLeast) return `missed by ${formatNumber((1 - value / atLeast) * 100)} %`;
  if (atMost !== undefined && value > atMost) {
    return atMost === 0 ? 'missed' : `missed by ${formatNumber((value / atMost - 1) * 100)} %`;
  }
  return 'met';
}

/** Three significant digits, whole numbers in full. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** A bound as people write it. */
export function targetText({ atLeast, atMost }: Target): string {
  return [
    ...(atLeast === undefined ? [] : [`≥ ${formatNumber(atLeast)}`]),
    ...(atMost === undefined ? [] : [`≤ ${formatNumber(atMost)}`]),
  ].join(', ');
}

function figureText(figure: ReportedFigure): string {
  const { what, unit, values, target, baseline, residentBytes, note } = figure;
  const spread =
    values.length > 1 ? ` (${formatNumber(figure.min)} to ${formatNumber(figure.max)}, ${values.length} times)` : '';
  const lines = [`  ${what.padEnd(54)} ${formatNumber(figure.median)} ${unit}${spread}`];
  if (target) lines.push(`target ${targetText(target)} ${unit}: ${figure.verdict}`);
  if (baseline) {
    const asked = baseline.target ? `, target ${targetText(baseline.target)}: ${figure.ratioVerdict}` : '';
    const beside = formatNumber(median(baseline.values));
    lines.push(`${formatNumber(figure.ratio ?? Number.NaN)} × ${baseline.what} (${beside} ${unit})${asked}`);
  }
  if (residentBytes !== undefined) lines.push(`resident ${formatNumber(residentBytes / 1e6)} MB`);
  if (note !== undefined) lines.push(note);
  return `${lines.join('\n      ')}\n`;
}
