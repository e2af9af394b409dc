import type { Bench } from '../lib/bench.ts';
import { say } from '../lib/progress.ts';
import { scalesUpTo } from '../lib/scales.ts';
import { timed } from '../lib/statistics.ts';
import { openManyDays, openPartitions } from './dataset.ts';
import { openStore } from './store/store-dataset.ts';

/** Builds every data set that the benchmarks of this scale use and that is not there yet, and prints what each took. */
export async function seedAll(bench: Bench, print: (line: string) => void): Promise<void> {
  const scales = scalesUpTo(bench.scale);
  const stores = scales.map((name) => ({ what: `store, ${name}`, open: () => openStore(bench, name) }));
  const manyDays = scales.map((name) => ({
    what: `many days (query, rollup, restore), ${name}`,
    open: () => openManyDays(bench, name),
  }));
  const all = [
    ...stores,
    { what: 'partitions (rollup, export, retention)', open: () => openPartitions(bench) },
    ...manyDays,
  ];
  const startedMs = performance.now();
  for (const [index, { what, open }] of all.entries()) {
    say(`data set ${index + 1} of ${all.length}: ${what}`);
    const { result, ms } = await timed<{ folder: string }>(open);
    print(`${seconds(ms)}  ${what}: ${result.folder}`);
  }
  print(`${seconds(performance.now() - startedMs)}  everything`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(10);
}
