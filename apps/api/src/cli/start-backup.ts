import {
  endOrphans,
  findLitestream,
  LitestreamSupervisor,
  locateLitestreamConfig,
  type BackupLog,
} from '@mosis/backup';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';

/** An orphan ships what it has before it ends; one that cannot is killed. */
const ORPHAN_PATIENCE_MS = 5_000;

/**
 * Starts Litestream for the databases of the data directory: before any connection may write. The caller holds the lock,
 * and stops it after every connection is closed.
 *
 * @throws OrphanError when a Litestream that a killed server left cannot be ended
 */
export async function startBackup({ dataDir, backup }: Settings, logger: Logger): Promise<LitestreamSupervisor> {
  return LitestreamSupervisor.start({
    dataDir,
    location: backup.location,
    retentionDays: backup.retentionDays,
    ...(backup.litestreamPath === undefined ? {} : { binary: backup.litestreamPath }),
    log: logOf(logger),
  });
}

/** Ends a Litestream that a killed server left, for a command that changes the files without one. @throws OrphanError */
export async function endOrphanedBackup({ dataDir }: Settings, logger: Logger): Promise<void> {
  await endOrphans(await locateLitestreamConfig(dataDir), ORPHAN_PATIENCE_MS, logOf(logger));
}

/**
 * Whether the WAL must be left alone. A command that writes and closes without Litestream leaves it where it is: the next
 * Litestream goes on from there, where a WAL that was folded in would cost it a new snapshot.
 */
export function leavesWalToLitestream({ backup }: Settings): boolean {
  return findLitestream(backup.litestreamPath) !== undefined;
}

function logOf(logger: Logger): BackupLog {
  const scoped = logger.child({ scope: 'backup' });
  return {
    info: (fields, message) => scoped.info(fields, message),
    warn: (fields, message) => scoped.warn(fields, message),
    error: (fields, message) => scoped.error(fields, message),
  };
}
