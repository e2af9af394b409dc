import type { TelemetryTimeseries } from '../../api/schema';
import { keyWords } from './words';

/** One bucket with the value of each series, as charts and tables take it. */
export interface SeriesRow {
  time: string;
  [series: string]: string | number;
}

/** More lines than these nobody can tell apart. */
export const MAX_LINES = 6;

/** The series of an answer, the largest first; those beyond what can be told apart are left to the table and the CSV. */
export function toRows({ series }: TelemetryTimeseries): { names: string[]; hidden: number; rows: SeriesRow[] } {
  const sum = ({ points }: TelemetryTimeseries['series'][number]) =>
    points.reduce((total, { value }) => total + value, 0);
  const sorted = [...series].sort((a, b) => sum(b) - sum(a));
  const shown = sorted.slice(0, MAX_LINES);
  const names = shown.map(({ key }) => (key === null && series.length === 1 ? 'all' : keyWords(key)));
  const times = shown[0]?.points.map(({ time }) => time) ?? [];
  const rows = times.map((time, index) => ({
    time,
    ...Object.fromEntries(shown.map(({ points }, line) => [names[line] as string, points[index]?.value ?? 0])),
  }));
  return { names, hidden: sorted.length - shown.length, rows };
}
