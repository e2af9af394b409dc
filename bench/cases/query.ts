import type { TelemetryQueries } from '@mosis/telemetry';
import { SqliteScan } from '../baselines/sqlite-scan.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { DAY_MS, ReaderThread } from '../lib/internals.ts';
import { say } from '../lib/progress.ts';
import { peakResidentBytes } from '../lib/resident.ts';
import { scalesUpTo } from '../lib/scales.ts';
import { RealServer } from '../lib/server.ts';
import { median, quantile, timedEach } from '../lib/statistics.ts';
import { nowOf, openManyDays, rangeOf, type Dataset } from '../seed/dataset.ts';
import { measureAdHoc } from './query-ad-hoc.ts';

const HOUR_MS = 3_600_000;
/** Series take milliseconds, and their p99 is asked for. */
const ASKS_PER_SCALE_ASK = 8;

/** The questions of the console, by the words they are reported with. */
type Question = {
  [Name in keyof TelemetryQueries]: [
    Name,
    Omit<TelemetryQueries[Name]['query'], 'packageId' | 'range' | 'includeBots'>,
  ];
}[keyof TelemetryQueries];

const EVENTS_A_DAY: [what: string, question: Question] = [
  'events a day',
  ['timeseries', { metric: 'events', interval: 'day' }],
];
const SERIES: [what: string, question: Question][] = [
  EVENTS_A_DAY,
  ['events of one type a day', ['timeseries', { metric: 'events', interval: 'day', type: 'screen_view' }]],
  ['sessions a day by version', ['timeseries', { metric: 'sessions', interval: 'day', groupBy: 'app_version' }]],
  ['exact devices a day', ['timeseries', { metric: 'devices', interval: 'day' }]],
  ['exact devices a month', ['timeseries', { metric: 'devices', interval: 'month' }]],
];
/** Asked of two days alone. */
const RANGE: [what: string, question: Question] = [
  'events an hour',
  ['timeseries', { metric: 'events', interval: 'hour' }],
];
const OTHERS: [what: string, question: Question][] = [
  ['overview', ['overview', {}]],
  ['devices by country', ['breakdown', { metric: 'devices', dimension: 'country', limit: 10 }]],
  ['retention by day', ['retention', { interval: 'day' }]],
  ['stability by version', ['stability', { groupBy: 'app_version' }]],
  ['groups of crashes', ['crashes', { kind: 'app_crash', limit: 50 }]],
];

/** Answers from roll-ups with nothing cached, in the engine and over HTTP, and ad-hoc questions to raw rows. */
export const queryCase: BenchCase = {
  name: 'query',
  about: 'series, breakdowns and retention from roll-ups; ad-hoc questions to raw rows',
  async run(bench) {
    const smaller = new Map<string, number[]>();
    for (const name of scalesUpTo(bench.scale)) await measureSeries(bench, await openManyDays(bench, name), smaller);
    const dataset = await openManyDays(bench);
    const scan = new SqliteScan(dataset);
    bench.atEnd(() => scan.close());
    await measureEngine(bench, dataset, scan);
    await measureHttp(bench, dataset);
    await measureAdHoc(bench, dataset, scan);
  },
};

/** Series of the largest app, in the engine, beside the same at the scale before. */
async function measureSeries(bench: Bench, dataset: Dataset, smaller: Map<string, number[]>): Promise<void> {
  const packageId = dataset.apps[0]?.packageId as string;
  const reader = openReader(bench, dataset);
  const { fromMs, toMs } = rangeOf(dataset);
  const rows = dataset.rows.toLocaleString('en');
  say(`series from roll-ups of ${rows} rows`);
  const days = (count: number) => ({ fromMs: Math.max(fromMs, toMs - count * DAY_MS), toMs });
  const asked = [...SERIES.map((one) => [...one, days(dataset.days)] as const), [...RANGE, days(2)] as const];
  for (const [what, [name, rest], range] of asked) {
    const query = { ...rest, packageId, range, includeBots: false } as never;
    await reader.run(name, query);
    const values = await timedEach(bench.scale.asks * ASKS_PER_SCALE_ASK, () => reader.run(name, query));
    const before = smaller.get(what);
    bench.report.add({
      what: `engine: ${what}, ${(range.toMs - range.fromMs) / DAY_MS} days, ${rows} rows`,
      unit: 'ms',
      values,
      target: { atMost: 5 },
      curve: { series: what, size: dataset.rows, of: 'raw rows' },
      note: `p99 ${quantile(values, 0.99).toFixed(2)} ms`,
      ...(before ? { baseline: { what: 'the same at a tenth', values: before } } : {}),
    });
    smaller.set(what, [median(values)]);
  }
  await reader.close();
}

function openReader(bench: Bench, dataset: Dataset): InstanceType<typeof ReaderThread> {
  const reader = new ReaderThread({ dataDir: dataset.folder, rawDays: dataset.days + 30, now: () => nowOf(dataset) });
  bench.atEnd(() => reader.close());
  return reader;
}

/** Asks the thread that reads roll-ups; the cache is in front of it and takes no part. */
async function measureEngine(bench: Bench, dataset: Dataset, scan: SqliteScan): Promise<void> {
  const packageId = dataset.apps[0]?.packageId as string;
  const reader = openReader(bench, dataset);
  const rows = dataset.rows.toLocaleString('en');
  say(`questions to roll-ups of ${rows} rows`);
  const scanned = [scan.eventsByDay(packageId)];
  for (const [what, [name, rest]] of [EVENTS_A_DAY, ...OTHERS]) {
    const query = { ...rest, packageId, range: rangeOf(dataset), includeBots: false } as never;
    await reader.run(name, query);
    const values = await timedEach(bench.scale.asks, () => reader.run(name, query));
    bench.report.add({
      what: `engine: ${what}, ${dataset.days} days`,
      unit: 'ms',
      values,
      ...(name === 'timeseries'
        ? { baseline: { what: `a SQLite scan of ${rows} raw rows`, values: scanned }, note: 'largest app' }
        : {}),
    });
  }
}

async function measureHttp(bench: Bench, dataset: Dataset): Promise<void> {
  const server = await RealServer.start(dataset.folder, {
    environment: { TELEMETRY_RAW_DAYS: String(dataset.days + 30) },
  });
  bench.atEnd(() => server.stop());
  const packageId = dataset.apps[0]?.packageId as string;
  await server.makeApp(packageId);
  const { fromMs, toMs } = rangeOf(dataset);
  for (const metric of ['events', 'devices'] as const) {
    const ask = (round: number) => {
      // Another hour each time, so that no answer is one that was given before.
      const to = new Date(toMs - (round + 1) * HOUR_MS).toISOString();
      const query = `metric=${metric}&interval=day&from=${new Date(fromMs).toISOString()}&to=${to}`;
      return server.get(`/v1/apps/${packageId}/telemetry/timeseries?${query}`);
    };
    await ask(bench.scale.asks);
    const values = await timedEach(bench.scale.asks, ask);
    bench.report.add({
      what: `http: ${metric} a day, ${dataset.days} days`,
      unit: 'ms',
      values,
      target: { atMost: 50 },
      residentBytes: peakResidentBytes(server.pid),
      note: `p99 ${quantile(values, 0.99).toFixed(1)} ms`,
    });
  }
  await server.stop();
}
