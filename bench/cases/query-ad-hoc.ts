import type { SqliteScan } from '../baselines/sqlite-scan.ts';
import type { Bench } from '../lib/bench.ts';
import { say } from '../lib/progress.ts';
import { watchResident } from '../lib/resident.ts';
import { timed, timedEach } from '../lib/statistics.ts';
import { openAnalytics, rangeOf, type Dataset } from '../seed/dataset.ts';

const HOUR_MS = 3_600_000;
const ROUNDS = 5;

/** Questions that only raw rows answer, through the analytics process, beside the same reading with SQLite. */
export async function measureAdHoc(bench: Bench, dataset: Dataset, scan: SqliteScan): Promise<void> {
  const packageId = dataset.apps[0]?.packageId as string;
  const analytics = openAnalytics(dataset);
  bench.atEnd(() => analytics.close());
  const resident = watchResident(() => analytics.pid);
  const asked = { packageId, range: rangeOf(dataset), includeBots: false };
  const breakdown = () =>
    analytics.rawQuery('query', { ...asked, metric: 'events', filters: [], groupBy: ['country'], limit: 50 });
  const questions: [
    what: string,
    atMostSeconds: number | undefined,
    ask: () => Promise<unknown>,
    scan: () => number,
  ][] = [
    ["one app's breakdown by country", 0.1, breakdown, () => scan.eventsByContext(packageId)],
    [
      "one app's most frequent screens",
      undefined,
      () => analytics.rawQuery('top', { ...asked, type: 'screen_view', field: 'screen_name', limit: 20 }),
      () => scan.topScreens(packageId),
    ],
    [
      'funnel of three steps within an hour',
      0.5,
      () =>
        analytics.rawQuery('funnel', {
          ...asked,
          steps: ['app_start', 'screen_view', 'button_click'],
          withinMs: HOUR_MS,
        }),
      () => scan.firstTimes(packageId),
    ],
    ['retention by day', 1.5, () => analytics.sql(retentionSql(packageId)), () => scan.deviceDays(packageId)],
    [
      'full scan by app and type',
      1.5,
      () => analytics.sql('SELECT package_id, type, count(*) FROM events GROUP BY ALL'),
      () => scan.everything(),
    ],
  ];
  say(`ad-hoc questions to ${dataset.rows.toLocaleString('en')} raw rows`);
  const first = await timed(breakdown);
  bench.report.add({
    what: 'ad-hoc: the first question, which starts the process',
    unit: 's',
    values: [first.ms / 1000],
  });
  for (const [what, atMost, ask, scanOnce] of questions) {
    await ask();
    const values = (await timedEach(ROUNDS, ask)).map((ms) => ms / 1000);
    bench.report.add({
      what: `ad-hoc: ${what}, ${dataset.days} days`,
      unit: 's',
      values,
      ...(atMost === undefined ? {} : { target: { atMost } }),
      baseline: { what: 'a SQLite scan', values: [scanOnce() / 1000] },
    });
  }
  bench.report.add({
    what: 'ad-hoc: the process, resident at most',
    unit: 'MB',
    values: [(resident.stop() ?? Number.NaN) / 1e6],
  });
}

function retentionSql(packageId: string): string {
  return `WITH active AS (SELECT DISTINCT device, time::DATE AS day FROM events WHERE package_id = '${packageId}'),
    cohorts AS (SELECT device, min(day) AS cohort FROM active GROUP BY device)
    SELECT cohort, day - cohort AS later, count(*) FROM active JOIN cohorts USING (device) GROUP BY ALL ORDER BY ALL`;
}
