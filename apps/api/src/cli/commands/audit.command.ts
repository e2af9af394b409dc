import type { Command } from 'commander';
import { Progress } from '../progress.js';

/** `mosis audit verify|archive` and `mosis objects verify`. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the append-only record of changes');
  audit
    .command('verify')
    .description('walk the whole hash chain and hold its end against the head outside the file')
    .option('--json', 'print the report as JSON')
    .action(async (options: { json?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const progress = new Progress('audit rows');
      const report = await runAsOwner('audit.verify', {}, progress.update);
      if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else if (report.ok)
        process.stdout.write(
          `The chain is whole: ${report.rows} rows (${report.archivedRows} of them in the object store).\n`,
        );
      else process.stderr.write(`The chain is broken after ${report.rows} rows: ${report.problem}\n`);
      if (!report.ok) process.exitCode = 1;
    });
  audit
    .command('archive')
    .description('move whole segments of old rows to the object store (also done nightly)')
    .option('--keep-days <n>', 'how old a row must be', parseDays)
    .action(async (options: { keepDays?: number }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const { moved } = await runAsOwner('audit.archive', { keepDays: options.keepDays });
      process.stdout.write(`Moved ${moved} segment(s).\n`);
    });
  program
    .command('objects')
    .description('stored packages and icons')
    .command('verify')
    .description('hash every stored package and icon again (also done once a day)')
    .action(async () => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const progress = new Progress('objects');
      const report = await runAsOwner('objects.verify', {}, progress.update);
      const { checked, damaged, damaged_count: count } = report;
      for (const { sha256, problem } of damaged) process.stderr.write(`${sha256}: ${problem}\n`);
      if (count > damaged.length) process.stderr.write(`… and ${count - damaged.length} more.\n`);
      process.stdout.write(`${checked} objects checked, ${count} damaged.\n`);
      if (count > 0) process.exitCode = 1;
    });
}

function parseDays(value: string): number {
  const days = Number(value);
  if (!Number.isInteger(days) || days < 0) throw new Error(`--keep-days takes a whole number: ${value}`);
  return days;
}
