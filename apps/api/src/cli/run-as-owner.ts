import { assertNoUnfinishedRestore } from '@mosis/backup';
import { DataDirLock, DataDirLockedError } from '@mosis/sqlite';
import { readProcessSettings } from '../config/settings.js';
import { askServer } from './ask-server.js';
import type { OperationInput, OperationName, OperationResult } from './operations.js';
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
  try {
    // Only here: a command that a server carries out has no use for the whole application.
    const { runOnApplication } = await import('./run-on-application.js');
    return await runOnApplication(settings, name, input, onProgress);
  } finally {
    lock.release();
  }
}
