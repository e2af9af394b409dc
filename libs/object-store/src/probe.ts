import { randomUUID } from 'node:crypto';
import { ObjectStoreError } from './errors.js';
import type { ObjectStore } from './object-store.js';

/** Does once what a running server does all day, on an object of its own, so that a wrong setting shows at start. */
export async function probeObjectStore(store: ObjectStore): Promise<void> {
  const key = `probes/${randomUUID()}`;
  const bytes = Buffer.from(`probe ${key}\n`);
  // First, because S3 explains a refusal only where the answer has a body, and a write begins with a HEAD.
  for await (const _ of store.list(key));
  await store.putBytes(key, bytes);
  try {
    const read = await store.readBytes(key, bytes.length);
    if (!read.equals(bytes)) throw unreliable(store, 'answered other bytes than were just written');
    let listed = false;
    for await (const object of store.list(key)) listed ||= object.key === key;
    if (!listed) throw unreliable(store, 'does not list an object that was just written');
  } finally {
    await store.delete(key);
  }
  if ((await store.stat(key)) !== undefined) throw unreliable(store, 'still has an object that was just deleted');
}

function unreliable(store: ObjectStore, problem: string): ObjectStoreError {
  return new ObjectStoreError(
    'object-store-unavailable',
    `The object store (${store.describe()}) ${problem}. It must be consistent after each write; use another one.`,
  );
}
