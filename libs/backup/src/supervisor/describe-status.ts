import { databaseFileName } from '../location.js';
import type { BackupProblem, BackupStatus, BackupTrouble, DatabaseBackupStatus } from './status.js';

type Seen = Omit<BackupStatus, 'problems' | 'warnings'> & {
  /** Why there is no Litestream. */
  missing: string | undefined;
};

const WHAT_HAPPENS: Record<Exclude<BackupTrouble['kind'], 'missing'>, (name: string, detail: string) => string> = {
  stopped: (name, detail) => `${name} is not backed up: ${detail}. The log says why.`,
  suspended: (name, detail) => `${name} is not backed up for now: ${detail}. It begins anew by itself.`,
  late: (name, detail) => `The backup of ${name} is behind: ${detail}. Look whether its target can be written to.`,
  unreachable: (name, detail) => `Nobody knows whether the backup of ${name} is whole: ${detail}.`,
  broken: (name, detail) => `${name} cannot be restored from its backup: ${detail}. A new one is being made.`,
};

/** Adds to what was seen what is wrong with it. */
export function describeStatus({ missing, ...seen }: Seen): BackupStatus {
  return { ...seen, problems: findProblems(seen.databases, missing), warnings: findWarnings(seen.sameDevice) };
}

function findProblems(databases: readonly DatabaseBackupStatus[], missing: string | undefined): BackupProblem[] {
  if (missing !== undefined) return [{ code: 'backup-missing', detail: `Nothing is backed up. ${missing}` }];
  return databases.flatMap(describeTrouble);
}

function describeTrouble({ database, trouble }: DatabaseBackupStatus): BackupProblem[] {
  if (!trouble || trouble.kind === 'missing') return [];
  const detail = WHAT_HAPPENS[trouble.kind](databaseFileName(database), trouble.detail);
  return [{ code: `backup-${trouble.kind}`, detail }];
}

function findWarnings(sameDevice: boolean): BackupProblem[] {
  if (!sameDevice) return [];
  const detail =
    'Backups lie on the same device as the data: a broken disk takes both. Set BACKUP_URL to another volume or an S3 bucket.';
  return [{ code: 'backup-same-device', detail }];
}
