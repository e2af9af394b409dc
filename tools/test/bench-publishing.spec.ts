import { reportPublishing, sumCounts, type Round } from '../../bench/cases/publishing-report.ts';
import { Report } from '../../bench/lib/report.ts';
import { emptyTally } from '../../bench/load/life-cycle.ts';
import type { LoadSummary } from '../../bench/load/load.ts';
import type { PeopleResult } from '../../bench/load/people-process.ts';

const people = (stepMs: number, pollMs: number, refused: Record<string, number> = {}): PeopleResult => {
  const lifeCycles = { ...emptyTally(), refused };
  for (const times of Object.values(lifeCycles.stepsMs)) times.push(stepMs);
  return { durationMs: 2_000, lifeCycles, pollsMs: [pollMs], pollsRefused: {} };
};
const events = (p99Ms: number, failures: Record<string, number> = {}): LoadSummary => ({
  latenciesMs: Float64Array.of(p99Ms),
  accepted: 40_000,
  durationMs: 2_000,
  failures,
  bytesSent: 1,
  eventsPerSecond: 20_000,
  requestsPerSecond: 400,
  p50Ms: p99Ms,
  p99Ms,
});
const round: Round = {
  eagerAlone: people(5, 0),
  eager: people(20, 0, { 'upload 503': 7 }),
  lifeCyclesAlone: people(10, 0),
  pollsAlone: people(0, 2),
  eventsAlone: events(8),
  people: people(15, 6, { 'submit 409': 2 }),
  events: events(12, { broken: 1, 429: 3 }),
  busy: {
    together: { machine: 0.9, firstThread: { runs: 0.7, waits: 0.2 } },
    alone: [
      { machine: 0.4, firstThread: { runs: 0.3, waits: 0.01 } },
      { machine: 0.2, firstThread: { runs: 0.2, waits: 0.04 } },
    ],
  },
};

describe('the report of publishing under load', () => {
  const report = new Report(() => undefined);
  report.begin('publishing');
  const facts = { clients: 50, pauseMs: 1_000, pollsPerSecond: 50, installedApps: 30, eventsPerSecond: 20_000 };
  reportPublishing(report, [round], { ...facts, idleBytes: 100e6, peakBytes: 150e6 });
  const found = (what: string) => report.sections[0]!.figures.find((figure) => figure.what.startsWith(what))!;

  it('holds each thing beside itself when it was quiet', () => {
    expect(found('p99 of a request of a life cycle')).toMatchObject({ ratio: 1.5, ratioVerdict: 'met' });
    expect(found('p99 of a poll')).toMatchObject({ ratio: 3, ratioVerdict: 'missed by 50 %' });
    expect(found('p99 of an upload')).toMatchObject({ ratio: 1.5, ratioVerdict: 'met' });
    expect(found('events acknowledged')).toMatchObject({ median: 20_000, verdict: 'met' });
    expect(found('life cycles of 50 clients that never wait')).toMatchObject({ median: 0.5, ratio: 1 });
    expect(found('processor time')).toMatchObject({ median: 90, ratio: expect.closeTo(1.5) });
    expect(found('the thread that answers HTTP')).toMatchObject({ median: 70, ratio: expect.closeTo(1.4) });
    expect(found('it is ready and waits')).toMatchObject({ median: 20, note: expect.stringMatching(/^5\.0 %/) });
    expect(found('resident at most')).toMatchObject({ median: 150, ratio: 1.5 });
  });

  it('counts failures of the server, and says what else was refused', () => {
    expect(found('answers 5xx and broken connections, clients that wait')).toMatchObject({
      median: 1,
      verdict: 'missed',
      note: expect.stringMatching(/^refused otherwise: 5; .*2 × submit 409/),
    });
    expect(found('answers 5xx and broken connections, clients that never wait')).toMatchObject({ median: 7 });
    expect(sumCounts([{ a: 1 }, { a: 2, b: 1 }])).toEqual(new Map(Object.entries({ a: 3, b: 1 })));
  });
});
