/** The thread that puts objects into directories: calls of the file system, one after the other, and digests. */
import { parentPort } from 'node:worker_threads';
import { ObjectStoreError, createObjectStore, type ObjectStore, type PutFileResult } from '@mosis/object-store';
import type { FromObjectWriter, ObjectPut, ToObjectWriter } from './object-writer-thread.js';

const stores = new Map<string, ObjectStore>();

parentPort?.on('message', ({ id, put }: ToObjectWriter) => {
  store(put).then(
    (result) => answer({ id, result }),
    (error: Error & { code?: string }) => {
      const { code, message, stack } = error;
      if (error instanceof ObjectStoreError)
        answer({ id, refused: { code: error.code, message, retryable: error.retryable } });
      else answer({ id, failed: { code, message, stack } });
    },
  );
});

async function store(put: ObjectPut): Promise<PutFileResult | undefined> {
  let objects = stores.get(put.url);
  if (!objects) stores.set(put.url, (objects = createObjectStore({ url: put.url })));
  if ('file' in put) return objects.putFile(put.key, put.file, put.options);
  const { buffer, byteOffset, byteLength } = put.bytes;
  await objects.putBytes(put.key, Buffer.from(buffer, byteOffset, byteLength), put.options);
  return undefined;
}

function answer(message: FromObjectWriter): void {
  parentPort?.postMessage(message);
}
