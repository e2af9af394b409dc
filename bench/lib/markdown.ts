import { formatNumber, targetText, type ReportedFigure, type Section } from './report.ts';
import { median } from './statistics.ts';

/** The figures as one table a benchmark, below a description of the machine. */
export function markdownOf(sections: readonly Section[], about: string): string {
  const tables = sections.map(({ name, figures, failure }) => [
    `### ${name}\n`,
    '| what | figure | spread | target | beside it |',
    '| --- | --- | --- | --- | --- |',
    ...figures.map((figure) => `| ${cellsOf(figure).join(' | ')} |`),
    ...(failure === undefined ? [] : ['', `Could not go on: ${failure.split('\n')[0]}`]),
    '',
  ]);
  return [about.split('\n').join('  \n'), '', ...tables.flat()].join('\n');
}

function cellsOf({ what, unit, values, median: middle, min, max, target, verdict, ...more }: ReportedFigure): string[] {
  const { baseline, ratio = Number.NaN, ratioVerdict, residentBytes } = more;
  const resident = residentBytes === undefined ? '' : `, ${formatNumber(residentBytes / 1e6)} MB resident`;
  const bound = baseline?.target ? ` (${targetText(baseline.target)}: ${ratioVerdict})` : '';
  return [
    what.trim(),
    `${formatNumber(middle)} ${unit}${resident}`,
    values.length > 1 ? `${formatNumber(min)} to ${formatNumber(max)}` : '',
    target ? `${targetText(target)}: ${verdict}` : '',
    baseline ? `${formatNumber(ratio)} × ${baseline.what}, ${formatNumber(median(baseline.values))}${bound}` : '',
  ];
}
