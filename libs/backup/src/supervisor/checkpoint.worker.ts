/** Folds a WAL into its file, in a thread of its own: half a gigabyte takes seconds. */
import { parentPort, workerData } from 'node:worker_threads';
import { openWriter } from '@mosis/sqlite/connection';

const connection = openWriter(workerData as string, { autoCheckpoint: false });
try {
  // First beside everybody else, then what is left with writers waiting, which is little by then.
  connection.pragma('wal_checkpoint(PASSIVE)');
  const [result] = connection.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  parentPort?.postMessage({ busy: result?.busy === 1 });
} finally {
  connection.close();
}
