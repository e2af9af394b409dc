import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  BackupDamagedError,
  databaseFileName,
  restoreDatabase,
  type PlannedRestore,
  type RestoreDirectory,
} from '@mosis/backup';
import type { ChainEnd } from '../audit/audit-chain.js';
import { AUDIT_HEAD_FILE, AuditHead } from '../audit/audit-head.js';
import type { Settings } from '../config/settings.js';
import { walkRestoredChain } from './check-core.js';
import { RestoredCoreRepository } from './restored-core.repository.js';
import type { NewestCore, RestoredAudit } from './restore.types.js';

/** The newest core.db that there is beside the one that came back, and of which moment it is. */
export type Newest = NewestCore & { moment: string | null };

/** Restores the newest core.db to the scratch folder; when it is damaged, says what is not known for that. */
export async function restoreNewestCore(
  directory: RestoreDirectory,
  { history }: PlannedRestore,
  { settings, signal }: { settings: Settings; signal?: AbortSignal | undefined },
): Promise<{ newest: Newest; warning?: string }> {
  const { location, litestreamPath } = settings.backup;
  const file = join(directory.scratch, databaseFileName('core'));
  try {
    const options = { location, database: 'core' as const, to: file, history, binary: litestreamPath, signal };
    const moment = await restoreDatabase(options);
    return { newest: { is: 'other', file, moment: moment.at.toISOString() } };
  } catch (error) {
    if (!(error instanceof BackupDamagedError)) throw error;
    const warning = `The newest core.db cannot be restored (${error.message}), so what was revoked, suspended or decided since is not known, and mails that waited are not sent.`;
    return { newest: { is: 'unknown', moment: null }, warning };
  }
}

/** Where the chain was seen to end: in the newest core.db, or by the head beside the live one. */
export async function findNewestEnd(
  newest: Newest,
  own: ChainEnd,
  dataDir: string,
): Promise<RestoredAudit['newest_known']> {
  let known: RestoredAudit['newest_known'] = null;
  if (newest.is === 'other') {
    const core = RestoredCoreRepository.openForReading(newest.file);
    const { end } = await walkRestoredChain(core, newest.file);
    known = { ...end, seen_in: 'the newest core.db of the backup' };
    core.close();
  }
  const head = existsSync(dataDir) ? await new AuditHead(dataDir).read() : undefined;
  if (head && head.seq > (known?.seq ?? own.seq)) known = { ...head, seen_in: join(dataDir, AUDIT_HEAD_FILE) };
  return known;
}
