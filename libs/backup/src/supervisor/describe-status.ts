import { databaseFileName } from '../location.js';
import type { BackupProblem, BackupStatus, BackupTrouble, DatabaseBackupStatus } from './status.js';

type Seen = Omit<BackupStatus, 'problems' | 'warnings'>;

const WHAT_HAPPENS: Record<Exclude<BackupTrouble['kind'], 'missing'>, (name: string, detail: string) => string> = {
  stopped: (name, detail) => `${name} is not backed up: ${detail}. The log says why.`,
  suspended: (name, detail) => `${name} is not backed up for now: ${detail}. It begins anew by itself.`,
  late: (name, detail) => `The backup of ${name} is behind: ${detail}. Look whether its target can be written to.`,
  unreachable: (name, detail) => `Nobody knows whether the backup of ${name} is whole: ${detail}.`,
  broken: (name, detail) => `${name} cannot be restored from its backup: ${detail}. A new one is being made.`,
};

/** Adds to what was seen what is wrong with it. */
export function describeStatus(seen: Seen): BackupStatus {
  return { ...seen, problems: findProblems(seen), warnings: findWarnings(seen) };
}

function findProblems({ available, litestreamVersion, databases }: Seen): BackupProblem[] {
  if (!available) {
    const platform = `${process.platform}-${process.arch}`;
    const detail = `Nothing is backed up: there is no Litestream for ${platform}. Install ${litestreamVersion} and set LITESTREAM_PATH.`;
    return [{ code: 'backup-missing', detail }];
  }
  return databases.flatMap(describeTrouble);
}

function describeTrouble({ database, trouble }: DatabaseBackupStatus): BackupProblem[] {
  if (!trouble || trouble.kind === 'missing') return [];
  const detail = WHAT_HAPPENS[trouble.kind](databaseFileName(database), trouble.detail);
  return [{ code: `backup-${trouble.kind}`, detail }];
}

function findWarnings({ sameDevice }: Seen): BackupProblem[] {
  if (!sameDevice) return [];
  const detail =
    'Backups lie on the same device as the data: a broken disk takes both. Set BACKUP_URL to another volume or an S3 bucket.';
  return [{ code: 'backup-same-device', detail }];
}
