/** The thread that puts objects into a directory: digests, and the many calls of the file system that a durable put is. */
import { parentPort, workerData } from 'node:worker_threads';
import { createObjectStore, type PutFileResult } from '@mosis/object-store';
import type { FromObjectWriter, ObjectPut, ObjectWriterStart, ToObjectWriter } from './object-writer-thread.js';
import { releaseMemory } from '../common/release-memory.js';
import { takeApart } from './sent-error.js';

const objects = createObjectStore(workerData as ObjectWriterStart);

parentPort?.on('message', ({ id, put }: ToObjectWriter) => {
  store(put).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, failed: takeApart(error) }),
  );
});

async function store(put: ObjectPut): Promise<PutFileResult | undefined> {
  if ('file' in put) return objects.putFile(put.key, put.file, put.options);
  try {
    const { buffer, byteOffset, byteLength } = put.bytes;
    await objects.putBytes(put.key, Buffer.from(buffer, byteOffset, byteLength), put.options);
  } finally {
    releaseMemory(put.bytes);
  }
  return undefined;
}

function answer(message: FromObjectWriter): void {
  parentPort?.postMessage(message);
}
