import { Option, type Command } from 'commander';
import { assertNoUnfinishedRestore } from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { DataDirLock, useRestorePoint, type MigrationOutcome, type MigrationProgress } from '@mosis/sqlite';
import { assertNotRootOnDataOfOthers } from '../../common/ownership.js';
import { readProcessSettings, type Settings } from '../../config/settings.js';
import { createCommandLogger } from '../../http/logger.js';
import {
  changeDatabases,
  coreRestorePoints,
  DATABASES,
  migrateAll,
  readMigrationStatus,
  type DatabaseName,
} from '../migrate.js';
import { formatBytes } from '../../common/format.js';
import { describeMigrationProgress } from '../migration-progress.js';
import { endOrphanedBackup } from '../start-backup.js';

const collect = (value: string, list: string[]) => [...list, value];

interface LossOptions {
  allowLoss: string[];
}

/** `mosis db migrate|rollback|status|restore-points|restore-point use`. */
export function addDbCommand(program: Command): void {
  const db = program.command('db').description('migrations of core.db and telemetry.db, and restore points of core.db');
  db.command('migrate')
    .description('apply what is pending: keeps a restore point, rehearses on a copy, then applies in one transaction')
    .option('--allow-loss <table[.column]>', 'let a migration lose this; may be given more than once', collect, [])
    .action(({ allowLoss }: LossOptions) =>
      asOwner('mosis db migrate', (settings) => {
        const outcomes = migrateAll(settings, { allowLoss, onProgress: printProgress });
        print(summarize(outcomes, 'Nothing to do: every migration is applied.', 'Applied'));
      }),
    );
  db.command('rollback')
    .description('take the last migration back, as carefully as migrate; refused when that would lose rows')
    .option('--steps <n>', 'how many', parseSteps, 1)
    .option('--allow-loss <table[.column]>', 'let it lose this; may be given more than once', collect, [])
    .addOption(new Option('--database <name>', 'which one').choices([...DATABASES]).default('core'))
    .action(({ steps, allowLoss, database }: LossOptions & { steps: number; database: DatabaseName }) =>
      asOwner('mosis db rollback', (settings) => {
        const change = { direction: 'down', steps } as const;
        const outcomes = changeDatabases(settings, [database], change, { allowLoss, onProgress: printProgress });
        print(summarize(outcomes, 'Nothing to do: no migration is applied.', 'Took back'));
      }),
    );
  db.command('status')
    .description('which migrations are applied')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => printStatus(options.json === true));
  db.command('restore-points')
    .description('list the copies of core.db that migrations kept, newest first')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => printRestorePoints(options.json === true));
  db.command('restore-point')
    .description('go back to a restore point')
    .command('use')
    .description('put a restore point in the place of core.db; what is there now becomes a restore point')
    .argument('<name>', 'as restore-points lists it')
    .action((name: string) => asOwner('mosis db restore-point use', (settings) => putBack(settings, name)));
}

function printStatus(json: boolean): void {
  const statuses = readMigrationStatus(readProcessSettings());
  if (json) return print(JSON.stringify(statuses, null, 2));
  for (const { database, name, state, applied_at } of statuses)
    print(`${state.padEnd(8)} ${database.padEnd(12)} ${name}${applied_at ? `  (${applied_at})` : ''}`);
  const pending = statuses.filter(({ state }) => state === 'pending').length;
  print(pending === 0 ? 'Up to date.' : `${pending} pending. Apply with: mosis db migrate`);
}

function printRestorePoints(json: boolean): void {
  const points = coreRestorePoints(readProcessSettings()).list();
  if (json) return print(JSON.stringify(points, null, 2));
  for (const { name, made_at, migration, size_bytes } of points)
    print(`${name}  made ${made_at}, ${migration ?? 'no migration'}, ${formatBytes(size_bytes)}`);
  print(
    points.length === 0
      ? 'There are none: a migration of a core.db with tables makes one.'
      : 'Go back to one, with the server stopped: mosis db restore-point use <name>',
  );
}

function putBack(settings: Settings, name: string): void {
  const { used, kept, damaged } = useRestorePoint(coreRestorePoints(settings), name, new Date());
  print(`core.db is as it was at ${used.made_at}, its newest migration ${used.migration ?? 'none'}.`);
  if (kept) print(`What was there is the restore point ${kept}.`);
  if (damaged) print(`What was there could not be read; it lies in ${damaged}.`);
  const pending = readMigrationStatus(settings).filter(
    ({ database, state }) => database === 'core.db' && state === 'pending',
  );
  if (pending.length > 0)
    print(
      `A start of this version applies ${pending.map((status) => status.name).join(', ')} again. To stay at this point, start the version that has been there before.`,
    );
}

async function asOwner(command: string, work: (settings: Settings) => void): Promise<void> {
  const settings = readProcessSettings();
  assertNoUnfinishedRestore(settings.dataDir);
  const lock = DataDirLock.acquire(settings.dataDir, command);
  try {
    assertNotRootOnDataOfOthers(coreDatabasePath(settings.dataDir));
    await endOrphanedBackup(settings, createCommandLogger());
    work(settings);
  } finally {
    lock.release();
  }
}

function summarize(outcomes: readonly MigrationOutcome[], nothing: string, did: string): string {
  return outcomes.length === 0 ? nothing : `${did} ${outcomes.length} migration(s).`;
}

function printProgress(step: MigrationProgress): void {
  print(describeMigrationProgress(step));
}

function parseSteps(value: string): number {
  const steps = Number(value);
  if (!Number.isInteger(steps) || steps < 1) throw new Error(`--steps takes a whole number from 1: ${value}`);
  return steps;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
