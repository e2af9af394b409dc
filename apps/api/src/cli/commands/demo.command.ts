import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { describeSummary } from '../../demo/demo-report.js';
import { Progress } from '../progress.js';
import { OWN_CATALOGUE } from '../own-catalogue.js';

/** `mosis demo load [FILE]`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('a store with something in it')
    .command('load')
    .argument(
      '[file]',
      'a catalogue, one app a line as JSON (.ndjson or .ndjson.gz); without it the small one that comes with the project',
    )
    .description(
      'replay a catalogue through registration, signed uploads, review and publication; goes on where an earlier load stopped',
    )
    .option('--versions <n>', 'versions per app, the newest ones', parseCount, 1)
    .option('--limit <n>', 'stop after this many apps', parseCount)
    .option('--json', 'print the summary as JSON')
    .action(async (file: string | undefined, options: { versions: number; limit?: number; json?: boolean }) => {
      const path = file === undefined ? OWN_CATALOGUE : resolve(file);
      if (!existsSync(path)) throw new Error(`There is no file ${path}.`);
      const { runAsOwner } = await import('../run-as-owner.js');
      const progress = new Progress('apps');
      try {
        const summary = await runAsOwner(
          'demo.load',
          { file: path, versions: options.versions, limit: options.limit },
          progress.update,
        );
        progress.stop();
        process.stdout.write(`${options.json ? JSON.stringify(summary, null, 2) : describeSummary(summary)}\n`);
      } finally {
        progress.stop();
      }
    });
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new Error(`A whole number from 1 is wanted, not ${value}.`);
  return count;
}
