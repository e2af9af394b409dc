import type { MigrationProgress } from '@mosis/sqlite';
import { formatBytes, formatCount, formatDuration } from '../common/format.js';

/** A step of a migration in one line, for the terminal and the log. */
export function describeMigrationProgress(step: MigrationProgress): string {
  const done = step.durationMs !== undefined;
  return `${step.database}: ${done ? describeDone(step) : describeStart(step)}`;
}

/** The same as fields of a log line. */
export function logFieldsOf(step: MigrationProgress): Record<string, unknown> {
  return {
    'migration.database': step.database,
    'migration.phase': step.phase,
    ...(step.migration === undefined ? {} : { 'migration.name': step.migration }),
    ...(step.rows === undefined ? {} : { 'migration.rows': step.rows }),
    ...(step.bytes === undefined ? {} : { 'migration.bytes': step.bytes }),
    ...(step.restorePoint === undefined ? {} : { 'migration.restore_point': step.restorePoint }),
    ...(step.durationMs === undefined ? {} : { 'migration.duration_ms': Math.round(step.durationMs) }),
  };
}

function describeStart({ phase, migration, direction, rows = 0, bytes }: MigrationProgress): string {
  const size = bytes === undefined ? '' : ` (${formatBytes(bytes)})`;
  switch (phase) {
    case 'restore-point':
      return `keeping a restore point${size} …`;
    case 'copy':
      return `making a copy to rehearse on${size} …`;
    case 'rehearsal':
      return `rehearsing ${wayOf(direction)}${migration} on the copy, ${formatCount(rows)} rows …`;
    case 'apply':
      return `${direction === 'up' ? 'applying' : 'taking back'} ${migration}, ${formatCount(rows)} rows …`;
  }
}

function describeDone(step: MigrationProgress): string {
  const { phase, migration, direction, restorePoint, bytes = 0, durationMs = 0 } = step;
  const time = formatDuration(durationMs);
  switch (phase) {
    case 'restore-point':
      return `restore point ${restorePoint} kept, ${formatBytes(bytes)} in ${time}${perSecond(bytes, durationMs, formatBytes)}`;
    case 'copy':
      return `copy made, ${formatBytes(bytes)} in ${time}`;
    case 'rehearsal':
      return `rehearsed ${wayOf(direction)}${migration} in ${time}${rowsPerSecond(step)}`;
    case 'apply':
      return `${direction === 'up' ? 'applied' : 'took back'} ${migration} in ${time}${rowsPerSecond(step)}`;
  }
}

function wayOf(direction: MigrationProgress['direction']): string {
  return direction === 'up' ? '' : 'the way back of ';
}

function rowsPerSecond({ rows = 0, durationMs = 0 }: MigrationProgress): string {
  return perSecond(rows, durationMs, (count) => `${formatCount(count)} rows`);
}

/** A rate says something only of what takes a while. */
function perSecond(amount: number, durationMs: number, format: (amount: number) => string): string {
  return durationMs < 100 || amount === 0 ? '' : ` (${format(Math.round((amount / durationMs) * 1000))}/s)`;
}
