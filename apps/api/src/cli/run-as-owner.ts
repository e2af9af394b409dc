import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { assertNoUnfinishedRestore, type LitestreamSupervisor } from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { DataDirLock, DataDirLockedError } from '@mosis/sqlite';
import { AppModule, type Parts } from '../app.module.js';
import { assertNotRootOnDataOfOthers } from '../common/ownership.js';
import { readProcessSettings } from '../config/settings.js';
import { NestLogger, createLogger } from '../http/logger.js';
import { JobsService } from '../jobs/jobs.service.js';
import { askServer } from './control-socket.js';
import { migrateAll } from './migrate.js';
import { closeParts, openParts } from './open-parts.js';
import { describeMigrationProgress } from './migration-progress.js';
import { runOperation, type OperationInput, type OperationName, type OperationResult } from './operations.js';
import { startBackup } from './start-backup.js';
import type { OperationProgress } from './progress.types.js';

/**
 * Runs an operation as the owner of the data directory: here when nobody owns it, through the running server when one
 * does.
 *
 * @throws what the operation throws, DataDirLockedError when the owner takes no commands, or Error when root runs it on data
 *   of another user
 */
export async function runAsOwner<Name extends OperationName>(
  name: Name,
  input: OperationInput<Name>,
  onProgress: (progress: OperationProgress) => void = () => undefined,
): Promise<OperationResult<Name>> {
  const settings = readProcessSettings();
  assertNoUnfinishedRestore(settings.dataDir);
  let lock: DataDirLock;
  try {
    lock = DataDirLock.acquire(settings.dataDir, `mosis ${name}`);
  } catch (error) {
    if (error instanceof DataDirLockedError && error.holder?.control_socket) {
      return askServer(error.holder.control_socket, name, input, onProgress);
    }
    throw error;
  }
  const logger = createLogger('error');
  let backup: LitestreamSupervisor | undefined;
  try {
    assertNotRootOnDataOfOthers(coreDatabasePath(settings.dataDir));
    backup = await startBackup(settings, logger);
    migrateAll(settings, {
      onProgress: (step) => process.stderr.write(`${describeMigrationProgress(step)}\n`),
    });
    const parts = await openParts(settings, { logger, backup, mirrored: true });
    const app = await createApplication(parts, logger);
    try {
      const result = await runOperation(app, name, input, onProgress);
      await app.get(JobsService).drain();
      return result;
    } finally {
      await app.close();
    }
  } finally {
    // What a command writes is as precious as what a request does: it is shipped before the command ends.
    await backup?.stop();
    lock.release();
  }
}

/** Puts the application together; when that fails, closes its parts, whose threads would keep the process from ending. */
async function createApplication(parts: Parts, logger: Logger): Promise<INestApplicationContext> {
  try {
    return await NestFactory.createApplicationContext(AppModule.with(parts), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
  } catch (error) {
    await closeParts(parts);
    throw error;
  }
}
