import { createHook } from 'node:async_hooks';

/** How many password hashes are computed while `work` runs: unlike its time, the same on every machine. */
export async function countHashes(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'argon2:HashWorker') count += 1;
    },
  });
  hook.enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return count;
}
