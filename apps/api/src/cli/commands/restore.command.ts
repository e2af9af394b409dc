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
  restore.configureHelp({ showGlobalOptions: false });
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
