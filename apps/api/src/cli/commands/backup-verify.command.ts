import type { Command } from 'commander';
import { coreDatabasePath } from '@mosis/db';
import { openReader } from '@mosis/sqlite';
import type { BackupDrillResource } from '../../backups/backup-drill.schemas.js';
import { formatDuration } from '../../common/format.js';
import { Progress } from '../progress.js';

/** `mosis backup verify`. */
export function addBackupVerifyCommand(backup: Command): void {
  backup
    .command('verify')
    .description('restore both databases into a scratch folder and prove what comes back (also done nightly)')
    .option('--all', 'hash every copy of an object, and count all telemetry anew, not only a share')
    .option('--json', 'as JSON')
    .action(async (options: { all?: boolean; json?: boolean }) => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const progress = new Progress('checks');
      const report = await runAsOwner('backup.verify', { all: options.all ?? false }, progress.update);
      progress.stop();
      process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : describeDrill(report)}\n`);
      if (report.state !== 'passed') process.exitCode = 1;
    });
}

/** How the last verification ended, read beside a running server. */
export function readLastDrill(dataDir: string): BackupDrillResource | undefined {
  try {
    const db = openReader(coreDatabasePath(dataDir));
    try {
      const report = db
        .prepare("SELECT report FROM backup_drills WHERE state != 'running' ORDER BY started_at DESC LIMIT 1")
        .pluck()
        .get() as string | undefined;
      return report === undefined ? undefined : (JSON.parse(report) as BackupDrillResource);
    } finally {
      db.close();
    }
  } catch {
    // No database yet, or one of a release before there were verifications.
    return undefined;
  }
}

/** The same in a line. */
export function describeLastDrill(drill: BackupDrillResource | undefined, now: Date): string {
  if (!drill) return 'Never verified. Say: mosis backup verify';
  const hours = Math.round((now.getTime() - Date.parse(drill.finished_at)) / 3_600_000);
  const how = drill.state === 'passed' ? 'proven' : `NOT PROVEN: ${drill.failures[0] ?? ''}`;
  return `Last verified ${hours} hours ago, in ${formatDuration(drill.duration_seconds * 1000)}: ${how}`;
}

function describeDrill(report: BackupDrillResource): string {
  const seconds = (value: number | null) => (value === null ? 'not measured' : formatDuration(value * 1000));
  return [
    ...report.checks.map(({ name, detail }) => `${name.padEnd(12)} ${detail}`),
    ...report.failures.map((failure) => `! ${failure}`),
    `${report.state === 'passed' ? 'The backups are proven' : 'THE BACKUPS ARE NOT PROVEN'}, in ${seconds(report.duration_seconds)}.`,
    `A write is safe after ${seconds(report.rpo_seconds)}; a restore answers after ${seconds(report.rto_seconds)}.`,
  ].join('\n');
}
