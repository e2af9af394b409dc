/** The thread that answers queries: one read-only connection, one query at a time, no transaction between them. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RawConnection } from '@mosis/sqlite/connection';
import { openTelemetryReader } from '../storage/telemetry-file.js';
import type { ReaderAnswer, ReaderTask } from './reader-messages.js';
import { runQuery } from './run-query.js';
import { QueryError } from './types.js';

const { dataDir } = workerData as { dataDir: string };
let connection: RawConnection | undefined;

parentPort?.on('message', (task: ReaderTask) => parentPort?.postMessage(answerTo(task)));

function answerTo({ name, query, context }: ReaderTask): ReaderAnswer {
  try {
    // Opened here, so that a file that cannot be opened is an answer too.
    connection ??= openTelemetryReader(dataDir);
    return { answer: runQuery(connection, name, query, context) };
  } catch (error) {
    if (error instanceof QueryError) return { refused: { code: error.code, message: error.message } };
    return { failed: String((error as Error).stack ?? error) };
  }
}
