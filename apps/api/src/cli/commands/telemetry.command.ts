import type { Command } from 'commander';
import type { OperationResult } from '../operations.js';
import { Progress } from '../progress.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** `mosis telemetry audit|export|purge|query|status`. */
export function addTelemetryCommand(program: Command): void {
  const telemetry = program.command('telemetry').description('what devices sent: check, export, ask');
  telemetry
    .command('status')
    .description('how the engine is, and what is wrong')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const status = await runAsOwner('telemetry.status', {});
      print(options.json ? JSON.stringify(status, null, 2) : describeStatus(status));
    });
  telemetry
    .command('audit')
    .description('count the raw events of days anew and compare with the roll-ups (also done nightly)')
    .option('--from <day>', 'first day, YYYY-MM-DD', parseDay)
    .option('--to <day>', 'last day, YYYY-MM-DD', parseDay)
    .option('--repair', 'count a day anew where it differs and all its events are still there')
    .option('--json', 'print the report as JSON')
    .action(async (options: { from?: string; to?: string; repair?: boolean; json?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const progress = new Progress('days');
      const { json, ...input } = options;
      const report = await runAsOwner('telemetry.audit', input, progress.update);
      progress.stop();
      if (json) print(JSON.stringify(report, null, 2));
      else {
        for (const example of report.examples) process.stderr.write(`${example}\n`);
        const repaired = report.days.filter((day) => day.repaired).length;
        print(
          `${report.days.length} day(s) counted anew in ${(report.durationMs / 1000).toFixed(1)} s: ${report.differences} difference(s)${repaired > 0 ? `, ${repaired} day(s) repaired` : ''}.`,
        );
        if (report.uncovered > 0)
          print(
            `${report.uncovered} older day(s) cannot be counted any more: their raw events have served their time.`,
          );
        if (report.undecided.length > 0)
          print(`Changed while they were counted: ${report.undecided.join(', ')}. Ask again.`);
      }
      if (report.days.some((day) => day.differences > 0 && !day.repaired)) process.exitCode = 1;
    });
  telemetry
    .command('export')
    .description('archive closed days and export what waits, now (also done hourly)')
    .action(async () => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const { archived, exported } = await runAsOwner('telemetry.export', {});
      for (const key of exported) print(key);
      print(`${archived.length} day(s) archived, ${exported.length} file(s) exported.`);
    });
  telemetry
    .command('purge')
    .description('remove exported aggregates from the object store; without --yes it only says which')
    .requiredOption('--before <day>', 'days before this one, YYYY-MM-DD', parseDay)
    .option('--yes', 'do it')
    .action(async (options: { before: string; yes?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const { removed } = await runAsOwner('telemetry.purge', { before: options.before, dryRun: !options.yes });
      for (const key of removed) print(key);
      print(
        options.yes
          ? `${removed.length} object(s) removed.`
          : `${removed.length} object(s) would be removed. Add --yes to do it.`,
      );
    });
  telemetry
    .command('query')
    .description('ask the raw events in SQL (DuckDB, reading only)')
    .argument('<sql>', 'one statement')
    .option('--json', 'as JSON instead of a table')
    .action(async (sql: string, options: { json?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const answer = await runAsOwner('telemetry.query', { sql });
      print(options.json ? JSON.stringify(answer, null, 2) : toTable(answer.columns, answer.rows));
      if (answer.truncated) process.stderr.write('There are more rows than are shown.\n');
    });
}

/** Rows in columns as wide as what stands in them. */
export function toTable(columns: readonly string[], rows: readonly unknown[][]): string {
  const cells = [columns, ...rows.map((row) => row.map(toText))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = cells;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

// What devices sent may hold what a terminal would take for a command.
function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

function describeStatus(status: OperationResult<'telemetry.status'>): string {
  const { writer, jobs, problems } = status;
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return [
    `uploads      ${writer.uploads} with ${writer.events} events in ${writer.commits} commits, since the start`,
    `refused      ${
      Object.entries(writer.refused)
        .map(([code, count]) => `${count} × ${code}`)
        .join(', ') || 'none'
    }`,
    `waiting      ${writer.waiting_uploads} uploads, ${mib(writer.waiting_bytes)}; counts ${writer.rollup_lag_ms} ms behind`,
    `telemetry.db ${mib(status.database_bytes)}, WAL ${mib(status.wal_bytes)}, ${mib(status.free_bytes)} free on the disk`,
    `raw events   ${status.raw_rows} in ${status.partitions} days, oldest ${status.oldest_partition ?? 'none'}`,
    `to archive   ${status.archive_waiting} days; to export ${status.export_waiting} days`,
    ...jobs.map(
      ({ kind, state, last_run_at, next_run_at, error }) =>
        `${kind.padEnd(21)} ${state}, last ${last_run_at ?? 'never'}, next ${next_run_at ?? 'not planned'}${error === null ? '' : `: ${error}`}`,
    ),
    ...problems.map(({ code, detail }) => `! ${code}: ${detail}`),
  ].join('\n');
}

function parseDay(value: string): string {
  const day = new Date(`${value}T00:00:00Z`);
  if (!DAY.test(value) || Number.isNaN(day.getTime()) || !day.toISOString().startsWith(value))
    throw new Error(`${value} is not a day (YYYY-MM-DD).`);
  return value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
