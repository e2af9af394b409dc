import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '@mosis/sqlite/connection';

/**
 * Folds the WAL of a database into its file and cuts it to nothing, unless a reader stands in the way. The caller's own
 * connections stay open and may be used meanwhile.
 *
 * @throws what SQLite says, such as a full disk
 */
export async function checkpoint(file: string): Promise<{ busy: boolean }> {
  const worker = new Worker(compiledModulePath(import.meta.url, './checkpoint.worker.js'), { workerData: file });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The checkpoint ended without an answer.')));
  });
}
