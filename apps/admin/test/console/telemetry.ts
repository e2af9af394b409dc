import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import type {
  TelemetryBreakdown,
  TelemetryLive,
  TelemetryOverview,
  TelemetryRetention,
  TelemetryTimeseries,
} from '../../src/api/schema';
import { LANTERN, WITH_TELEMETRY, type Stage } from '../support/stage.js';

type Point = TelemetryTimeseries['series'][number]['points'][number];

/** Figures of an app. */
export function testTelemetry(stage: Stage): void {
  it('shows the figures of telemetry that the API gives, as numbers, in the chart, in its table and in its CSV', async () => {
    const { page } = stage.ada;
    const answer = async (name: string) =>
      (
        await page.waitForResponse((response) => response.url().includes(`/telemetry/${name}`))
      ).json() as Promise<unknown>;
    const answers = Promise.all([answer('overview'), answer('timeseries'), answer('retention'), answer('breakdown')]);
    await page.goto(`/admin/apps/${WITH_TELEMETRY}/telemetry?metric=events&range=7d`);
    const [{ totals }, { series }, { cohorts }, breakdown] = (await answers) as [
      TelemetryOverview,
      TelemetryTimeseries,
      TelemetryRetention,
      TelemetryBreakdown,
    ];

    expect(totals.events).toBeGreaterThan(0);
    const section = page.getByRole('region', { name: 'In all' });
    for (const [name, label] of [
      ['devices', 'Devices'],
      ['sessions', 'Sessions'],
      ['events', 'Events'],
    ] as const) {
      const figure = section.locator('div', { has: page.getByText(label, { exact: true }) }).last();
      expect(await figure.locator('dd').textContent()).toMatch(new RegExp(`^${totals[name].toLocaleString('en')} `));
    }

    const points = series[0]!.points;
    expect(points).toHaveLength(7);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(totals.events);
    const drawn = await readChart(page);
    // A point stands where its value belongs on the axis, to the pixel.
    expect(drawn.values).toHaveLength(points.length);
    for (const [index, { value }] of points.entries()) {
      expect(Math.abs(drawn.values[index]! - value)).toBeLessThanOrEqual(drawn.valueOfPixel);
    }
    expect(await readTable(page)).toEqual(points);
    expect(await readCsv(page)).toEqual(points);

    expect(breakdown.items.length).toBeGreaterThan(1);
    expect(await readBars(page, 'Events by country')).toEqual(
      breakdown.items.map(({ key, value }) => [key ?? 'not said', value.toLocaleString('en')]),
    );
    await page.getByText(`${breakdown.total.toLocaleString('en')} in all`).waitFor();
    // What goes wrong in scripts is asked for by itself.
    await page.getByRole('region', { name: 'Errors, grouped' }).getByText('attempt to index').first().waitFor();
    expect(breakdown.total).toBe(totals.events);

    expect(cohorts.some(({ size }) => size > 0)).toBe(true);
    expect(await readRetention(page)).toEqual(
      cohorts.map(({ cohort, size, retained }) => [
        cohort.slice(0, 10),
        size.toLocaleString('en'),
        ...retained.map((count) => (size === 0 ? '–' : `${Math.round((count / size) * 100)} %`)),
      ]),
    );

    // A chart draws itself anew a moment after the window has become narrower; until then it does not widen the page.
    const widened = await page.evaluate(() => {
      const chart = document.querySelector<HTMLElement>('.recharts-wrapper')!;
      const { width } = chart.style;
      chart.style.width = `${innerWidth + 500}px`;
      const overflow = document.documentElement.scrollWidth - innerWidth;
      chart.style.width = width;
      return overflow;
    });
    expect(widened).toBeLessThanOrEqual(0);
  });

  it('shows who is there now, as devices say it', async () => {
    const { page } = stage.ada;
    await stage.story.beat(stage.dora, LANTERN, [
      { device: 'one', version: '1.0.1' },
      { device: 'two', version: '1.0.1' },
      { device: 'two', version: '1.0.2' },
    ]);
    // The page that is open asks the same of its own app, every few seconds.
    const answered = page.waitForResponse((answer) => answer.url().includes(`/apps/${LANTERN}/telemetry/live`));
    await page.goto(`/admin/apps/${LANTERN}/telemetry`);
    const now = page.getByRole('region', { name: 'Now' });
    const live = (await (await answered).json()) as TelemetryLive;
    expect(live).toMatchObject({ devices: 2, sessions: 3 });
    await now.getByText('2 devices in 3 sessions').waitFor();
    const versions = live.by_version.map(
      ({ app_version, devices }) => `${app_version}: ${devices} device${devices === 1 ? '' : 's'}`,
    );
    expect(versions).toHaveLength(2);
    for (const words of versions) await now.getByText(words, { exact: true }).waitFor();
  });
}

/** Names and figures of a list of bars. */
async function readBars(page: Page, label: string): Promise<(string | null)[][]> {
  const items = page.getByRole('list', { name: label }).locator('li');
  await items.first().waitFor();
  return items.evaluateAll((all) =>
    all.map((item) => [...item.querySelectorAll('span')].map(({ textContent }) => textContent)),
  );
}

/** The cells of the table of cohorts, row by row. */
async function readRetention(page: Page): Promise<(string | null)[][]> {
  const rows = page.getByRole('table', { name: /^Retention by week/ }).locator('tbody tr');
  await rows.first().waitFor();
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent)));
}

/** What the points of the chart stand for, by the ticks of its axis. */
async function readChart(page: Page): Promise<{ values: number[]; valueOfPixel: number }> {
  const chart = page.getByRole('img', { name: 'Events by day' });
  await chart.locator('circle').first().waitFor();
  const heights = await chart
    .locator('circle')
    .evaluateAll((dots) => dots.map((dot) => Number(dot.getAttribute('cy'))));
  const tickLabels = chart.locator('.recharts-yAxis-tick-labels text');
  await tickLabels.first().waitFor();
  const ticks = await tickLabels.evaluateAll((labels) =>
    labels.map((label) => ({
      y: Number(label.getAttribute('y')),
      value: Number(label.textContent.replaceAll(',', '')),
    })),
  );
  const [lowest, highest] = [ticks[0]!, ticks.at(-1)!];
  const valueOfPixel = (highest.value - lowest.value) / (lowest.y - highest.y);
  expect(valueOfPixel).toBeGreaterThan(0);
  return { values: heights.map((y) => lowest.value + (lowest.y - y) * valueOfPixel), valueOfPixel };
}

async function readTable(page: Page): Promise<Point[]> {
  await page.getByText('The figures as a table').click();
  const rows = page.getByRole('table', { name: 'Events by day' }).locator('tbody tr');
  const shown = await rows.evaluateAll((all) =>
    all.map((row) => ({
      time: row.querySelector('time')!.dateTime,
      value: Number(row.querySelector('td')!.textContent.replaceAll(',', '')),
    })),
  );
  return shown.reverse();
}

async function readCsv(page: Page): Promise<Point[]> {
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as CSV' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe(`${WITH_TELEMETRY}-events.csv`);
  const [head = '', ...lines] = readFileSync(await download.path(), 'utf8')
    .trim()
    .split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return { time: cells[names.indexOf('time')]!, value: Number(cells[names.indexOf('value')]) };
  });
}
