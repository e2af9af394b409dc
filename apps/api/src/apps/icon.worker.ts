/** The thread that re-encodes icons: a thousand pixels a side are a tenth of a second of inflating, filtering and deflating. */
import { parentPort } from 'node:worker_threads';
import { PackageError, reencodePng } from '@mosis/package';
import type { FromIconThread } from './icon-encoder.js';

parentPort?.on('message', (image: Uint8Array) => {
  reencodePng(Buffer.from(image.buffer, image.byteOffset, image.byteLength)).then(
    (icon) => answer({ icon }),
    (error: unknown) => {
      if (error instanceof PackageError) answer({ refused: { code: error.code, detail: error.detail } });
      else answer({ failed: String((error as Error).stack ?? error) });
    },
  );
});

function answer(message: FromIconThread): void {
  parentPort?.postMessage(message);
}
