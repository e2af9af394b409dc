/** The thread that verifies uploads: parsing, inflating, hashing and scanning stay off the thread that answers HTTP. */
import { parentPort } from 'node:worker_threads';
import { PackageError, verifyPackage, type PackageLimits } from '@mosis/package';

interface Task {
  file: string;
  keys: { id: string; publicKey: Uint8Array }[];
  limits: Partial<PackageLimits>;
}

parentPort?.on('message', (task: Task) => {
  verifyPackage(task.file, {
    keys: task.keys.map(({ id, publicKey }) => ({ id, publicKey: Buffer.from(publicKey) })),
    limits: task.limits,
  }).then(
    (verified) => parentPort?.postMessage({ verified }),
    (error: unknown) => {
      if (error instanceof PackageError) {
        const { code, detail, path, evidence, secrets } = error;
        parentPort?.postMessage({ refused: { code, detail, path, evidence, secrets } });
      } else {
        parentPort?.postMessage({ failed: String((error as Error).stack ?? error) });
      }
    },
  );
});
