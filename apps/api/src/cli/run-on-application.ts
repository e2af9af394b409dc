import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import type { LitestreamSupervisor } from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { AppModule, type Parts } from '../app.module.js';
import { assertNotRootOnDataOfOthers } from '../common/ownership.js';
import type { Settings } from '../config/settings.js';
import { NestLogger, createCommandLogger } from '../http/logger.js';
import { JobsService } from '../jobs/jobs.service.js';
import { migrateAll } from './migrate.js';
import { closeParts, openParts } from './open-parts.js';
import { describeMigrationProgress } from './migration-progress.js';
import { runOperation, type OperationInput, type OperationName, type OperationResult } from './operations.js';
import { startBackup } from './start-backup.js';
import type { OperationProgress } from './progress.types.js';

/** Migrates, puts the application together without HTTP, and runs an operation on it; the caller holds the lock. */
export async function runOnApplication<Name extends OperationName>(
  settings: Settings,
  name: Name,
  input: OperationInput<Name>,
  onProgress: (progress: OperationProgress) => void,
): Promise<OperationResult<Name>> {
  const logger = createCommandLogger();
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
