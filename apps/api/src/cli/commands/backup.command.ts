import type { Command } from 'commander';
import { inspectBackups } from '@mosis/backup';
import { findLockHolder } from '@mosis/sqlite';
import type { BackupReport } from '../../backups/backups.service.js';
import { formatBytes } from '../../common/format.js';
import { readProcessSettings, type Settings } from '../../config/settings.js';
import { askServer } from '../ask-server.js';
import { addBackupVerifyCommand, describeLastDrill, readLastDrill } from './backup-verify.command.js';

/** `mosis backup status|verify`. */
export function addBackupCommand(program: Command): void {
  const backup = program.command('backup').description('continuous backups of core.db and telemetry.db');
  backup
    .command('status')
    .description('whether both databases can be restored, and what is missing on the replica (exit code 1 when not)')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const settings = readProcessSettings();
      const report = await readStatus(settings);
      const lastDrill = readLastDrill(settings.dataDir);
      if (options.json) print(JSON.stringify({ ...report, last_drill: lastDrill ?? null }, null, 2));
      else for (const line of [...describeReport(report), '', describeLastDrill(lastDrill, new Date())]) print(line);
      if (report.problems.length > 0 || report.databases.some(({ healthy }) => healthy !== true)) process.exitCode = 1;
    });
  addBackupVerifyCommand(backup);
}

/** The running server knows what is on its way; without one, the files and the replica tell. Neither is changed. */
async function readStatus({ dataDir, backup }: Settings): Promise<BackupReport> {
  const socket = findLockHolder(dataDir)?.control_socket;
  const answered = socket === undefined ? null : await askServer(socket, 'backup.status', {}, () => undefined);
  if (answered) return answered;
  const { reportBackup } = await import('../../backups/backups.service.js');
  const binary = backup.litestreamPath;
  return reportBackup(
    await inspectBackups({ dataDir, location: backup.location, ...(binary === undefined ? {} : { binary }) }),
  );
}

function describeReport(report: BackupReport): string[] {
  return [
    `Backups in ${report.location}, by Litestream ${report.litestream_version}`,
    ...report.databases.flatMap((database) => [
      '',
      `${database.database}.db`.padEnd(14) + describeHealth(database),
      ...describeFigures(database).map(([name, value]) => `  ${name.padEnd(20)}${value}`),
    ]),
    ...[...report.problems, ...report.warnings].flatMap(({ code, detail }) => ['', `${code}: ${detail}`]),
  ];
}

type Database = BackupReport['databases'][number];

function describeHealth({ healthy, trouble, state, snapshotting }: Database): string {
  if (healthy === null) return snapshotting ? 'the first snapshot is being written' : 'not known yet';
  return healthy
    ? `healthy, ${state === 'idle' ? 'no server runs' : state}`
    : `NOT HEALTHY: ${trouble?.detail ?? state}`;
}

function describeFigures(database: Database): [string, string][] {
  return [
    ['restorable since', database.restorable_since ?? 'never'],
    ['not yet copied', `${formatBytes(database.lag_bytes)}, oldest ${database.lag_seconds} s`],
    ['on the replica', `${database.snapshots} snapshots, ${database.segments} segments`],
    ['generation', database.generation ?? 'none'],
    ['WAL here', `${formatBytes(database.wal_bytes)}, its copy ${formatBytes(database.shadow_bytes)}`],
  ];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
