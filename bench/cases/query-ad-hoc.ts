import { DuckScan } from '../baselines/duck-scan.ts';
import type { SqliteScan } from '../baselines/sqlite-scan.ts';
import type { Bench } from '../lib/bench.ts';
import { say } from '../lib/progress.ts';
import { watchResident } from '../lib/resident.ts';
import { timed, timedEach } from '../lib/statistics.ts';
import { openAnalytics, rangeOf, type Dataset } from '../seed/dataset.ts';

const HOUR_MS = 3_600_000;
const ROUNDS = 5;

/** A question, and what it is compared with. */
interface Question {
  what: string;
  atMostSeconds?: number;
  ask: () => Promise<unknown>;
  /** Milliseconds of reading as much with SQLite. */
  scan: () => number;
  /** What of the copies no answer can do without. */
  reads?: { packageId: string; columns: readonly string[] };
}

/** What a step is, whose it is, and how steps follow each other. */
const FUNNEL_COLUMNS = ['type', 'device', 'time', 'id'];
/** Where an app of the middle stands: those before it have most of the rows. */
const MIDDLE_APP = 9;

/** Questions that only raw rows answer, through the analytics process, beside the same reading with SQLite. */
export async function measureAdHoc(bench: Bench, dataset: Dataset, scan: SqliteScan): Promise<void> {
  const [largest, middle] = [0, MIDDLE_APP].map((index) => dataset.apps[index]?.packageId as string) as [
    string,
    string,
  ];
  const analytics = openAnalytics(dataset);
  bench.atEnd(() => analytics.close());
  const resident = watchResident(() => analytics.pid);
  const of = (packageId: string) => ({ packageId, range: rangeOf(dataset), includeBots: false });
  const breakdown = (packageId: string) => () =>
    analytics.rawQuery('query', {
      ...of(packageId),
      metric: 'events',
      filters: [],
      groupBy: ['country'],
      limit: 50,
    });
  const funnel = (packageId: string) => () =>
    analytics.rawQuery('funnel', {
      ...of(packageId),
      steps: ['app_start', 'screen_view', 'button_click'],
      withinMs: HOUR_MS,
    });
  const questions: Question[] = [
    {
      what: "one app's breakdown by country",
      atMostSeconds: 0.1,
      ask: breakdown(largest),
      scan: () => scan.eventsByContext(largest),
      reads: { packageId: largest, columns: ['country'] },
    },
    {
      what: "the tenth app's breakdown by country",
      atMostSeconds: 0.1,
      ask: breakdown(middle),
      scan: () => scan.eventsByContext(middle),
      reads: { packageId: middle, columns: ['country'] },
    },
    {
      what: "one app's most frequent screens",
      ask: () => analytics.rawQuery('top', { ...of(largest), type: 'screen_view', field: 'screen_name', limit: 20 }),
      scan: () => scan.topScreens(largest),
    },
    {
      what: 'funnel of three steps within an hour',
      atMostSeconds: 0.5,
      ask: funnel(largest),
      scan: () => scan.firstTimes(largest),
      reads: { packageId: largest, columns: FUNNEL_COLUMNS },
    },
    {
      what: "the tenth app's funnel of three steps within an hour",
      atMostSeconds: 0.5,
      ask: funnel(middle),
      scan: () => scan.firstTimes(middle),
      reads: { packageId: middle, columns: FUNNEL_COLUMNS },
    },
    {
      what: 'retention by day',
      atMostSeconds: 1.5,
      ask: () => analytics.sql(retentionSql(largest)),
      scan: () => scan.deviceDays(largest),
    },
    {
      what: 'full scan by app and type',
      atMostSeconds: 1.5,
      ask: () => analytics.sql('SELECT package_id, type, count(*) FROM events GROUP BY ALL'),
      scan: () => scan.everything(),
    },
  ];
  say(`ad-hoc questions to ${dataset.rows.toLocaleString('en')} raw rows`);
  const first = await timed(breakdown(largest));
  bench.report.add({
    what: 'ad-hoc: the first question, which starts the process',
    unit: 's',
    values: [first.ms / 1000],
  });
  const duck = await DuckScan.open(dataset);
  bench.atEnd(() => duck.close());
  for (const { what, atMostSeconds, ask, scan: scanOnce, reads } of questions) {
    await ask();
    const values = (await timedEach(ROUNDS, ask)).map((ms) => ms / 1000);
    bench.report.add({
      what: `ad-hoc: ${what}, ${dataset.days} days`,
      unit: 's',
      values,
      ...(atMostSeconds === undefined ? {} : { target: { atMost: atMostSeconds } }),
      baseline: { what: 'a SQLite scan', values: [scanOnce() / 1000] },
    });
    if (reads) await reportLeast(bench, duck, reads);
  }
  bench.report.add({
    what: 'ad-hoc: the process, resident at most',
    unit: 'MB',
    values: [(resident.stop() ?? Number.NaN) / 1e6],
  });
}

/** What is read of each event of the app, whatever is asked. */
async function reportLeast(bench: Bench, duck: DuckScan, reads: NonNullable<Question['reads']>): Promise<void> {
  const read = () => duck.read(reads.packageId, reads.columns);
  await read();
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) values.push((await read()) / 1000);
  bench.report.add({ what: '  reading its columns in DuckDB, and nothing else', unit: 's', values });
}

function retentionSql(packageId: string): string {
  return `WITH active AS (SELECT DISTINCT device, time::DATE AS day FROM events WHERE package_id = '${packageId}'),
    cohorts AS (SELECT device, min(day) AS cohort FROM active GROUP BY device)
    SELECT cohort, day - cohort AS later, count(*) FROM active JOIN cohorts USING (device) GROUP BY ALL ORDER BY ALL`;
}
