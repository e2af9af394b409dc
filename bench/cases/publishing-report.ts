import type { BusyShares } from '../lib/processor.ts';
import type { Report } from '../lib/report.ts';
import { median, quantile } from '../lib/statistics.ts';
import { STEPS } from '../load/life-cycle.ts';
import type { LoadSummary } from '../load/load.ts';
import type { PeopleResult } from '../load/people-process.ts';

/** What one round came to: each thing alone, then all of them at once. */
export interface Round {
  /** Clients that pause for nothing, alone and beside the rest. */
  eagerAlone: PeopleResult;
  eager: PeopleResult;
  lifeCyclesAlone: PeopleResult;
  pollsAlone: PeopleResult;
  eventsAlone: LoadSummary;
  /** Life cycles and polls while the events came. */
  people: PeopleResult;
  events: LoadSummary;
  /** How busy machine and server were: all at once, and with each alone. */
  busy: { together: BusyShares; alone: BusyShares[] };
}

/** How much was asked. */
export interface PublishingFacts {
  clients: number;
  pauseMs: number;
  pollsPerSecond: number;
  installedApps: number;
  eventsPerSecond: number;
  idleBytes: number | undefined;
  peakBytes: number | undefined;
}

const TWICE = { atMost: 2 };

/** Reports each thing's p99 beside its quiet one, rates, refusals and memory. */
export function reportPublishing(report: Report, rounds: readonly Round[], facts: PublishingFacts): void {
  const { clients, pauseMs, pollsPerSecond, installedApps, eventsPerSecond } = facts;
  const p99 = (of: (round: Round) => readonly number[]) => rounds.map((round) => quantile(of(round), 0.99));
  report.add({
    what: `p99 of a request of a life cycle, ${clients} clients, all at once`,
    unit: 'ms',
    values: p99(({ people }) => requestsOf(people)),
    baseline: {
      what: 'its p99 when it is quiet',
      values: p99(({ lifeCyclesAlone }) => requestsOf(lifeCyclesAlone)),
      target: TWICE,
    },
    note:
      `quiet: the same ${clients} clients alone, the same polls alone, the same events alone; each client waits ` +
      `${pauseMs} ms in the mean before a request; ${means(rounds)}; p99 by step (quiet): ${steps(rounds)}`,
  });
  report.add({
    what: `p99 of a poll for updates of ${installedApps} apps, ${pollsPerSecond} a second, all at once`,
    unit: 'ms',
    values: p99(({ people }) => people.pollsMs),
    baseline: {
      what: 'its p99 when it is quiet',
      values: p99(({ pollsAlone }) => pollsAlone.pollsMs),
      target: TWICE,
    },
  });
  report.add({
    what: `p99 of an upload of 50 events, ${eventsPerSecond.toLocaleString('en')} events/s, all at once`,
    unit: 'ms',
    values: rounds.map(({ events }) => events.p99Ms),
    baseline: {
      what: 'its p99 when it is quiet',
      values: rounds.map(({ eventsAlone }) => eventsAlone.p99Ms),
      target: TWICE,
    },
  });
  report.add({
    what: 'events acknowledged meanwhile',
    unit: 'events/s',
    values: rounds.map(({ events }) => events.eventsPerSecond),
    target: { atLeast: eventsPerSecond * 0.99 },
    baseline: { what: 'when it is quiet', values: rounds.map(({ eventsAlone }) => eventsAlone.eventsPerSecond) },
  });
  report.add({
    what: 'life cycles meanwhile',
    unit: 'life cycles/s',
    values: rounds.map(({ people }) => perSecond(people)),
    baseline: { what: 'when it is quiet', values: rounds.map(({ lifeCyclesAlone }) => perSecond(lifeCyclesAlone)) },
  });
  report.add({
    what: `life cycles of ${clients} clients that never wait, beside polls and events`,
    unit: 'life cycles/s',
    values: rounds.map(({ eager }) => perSecond(eager)),
    baseline: { what: 'when it is quiet', values: rounds.map(({ eagerAlone }) => perSecond(eagerAlone)) },
    note: `p99 of a request ${at(median(p99(({ eager }) => requestsOf(eager))))}, quiet ${at(median(p99(({ eagerAlone }) => requestsOf(eagerAlone))))}`,
  });
  reportBusy(report, rounds);
  reportRefusals(report, rounds);
  const { idleBytes = Number.NaN, peakBytes = Number.NaN } = facts;
  report.add({
    what: 'resident at most',
    unit: 'MB',
    values: [peakBytes / 1e6],
    baseline: { what: 'before', values: [idleBytes / 1e6] },
  });
}

/** Where the time goes: what one thread is asked for waits for what it was asked for before. */
function reportBusy(report: Report, rounds: readonly Round[]): void {
  const shares = (of: (busy: BusyShares) => number) => ({
    together: rounds.map(({ busy }) => of(busy.together) * 100),
    alone: rounds.map(({ busy }) => busy.alone.reduce((sum, alone) => sum + of(alone), 0) * 100),
  });
  const add = (what: string, { together, alone }: ReturnType<typeof shares>) =>
    report.add({
      what,
      unit: '%',
      values: together,
      baseline: { what: 'that of each alone, added up', values: alone },
      note: 'the loads are on the same cores',
    });
  add(
    'processor time of the whole machine, of all cores, all at once',
    shares(({ machine }) => machine),
  );
  add(
    'the thread that answers HTTP runs, of the time, all at once',
    shares(({ firstThread }) => firstThread.runs),
  );
  // Without a ratio: when it is quiet this is nearly nothing, and any part of that swings.
  const waits = shares(({ firstThread }) => firstThread.waits);
  report.add({
    what: 'it is ready and waits for a core, all at once',
    unit: '%',
    values: waits.together,
    note: `${median(waits.alone).toFixed(1)} % of each alone, added up`,
  });
}

function reportRefusals(report: Report, rounds: readonly Round[]): void {
  const kinds: [what: string, of: (round: Round) => Record<string, number>[]][] = [
    [
      'answers 5xx and broken connections, clients that wait',
      ({ people, events, lifeCyclesAlone, pollsAlone, eventsAlone }) => [
        people.lifeCycles.refused,
        people.pollsRefused,
        events.failures,
        lifeCyclesAlone.lifeCycles.refused,
        pollsAlone.pollsRefused,
        eventsAlone.failures,
      ],
    ],
    [
      'answers 5xx and broken connections, clients that never wait',
      ({ eager, eagerAlone }) => [eager.lifeCycles.refused, eager.pollsRefused, eagerAlone.lifeCycles.refused],
    ],
  ];
  for (const [what, of] of kinds) {
    const counts = sumCounts(rounds.flatMap(of));
    const isFailure = (kind: string) => /(^|\s)(5\d\d|broken)$/.test(kind);
    const total = (fits: (kind: string) => boolean) =>
      [...counts].filter(([kind]) => fits(kind)).reduce((sum, [, count]) => sum + count, 0);
    const refused = [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ') || 'none';
    report.add({
      what,
      unit: '',
      values: [total(isFailure)],
      target: { atMost: 0 },
      note: `refused otherwise: ${total((kind) => !isFailure(kind))}; all of them: ${refused}`,
    });
  }
}

/** Counts of several records together, by kind. */
export function sumCounts(records: readonly Record<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const record of records) {
    for (const [kind, count] of Object.entries(record)) sums.set(kind, (sums.get(kind) ?? 0) + count);
  }
  return sums;
}

function requestsOf({ lifeCycles }: PeopleResult): number[] {
  return STEPS.flatMap((step) => lifeCycles.stepsMs[step]);
}

/** Life cycles a second, by the steps that were taken: how many end in a few seconds depends on where their clients were. */
function perSecond(people: PeopleResult): number {
  return requestsOf(people).length / STEPS.length / (people.durationMs / 1000);
}

function means(rounds: readonly Round[]): string {
  const of = (results: PeopleResult[]) => {
    const all = results.flatMap(requestsOf);
    return at(all.reduce((sum, ms) => sum + ms, 0) / all.length);
  };
  return `mean ${of(rounds.map(({ people }) => people))} (quiet ${of(rounds.map((round) => round.lifeCyclesAlone))})`;
}

function steps(rounds: readonly Round[]): string {
  return STEPS.map((step) => {
    const of = (results: PeopleResult[]) =>
      quantile(
        results.flatMap(({ lifeCycles }) => lifeCycles.stepsMs[step]),
        0.99,
      );
    return `${step} ${at(of(rounds.map(({ people }) => people)))} (${at(of(rounds.map((round) => round.lifeCyclesAlone)))})`;
  }).join(', ');
}

function at(ms: number): string {
  return Number.isNaN(ms) ? 'none' : `${ms.toFixed(1)} ms`;
}
