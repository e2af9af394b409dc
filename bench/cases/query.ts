import type { TelemetryQueries } from '@mosis/telemetry';
import { SqliteScan } from '../baselines/sqlite-scan.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { ReaderThread } from '../lib/internals.ts';
import { say } from '../lib/progress.ts';
import { peakResidentBytes } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import { quantile, timedEach } from '../lib/statistics.ts';
import { nowOf, openManyDays, rangeOf, type Dataset } from '../seed/dataset.ts';
import { measureAdHoc } from './query-ad-hoc.ts';

const HOUR_MS = 3_600_000;

/** The questions of the console, by the words they are reported with. */
type Question = {
  [Name in keyof TelemetryQueries]: [
    Name,
    Omit<TelemetryQueries[Name]['query'], 'packageId' | 'range' | 'includeBots'>,
  ];
}[keyof TelemetryQueries];

const SERIES: [what: string, question: Question][] = [
  ['events a day', ['timeseries', { metric: 'events', interval: 'day' }]],
  ['events of one type a day', ['timeseries', { metric: 'events', interval: 'day', type: 'screen_view' }]],
  ['sessions a day by version', ['timeseries', { metric: 'sessions', interval: 'day', groupBy: 'app_version' }]],
  ['exact devices a day', ['timeseries', { metric: 'devices', interval: 'day' }]],
  ['exact devices a month', ['timeseries', { metric: 'devices', interval: 'month' }]],
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
    const dataset = await openManyDays(bench);
    const scan = new SqliteScan(dataset);
    bench.atEnd(() => scan.close());
    await measureEngine(bench, dataset, scan);
    await measureHttp(bench, dataset);
    await measureAdHoc(bench, dataset, scan);
  },
};

/** Asks the thread that reads roll-ups; the cache is in front of it and takes no part. */
async function measureEngine(bench: Bench, dataset: Dataset, scan: SqliteScan): Promise<void> {
  const packageId = dataset.apps[0]?.packageId as string;
  const reader = new ReaderThread({ dataDir: dataset.folder, rawDays: dataset.days + 30, now: () => nowOf(dataset) });
  bench.atEnd(() => reader.close());
  const rows = dataset.rows.toLocaleString('en');
  say(`questions to roll-ups of ${rows} rows`);
  const scanned = [scan.eventsByDay(packageId)];
  for (const [what, question] of [...SERIES, ...OTHERS]) {
    const [name, rest] = question;
    const query = { ...rest, packageId, range: rangeOf(dataset), includeBots: false } as never;
    await reader.run(name, query);
    const values = await timedEach(bench.scale.asks, () => reader.run(name, query));
    const isSeries = name === 'timeseries';
    bench.report.add({
      what: `engine: ${what}, ${dataset.days} days`,
      unit: 'ms',
      values,
      ...(isSeries ? { target: { atMost: 5 } } : {}),
      ...(what === 'events a day'
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
