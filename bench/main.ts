/** Measures the store, telemetry and backups against the targets of their contract. docs/performance.md tells what each figure means. */
import { consoleCase } from './cases/console.ts';
import { crashCase } from './cases/crash.ts';
import { exportCase } from './cases/export.ts';
import { ingestCase } from './cases/ingest.ts';
import { packagesCase } from './cases/packages.ts';
import { publishingCase } from './cases/publishing.ts';
import { queryCase } from './cases/query.ts';
import { restoreCase } from './cases/restore.ts';
import { retentionCase } from './cases/retention.ts';
import { rollupCase } from './cases/rollup.ts';
import { soakCase } from './cases/soak.ts';
import { storeCase } from './cases/store.ts';
import { walCase } from './cases/wal.ts';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, readArguments, type Arguments } from './lib/arguments.ts';
import { Bench, type BenchCase } from './lib/bench.ts';
import { drawCurves, type Curve } from './lib/curve.ts';
import { describeMachine, machineText } from './lib/machine.ts';
import { markdownOf } from './lib/markdown.ts';
import { say } from './lib/progress.ts';
import { compare, confirm, recordOf, TOLERANCE, type BenchRecord } from './lib/record.ts';
import { formatNumber, Report, type Section } from './lib/report.ts';
import { SCALES } from './lib/scales.ts';
import { seedAll } from './seed/seed-all.ts';

const CASES: readonly BenchCase[] = [
  ingestCase,
  rollupCase,
  queryCase,
  exportCase,
  retentionCase,
  walCase,
  crashCase,
  restoreCase,
  storeCase,
  consoleCase,
  packagesCase,
  publishingCase,
  soakCase,
];

const RECORD = new URL('./record.json', import.meta.url);

const HELP = `npm run bench -- [check] [names] [options]
npm run bench -- seed --dir FOLDER [--scale SCALE]

Names, all of them without any:
${CASES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

check compares ratios to baselines, never times, with bench/record.json, and fails when one is worse by more than
${TOLERANCE * 100} %, and again when its benchmark is run a second time.

seed builds every data set of a scale that is not in the folder yet, says what each took, and measures nothing.

Options:
  --scale ${Object.keys(SCALES).join('|')}   small takes seconds and says little; tenth (10 million rows, the default) takes
                             some ten minutes; full builds 100 million rows once, and takes an hour or more
  --dir FOLDER               where data sets lie; one that is there is used again. Needed for full (about 8 GB)
  --seed NUMBER              another data set (1)
  --catalogue FILE           store: begins with these real apps, one JSON object a line
  --cpu-prof FOLDER          ingest: only profiles the server's threads; profiles go there, top costs to standard error
  --write-record             makes the ratios of this run the record
  --plots FOLDER             curves of what was measured at growing sizes, as SVG
  --json                     the result as JSON on standard output
  --markdown                 the result as the tables of docs/performance.md

A target that is missed is said; it is no failure.
`;

async function main(): Promise<void> {
  const asked = readArguments(
    process.argv.slice(2),
    CASES.map(({ name }) => name),
  );
  if (asked.help) {
    process.stdout.write(HELP);
    return;
  }
  const report = new Report((text) => process.stdout.write(asked.output === 'lines' ? text : ''));
  const bench = new Bench(asked, report);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      bench.isStopped = true;
      void bench.end().finally(() => {
        bench.close();
        process.exit(130);
      });
    });
  }
  try {
    if (asked.seedOnly) await seedAll(bench, (line) => void process.stdout.write(`${line}\n`));
    else await runCases(bench, asked);
  } finally {
    bench.close();
  }
}

async function runCases(bench: Bench, asked: Arguments): Promise<void> {
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(bench.folder);
  const { report, scale } = bench;
  const remark = scale.name === 'full' ? '' : '; targets are set for full';
  const about = `${machineText(machine)}\nscale ${scale.name}, seed ${asked.seed}${remark}`;
  if (asked.output === 'lines') process.stdout.write(`${about}\n`);
  await measure(bench, asked.names);
  if (bench.isStopped) return;
  if (asked.plots !== undefined) drawPlots(asked.plots, report.sections);
  if (asked.record === 'write') writeRecord(report.sections, scale.name);
  if (asked.record === 'compare') await compareWithRecord(bench);
  if (asked.output === 'markdown') process.stdout.write(markdownOf(report.sections, about));
  if (asked.output === 'json') {
    const result = { machine, startedAt, scale, seed: asked.seed, sections: report.sections };
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  }
}

/** Runs benchmarks one after another; one that fails makes the run fail, and the others go on. */
async function measure(bench: Bench, names: readonly string[]): Promise<void> {
  const { report } = bench;
  for (const benchCase of CASES.filter(({ name }) => names.includes(name))) {
    report.begin(benchCase.name);
    say(`measuring ${benchCase.name}`);
    try {
      await benchCase.run(bench);
    } catch (error) {
      process.exitCode = 1;
      // What others measure is worth having.
      if (!bench.isStopped) report.fail((error as Error).stack ?? String(error));
    } finally {
      await bench.end();
    }
    if (bench.isStopped) return;
  }
}

function drawPlots(folder: string, sections: readonly Section[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, figures } of sections) {
    const curves = new Map<string, Curve>();
    const [first] = figures.flatMap(({ curve }) => curve ?? []);
    for (const { curve, median } of figures) {
      if (!curve) continue;
      const { points } = curves.get(curve.series) ?? { points: [] };
      curves.set(curve.series, { series: curve.series, points: [...points, { size: curve.size, value: median }] });
    }
    if (!first) continue;
    const file = join(folder, `${name}-scaling.svg`);
    writeFileSync(file, drawCurves(`${name}: median of a question, in process`, first.of, 'ms', [...curves.values()]));
    say(`plotted: ${file}`);
  }
}

function readRecord(): BenchRecord[] {
  return JSON.parse(readFileSync(RECORD, 'utf8')) as BenchRecord[];
}

/** The record of a scale; what this run did not measure stays. */
function writeRecord(sections: readonly Section[], scale: string): void {
  const others = readRecord();
  const before = others.find((record) => record.scale === scale);
  const { ratios } = recordOf(sections, scale);
  const records = [...others.filter((one) => one !== before), { scale, ratios: { ...before?.ratios, ...ratios } }];
  writeFileSync(RECORD, `${JSON.stringify(records, undefined, 2)}\n`);
}

/** Holds what was measured against the record; a benchmark with something worse is measured once more before that counts. */
async function compareWithRecord(bench: Bench): Promise<void> {
  const { report, scale } = bench;
  const record = readRecord().find((one) => one.scale === scale.name);
  if (!record) throw new ArgumentError(`There is no record of --scale ${scale.name}: make one with --write-record.`);
  const { comparisons: first, missing } = compare(report.sections, record);
  const suspects = new Set(first.filter(({ isRegression }) => isRegression).map(({ benchmark }) => benchmark));
  let comparisons = first;
  if (suspects.size > 0) {
    say(`worse than the record, so measured once more: ${[...suspects].join(', ')}`);
    const measured = report.sections.length;
    await measure(bench, [...suspects]);
    comparisons = confirm(first, compare(report.sections.slice(measured), record).comparisons);
  }
  process.stdout.write('\ncompared with the record\n');
  for (const { benchmark, what, ratio, recorded, isRegression } of comparisons) {
    const verdict = isRegression ? 'WORSE ' : '';
    process.stdout.write(`  ${verdict}${benchmark}: ${what}: ${formatNumber(ratio)} (${formatNumber(recorded)})\n`);
  }
  for (const name of missing) process.stdout.write(`  NOT MEASURED ${name}\n`);
  const regressions = comparisons.filter(({ isRegression }) => isRegression).length;
  process.stdout.write(`${comparisons.length} ratios compared, ${regressions} worse, ${missing.length} not measured\n`);
  if (regressions + missing.length > 0 || comparisons.length === 0) process.exitCode = 1;
}

main()
  .then(() => process.exit(process.exitCode ?? 0))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof ArgumentError ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  });
