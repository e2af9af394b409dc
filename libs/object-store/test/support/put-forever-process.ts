import { randomBytes, createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createObjectStore, packageKey } from '../../src/index.js';

/** Puts one new object after the other and reports each when it is acknowledged, until it is killed. */
const { url, scratch, sizeBytes, consume } = JSON.parse(process.argv[2] ?? '{}') as {
  url: string;
  scratch: string;
  sizeBytes: number;
  consume: boolean;
};

const store = createObjectStore({ url });
const block = randomBytes(sizeBytes);
for (let index = 0; ; index += 1) {
  block.writeUInt32LE(index);
  const sha256 = createHash('sha256').update(block).digest('hex');
  const path = join(scratch, `source-${index}`);
  await writeFile(path, block);
  await store.putFile(packageKey(sha256), path, { sha256, consume });
  process.send?.({ stored: sha256 });
}
