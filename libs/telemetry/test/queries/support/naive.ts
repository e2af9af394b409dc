import { DAY, HOUR, isBotEvent, sessionsOf, type PlainApp, type PlainEvent } from './plain-events.js';
import type { Interval, Metric } from '../../../src/queries/types.js';

/** A half-open range, asked or answered. */
export interface Range {
  fromMs: number;
  toMs: number;
}
type Field = 'app_version' | 'os';

/** The range an answer says it counted. */
export function rangeOf(answer: { from: string; to: string }): Range {
  return { fromMs: Date.parse(answer.from), toMs: Date.parse(answer.to) };
}

/** How far each edge of the answered range lies outside of the asked one; both are less than the step, and aligned. */
export function expectWidened(asked: Range, counted: Range, stepMs: { from: number; to: number }): void {
  expect(counted.fromMs % stepMs.from).toBe(0);
  expect(counted.toMs % stepMs.to).toBe(0);
  expect(asked.fromMs - counted.fromMs).toBeGreaterThanOrEqual(0);
  expect(asked.fromMs - counted.fromMs).toBeLessThan(stepMs.from);
  expect(counted.toMs - asked.toMs).toBeGreaterThanOrEqual(0);
  expect(counted.toMs - asked.toMs).toBeLessThan(stepMs.to);
}

/** The interval a moment belongs to, by the calendar. */
export function labelOf(timeMs: number, interval: Interval): string {
  const time = new Date(timeMs);
  if (interval === 'hour') time.setUTCMinutes(0, 0, 0);
  else time.setUTCHours(0, 0, 0, 0);
  if (interval === 'month') time.setUTCDate(1);
  if (interval === 'week') while (time.getUTCDay() !== 1) time.setUTCDate(time.getUTCDate() - 1);
  return time.toISOString();
}

/** Every interval a range touches, in order. */
export function labelsOf(range: Range, interval: Interval): string[] {
  const labels = new Set<string>();
  for (let timeMs = range.fromMs; timeMs < range.toMs; timeMs += HOUR) labels.add(labelOf(timeMs, interval));
  return [...labels];
}

/** Whether and as what an event counts. */
export interface Picked {
  app: PlainApp;
  range: Range;
  includeBots: boolean;
  metric: Metric;
  type?: string;
}

/** What a metric counts within a range: events, or the first events of sessions. */
export function pick({ app, range, includeBots, metric, type }: Picked): PlainEvent[] {
  const types: Partial<Record<Metric, string>> = { crashes: 'app_crash', errors: 'lua_error' };
  const wanted = types[metric] ?? type;
  const rows = metric === 'sessions' ? sessionsOf(app).map(({ first }) => first) : app.events;
  return rows
    .filter((event) => event.timeMs >= range.fromMs && event.timeMs < range.toMs)
    .filter((event) => includeBots || !isBotEvent(app, event))
    .filter((event) => wanted === undefined || metric === 'sessions' || event.type === wanted);
}

/** How much some rows are: their number, or that of their devices. */
export function measure(metric: Metric, rows: PlainEvent[]): number {
  return metric === 'devices' ? new Set(rows.map((event) => event.device)).size : rows.length;
}

/** Rows by the value of a field, `(unknown)` where it was not said. */
export function groupRows(rows: PlainEvent[], field: Field | 'type'): Map<string, PlainEvent[]> {
  return Map.groupBy(rows, (event) => event[field] || '(unknown)');
}

/** Keys by how much they are, greatest first, then by name. */
export function ranked(metric: Metric, groups: Map<string, PlainEvent[]>): string[] {
  const size = (key: string) => measure(metric, groups.get(key) ?? []);
  return [...groups.keys()].sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1));
}

/** One value per interval of a range. */
export function pointsOf(metric: Metric, rows: PlainEvent[], range: Range, interval: Interval) {
  const byLabel = Map.groupBy(rows, (event) => labelOf(event.timeMs, interval));
  return labelsOf(range, interval).map((time) => ({ time, value: measure(metric, byLabel.get(time) ?? []) }));
}

/** Cohorts by the first day seen at all, in intervals of some days from the start of the range. */
export function retentionOf(app: PlainApp, range: Range, days: 1 | 7, includeBots: boolean) {
  const people = app.events.filter((event) => includeBots || !isBotEvent(app, event));
  const steps = (range.toMs - range.fromMs) / DAY / days;
  const indexOf = (event: PlainEvent) => Math.floor((event.timeMs - range.fromMs) / DAY / days);
  return Array.from({ length: steps }, (_, index) => {
    const firstSeen = (device: number) => Math.min(...people.filter((e) => e.device === device).map(indexOf));
    const cohort = new Set(people.map((event) => event.device).filter((device) => firstSeen(device) === index));
    const back = (k: number) => people.filter((event) => cohort.has(event.device) && indexOf(event) === index + k);
    return {
      cohort: new Date(range.fromMs + index * days * DAY).toISOString().slice(0, 10),
      size: cohort.size,
      retained: Array.from({ length: steps - index }, (__, k) => measure('devices', back(k))),
    };
  });
}
