import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreStep } from '../../restores/restore.types.js';

interface RestoreOptions {
  to?: string;
  at?: Date;
  coreOnly?: boolean;
  putObjects?: boolean;
  json?: boolean;
}

/** `mosis restore` and `mosis restore table`. */
export function addRestoreCommand(program: Command): void {
  const restore = program
    .command('restore')
    .description('make a data directory from the backup, as of now or of a moment in the past')
    // What stands behind `table` is that command's own.
    .enablePositionalOptions()
    .option('--to <directory>', 'the directory to make; it must be empty or not there')
    .option('--at <time>', 'the moment to go back to, like 2026-11-27T18:00:00Z; without it, the newest', parseMoment)
    .option('--core-only', 'leave telemetry.db out: accounts and apps come back, telemetry begins empty')
    .option('--put-objects', 'with an object store of its own (S3): put back what is missing there')
    .option('--json', 'print the report as JSON')
    .action(async (options: RestoreOptions) => restoreDirectory(options));
  restore
    .command('table')
    .description('show what tables of core.db held at a moment and do not hold now; with --apply, bring it back')
    .argument('<name...>', 'tables; those that point at each other come back together')
    .requiredOption('--at <time>', 'the moment, like 2026-11-27T18:00:00Z', parseMoment)
    .option('--where <condition>', 'only rows for which this SQL condition is true, then or now')
    .option('--apply', 'bring missing rows back; without it nothing is changed')
    .option('--changed', 'with --apply: also set changed rows to what they were')
    .option('--revive', 'with --changed: also accounts, apps and versions that were ended or lost rights since')
    .option('--without-guards', 'with --apply: bring rows back that triggers let in only step by step')
    .option('--limit <n>', 'rows of each kind that are shown', parseLimit, 20)
    .option('--json', 'print the report as JSON')
    .action(async (tables: string[], options: TableOptions) => restoreTables(tables, options));
}

interface TableOptions {
  at: Date;
  where?: string;
  apply?: boolean;
  changed?: boolean;
  withoutGuards?: boolean;
  revive?: boolean;
  limit: number;
  json?: boolean;
}

async function restoreTables(tables: string[], options: TableOptions): Promise<void> {
  const [{ readProcessSettings }, { TableComparisonService }, { describeTables }, { runAsOwner }] = await Promise.all([
    import('../../config/settings.js'),
    import('../../restores/table-comparison.service.js'),
    import('../../restores/describe-tables.js'),
    import('../run-as-owner.js'),
  ]);
  const { at, where, limit } = options;
  const service = new TableComparisonService({ settings: readProcessSettings(), onStep: showStep() });
  await service.compare({ tables, at, where, limit }, async ({ rowsFile, ...found }) => {
    const startedAt = performance.now();
    const restored = options.apply
      ? await runAsOwner('restore.rows', {
          tables,
          rowsFile,
          at: found.moment,
          changed: options.changed ?? false,
          withoutGuards: options.withoutGuards ?? false,
          revive: options.revive ?? false,
        })
      : null;
    const report = { ...found, restored, appliedInMs: restored && Math.round(performance.now() - startedAt) };
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : describeTables(report)}\n`);
  });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw new Error(`--limit takes a whole number: ${text}`);
  return limit;
}

async function restoreDirectory({ to, json, ...request }: RestoreOptions): Promise<void> {
  if (to === undefined) throw new Error('--to names the directory to make: mosis restore --to /volume1/mosis-restored');
  const [{ readProcessSettings }, { RestoreService }, { describeRestore }, { Clock }] = await Promise.all([
    import('../../config/settings.js'),
    import('../../restores/restore.service.js'),
    import('../../restores/describe-restore.js'),
    import('../../common/clock.js'),
  ]);
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('The restore was stopped. Nothing is left of it.'));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  const service = new RestoreService({
    settings: readProcessSettings(),
    clock: new Clock(),
    onStep: showStep(),
    signal: stopping.signal,
  });
  const report = await service.restore({ ...request, to: resolve(to) });
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : describeRestore(report)}\n`);
}

const NOTE_EVERY_MS = 1_000;

/** Writes steps to standard error: when one begins, where it is now and then, and how long it took. */
function showStep(): (step: RestoreStep) => void {
  let notedAt = 0;
  return ({ name, detail, durationMs }) => {
    if (durationMs !== undefined) process.stderr.write(`${name}: done in ${(durationMs / 1000).toFixed(1)} s\n`);
    else if (detail === undefined) process.stderr.write(`${name} …\n`);
    else if (performance.now() - notedAt > NOTE_EVERY_MS) {
      notedAt = performance.now();
      process.stderr.write(`${name}: ${detail}\n`);
    }
  };
}

/** @throws unless the text is a moment with its zone */
export function parseMoment(text: string): Date {
  const moment = new Date(text);
  if (
    !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) ||
    Number.isNaN(moment.getTime())
  )
    throw new Error(`${text} is not a moment. Write it with its zone, like 2026-11-27T18:00:00Z.`);
  return moment;
}
