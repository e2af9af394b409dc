import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { coreDatabasePath, readCoreMigrations } from '@mosis/db';
import { DataDirLock, Migrator, openReader, type MigrationOutcome } from '@mosis/sqlite';
import { readProcessSettings, type Settings } from '../../config/settings.js';
import { withMigrator } from '../open-parts.js';

const collect = (value: string, list: string[]) => [...list, value];

/** `mosis db migrate|rollback|status`. */
export function addDbCommand(program: Command): void {
  const db = program.command('db').description('migrations of core.db');
  db.command('migrate')
    .description('apply what is pending; each migration is one transaction and keeps every row')
    .option('--allow-loss <table[.column]>', 'let a migration lose this; may be given more than once', collect, [])
    .action((options: { allowLoss: string[] }) =>
      asOwner('mosis db migrate', (settings) => {
        const outcomes = withMigrator(settings, (migrator) =>
          migrator.up({ allowLoss: options.allowLoss, onProgress: printOutcome }),
        );
        print(
          outcomes.length === 0
            ? 'Nothing to do: every migration is applied.'
            : `Applied ${outcomes.length} migration(s).`,
        );
      }),
    );
  db.command('rollback')
    .description('take the last migration back; refused when that would lose rows')
    .option('--steps <n>', 'how many', parseSteps, 1)
    .option('--allow-loss <table[.column]>', 'let it lose this; may be given more than once', collect, [])
    .action((options: { steps: number; allowLoss: string[] }) =>
      asOwner('mosis db rollback', (settings) => {
        const outcomes = withMigrator(settings, (migrator) =>
          migrator.down(options.steps, { allowLoss: options.allowLoss, onProgress: printOutcome }),
        );
        print(
          outcomes.length === 0
            ? 'Nothing to do: no migration is applied.'
            : `Took ${outcomes.length} migration(s) back.`,
        );
      }),
    );
  db.command('status')
    .description('which migrations are applied')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      const statuses = readStatus(readProcessSettings());
      if (options.json) return print(JSON.stringify(statuses, null, 2));
      for (const { name, state, applied_at } of statuses)
        print(`${state.padEnd(8)} ${name}${applied_at ? `  (${applied_at})` : ''}`);
      const pending = statuses.filter(({ state }) => state === 'pending').length;
      print(pending === 0 ? 'Up to date.' : `${pending} pending. Apply with: mosis db migrate`);
    });
}

/** Reads without a lock, beside a running server. */
function readStatus(settings: Settings) {
  const file = coreDatabasePath(settings.dataDir);
  if (!existsSync(file))
    return readCoreMigrations().map(({ name }) => ({ name, state: 'pending' as const, applied_at: null }));
  const connection = openReader(file);
  try {
    return new Migrator(connection, readCoreMigrations()).status();
  } finally {
    connection.close();
  }
}

function asOwner(command: string, work: (settings: Settings) => void): void {
  const settings = readProcessSettings();
  const lock = DataDirLock.acquire(settings.dataDir, command);
  try {
    work(settings);
  } finally {
    lock.release();
  }
}

function printOutcome({ name, direction, durationMs }: MigrationOutcome): void {
  print(`${direction === 'up' ? 'applied' : 'took back'} ${name} in ${Math.round(durationMs)} ms`);
}

function parseSteps(value: string): number {
  const steps = Number(value);
  if (!Number.isInteger(steps) || steps < 1) throw new Error(`--steps takes a whole number from 1: ${value}`);
  return steps;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
