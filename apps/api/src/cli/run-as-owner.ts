import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { assertNoUnfinishedRestore } from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { DataDirLock, DataDirLockedError } from '@mosis/sqlite';
import { readProcessSettings } from '../config/settings.js';
import { askServer } from './ask-server.js';
import type { OperationInput, OperationName, OperationResult } from './operations.js';
import type { OperationProgress } from './progress.types.js';

/** What may begin a store. Everything else looks at one: made anew for it, an empty one would have nothing wrong. */
const BEGINNINGS: ReadonlySet<OperationName> = new Set<OperationName>(['admin.create', 'admin.link', 'demo.load']);

/**
 * Runs an operation as the owner of the data directory: here when nobody owns it, through the running server when one
 * does.
 *
 * @throws what the operation throws, DataDirLockedError when the owner takes no commands, or Error when root runs it on data
 *   of another user, or there is no store
 */
export async function runAsOwner<Name extends OperationName>(
  name: Name,
  input: OperationInput<Name>,
  onProgress: (progress: OperationProgress) => void = () => undefined,
): Promise<OperationResult<Name>> {
  const settings = readProcessSettings();
  assertNoUnfinishedRestore(settings.dataDir);
  if (!BEGINNINGS.has(name)) assertStore(settings.dataDir);
  let lock: DataDirLock;
  try {
    lock = DataDirLock.acquire(settings.dataDir, `mosis ${name}`);
  } catch (error) {
    if (error instanceof DataDirLockedError && error.holder?.control_socket) {
      return askServer(error.holder.control_socket, name, input, onProgress);
    }
    throw error;
  }
  try {
    // Only here: a command that a server carries out has no use for the whole application.
    const { runOnApplication } = await import('./run-on-application.js');
    return await runOnApplication(settings, name, input, onProgress);
  } finally {
    lock.release();
  }
}

function assertStore(dataDir: string): void {
  if (existsSync(coreDatabasePath(dataDir))) return;
  throw new Error(
    `There is no store in ${resolve(dataDir)}: it has no core.db. Set DATA_DIR to the folder of a store; mosis serve begins a new one.`,
  );
}
