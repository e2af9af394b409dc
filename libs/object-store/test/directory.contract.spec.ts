import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DirectoryObjectStore } from '../src/directory/directory-object-store.js';
import { createObjectStore } from '../src/index.js';
import { describeObjectStoreContract, type StoreUnderTest } from './support/contract.js';
import { createScratch } from './support/files.js';

async function open(create: (root: string) => StoreUnderTest['store']): Promise<StoreUnderTest> {
  const scratch = await createScratch();
  const root = join(scratch.path, 'data', 'objects');
  return {
    store: create(root),
    plant: async (key, bytes) => {
      await mkdir(dirname(join(root, key)), { recursive: true });
      await writeFile(join(root, key), bytes);
    },
    dispose: scratch.remove,
  };
}

describeObjectStoreContract('directory', async () =>
  open((root) => createObjectStore({ url: pathToFileURL(root).href })),
);

describeObjectStoreContract('directory on a file system without hard links', async () =>
  open(
    (root) =>
      new DirectoryObjectStore(root, {
        link: async () => Promise.reject(Object.assign(new Error('link'), { code: 'ENOTSUP' })),
      }),
  ),
);
