import type { Report } from '../lib/report.ts';
import { median } from '../lib/statistics.ts';
import { sumCounts } from './publishing-report.ts';

/** What one simulated hour came to. */
export interface SoakHour {
  residentBytes: number;
  heapUsedBytes: number;
  events: number;
  polls: number;
  searches: number;
  signIns: number;
  refused: Record<string, number>[];
}

/** Memory when nobody asks anything. */
export interface SoakRest {
  idleBefore: number;
  idleAfter: number;
  restSeconds: number;
  /** How long the work of the first night took. */
  nightSeconds: number;
}

/** Hours in which caches fill and the heap finds its size. */
export const WARM_UP_HOURS = 2;
/** What is compared is the median of so many hours at either end. */
const EDGE_HOURS = 3;
const MB = 1e6;

/** How far a quantity grew from its first hours after the warm-up to its last. */
export function growthOf(hours: readonly number[]): { from: number; to: number; share: number } {
  const warm = hours.slice(WARM_UP_HOURS);
  const edge = Math.max(1, Math.min(EDGE_HOURS, Math.floor(warm.length / 2)));
  const [from, to] = [median(warm.slice(0, edge)), median(warm.slice(-edge))];
  return { from, to, share: to / from - 1 };
}

/** Reports memory by hour, its growth, and what was done meanwhile. */
export function reportSoak(report: Report, hours: readonly SoakHour[], rest: SoakRest): void {
  const total = (of: (hour: SoakHour) => number) => hours.reduce((sum, hour) => sum + of(hour), 0).toLocaleString('en');
  const refused = [...sumCounts(hours.flatMap((hour) => hour.refused))];
  const quantities: [what: string, of: (hour: SoakHour) => number][] = [
    ['resident', ({ residentBytes }) => residentBytes / MB],
    ['heap used', ({ heapUsedBytes }) => heapUsedBytes / MB],
  ];
  for (const [what, of] of quantities) {
    const values = hours.map(of);
    const { from, to, share } = growthOf(values);
    report.add({
      what: `${what} in hours ${WARM_UP_HOURS + 1} to ${hours.length}`,
      unit: 'MB',
      values: values.slice(WARM_UP_HOURS),
      note: `hour by hour: ${values.map((value) => value.toFixed(0)).join(' ')}`,
    });
    report.add({
      what: `  growth from hour ${WARM_UP_HOURS + 1} to hour ${hours.length}`,
      unit: '%',
      values: [share * 100],
      target: { atMost: 10 },
      note: `${(to - from).toFixed(1)} MB: medians of the hours at either end`,
    });
  }
  report.add({
    what: `resident ${rest.restSeconds} s after the last hour`,
    unit: 'MB',
    values: [rest.idleAfter / MB],
    baseline: { what: 'before the first', values: [rest.idleBefore / MB] },
    note:
      `${total(({ events }) => events)} events, ${total(({ polls }) => polls)} polls, ` +
      `${total(({ searches }) => searches)} searches, ${total(({ signIns }) => signIns)} sign-ins`,
  });
  report.add({
    what: 'the first night before, nobody there',
    unit: 's',
    values: [rest.nightSeconds],
    note: 'every job that repeats; rows of the audit log older than 180 days moved to objects',
  });
  report.add({
    what: 'what was refused or broke meanwhile',
    unit: '',
    values: [refused.reduce((sum, [, count]) => sum + count, 0)],
    target: { atMost: 0 },
    ...(refused.length > 0 ? { note: refused.map(([kind, count]) => `${count} × ${kind}`).join(', ') } : {}),
  });
}
