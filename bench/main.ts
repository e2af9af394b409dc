/** Measures the store, telemetry and backups against the targets of their contract. docs/performance.md tells what each figure means. */
import { crashCase } from './cases/crash.ts';
import { exportCase } from './cases/export.ts';
import { ingestCase } from './cases/ingest.ts';
import { queryCase } from './cases/query.ts';
import { restoreCase } from './cases/restore.ts';
import { retentionCase } from './cases/retention.ts';
import { rollupCase } from './cases/rollup.ts';
import { storeCase } from './cases/store.ts';
import { walCase } from './cases/wal.ts';
import { ArgumentError, readArguments, type Arguments } from './lib/arguments.ts';
import { Bench, type BenchCase } from './lib/bench.ts';
import { describeMachine, machineText } from './lib/machine.ts';
import { markdownOf } from './lib/markdown.ts';
import { say } from './lib/progress.ts';
import { Report } from './lib/report.ts';
import { SCALES } from './lib/scales.ts';

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
];

const HELP = `npm run bench -- [names] [options]

Names, all of them without any:
${CASES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

Options:
  --scale ${Object.keys(SCALES).join('|')}   small takes seconds and says little; tenth (10 million rows, the default) takes
                             some ten minutes; full builds 100 million rows once, and takes an hour or more
  --dir FOLDER               where data sets lie; one that is there is used again. Needed for full (about 8 GB)
  --seed NUMBER              another data set (1)
  --catalogue FILE           store: begins with these real apps, one JSON object a line
  --cpu-prof FOLDER          ingest: only profiles the server's threads; profiles go there, top costs to standard error
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
    await runCases(bench, asked);
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
  for (const benchCase of CASES.filter(({ name }) => asked.names.includes(name))) {
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
  if (asked.output === 'markdown') process.stdout.write(markdownOf(report.sections, about));
  if (asked.output === 'json') {
    const result = { machine, startedAt, scale, seed: asked.seed, sections: report.sections };
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  }
}

main()
  .then(() => process.exit())
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof ArgumentError ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  });
