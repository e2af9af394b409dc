import type { Bench, BenchCase } from '../lib/bench.ts';
import { ConsolePage, launchBrowser, type PageChange } from '../console/console-page.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';
import { median } from '../lib/statistics.ts';
import { openStore } from '../seed/store/store-dataset.ts';

const BOUND_MS = 100;
const FIRST_LOADS = 3;
const NEXT_PAGE = 'nav[aria-label^="Pages of"] button:last-of-type:not(:disabled)';
/** What brings the scripts of a screen is no page change but a first visit. */
const WARM_UP = 1;

/** A list of the navigation, and where one goes from there: to what its rows are about, or on. */
interface List {
  name: string;
  path: string;
  row: { name: string; link: string };
}

/** Selects what the navigation leads to a screen by. */
function menu(path: string): string {
  return `nav[aria-label="Main"] a[href="${path}"]`;
}

const LISTS: readonly List[] = [
  { name: 'queue', path: '/admin/reviews', row: { name: 'review', link: '[data-review-link]' } },
  { name: 'apps', path: '/admin/apps', row: { name: 'app', link: 'main tbody th a' } },
  { name: 'developers', path: '/admin/developers', row: { name: 'developer', link: 'main tbody th a' } },
  { name: 'audit log', path: '/admin/audit', row: { name: 'system', link: menu('/admin/system') } },
];

/** What was measured of each screen, by its name, in the order of a walk. */
class Walk {
  readonly changes = new Map<string, PageChange[]>();
  /** Where a screen was, for loading it by its address. */
  readonly paths = new Map<string, string>();
  readonly #page: ConsolePage;

  constructor(page: ConsolePage) {
    this.#page = page;
  }

  /** Through a list page by page, and into its rows one by one. */
  async through({ name, path, row }: List, times: number): Promise<void> {
    const link = menu(path);
    await this.#go(name, link);
    for (let round = 0; round < times && (await this.#page.count(NEXT_PAGE)) > 0; round += 1)
      await this.#go(`${name}, next page`, NEXT_PAGE);
    for (let round = 0; round < times; round += 1) {
      // From a later page back to the first one, or from a row to its list.
      if (this.#page.path !== path) await this.#go(name, link);
      const rows = await this.#page.count(row.link);
      if (rows > 0) await this.#go(row.name, row.link, round % rows);
    }
  }

  async #go(name: string, selector: string, index = 0): Promise<void> {
    const change = await this.#page.change(selector, index);
    this.changes.set(name, [...(this.changes.get(name) ?? []), change]);
    if (!this.paths.has(name)) this.paths.set(name, this.#page.path);
  }
}

/** The console in a real browser, beside a store of this scale. */
export const consoleCase: BenchCase = {
  name: 'console',
  about: 'the console in Chromium on a full store: page changes beyond their requests, and first loads',
  async run(bench) {
    const dataset = await openStore(bench);
    const server = await RealServer.start(dataset.folder);
    bench.atEnd(() => server.stop());
    const browser = await launchBrowser();
    bench.atEnd(() => browser.close());
    const open = () => ConsolePage.open(browser, server.url, server.cookie);

    say(`walking through the console of ${dataset.apps.toLocaleString('en')} apps`);
    const page = await open();
    // A screen that is on no walk, so that the first list is a change as well.
    await page.load('/admin/account');
    const walk = new Walk(page);
    for (const list of LISTS) await walk.through(list, bench.scale.asks + WARM_UP);
    await page.close();

    for (const [name, changes] of walk.changes) {
      say(`loading: ${name}`);
      const loadsMs: number[] = [];
      for (let round = 0; round < FIRST_LOADS; round += 1) {
        const fresh = await open();
        loadsMs.push(await fresh.load(walk.paths.get(name) as string));
        await fresh.close();
      }
      report(bench, name, changes, loadsMs);
    }
  },
};

function report(bench: Bench, name: string, changes: readonly PageChange[], loadsMs: readonly number[]): void {
  const measured = changes.length > WARM_UP ? changes.slice(WARM_UP) : changes;
  const values = measured.map(({ beyondMs }) => beyondMs);
  const wholeMs = median(measured.map((change) => change.wholeMs));
  bench.report.add({
    what: `${name}: page change beyond its requests`,
    unit: 'ms',
    values,
    target: { atMost: BOUND_MS },
    note: `longest ${Math.max(...values).toFixed(0)} ms; ${wholeMs.toFixed(0)} ms with its requests; first load, nothing cached, ${median(loadsMs).toFixed(0)} ms`,
  });
}
