import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isObjectKey } from '../keys.js';
import type { ObjectInfo } from '../object-store.js';
import { isMissing } from './file-errors.js';
import { lstatIfPresent } from './lstat.js';

/**
 * Walks the folders that can hold keys with this prefix, one folder in memory at a time. Links, and names that are no
 * valid keys, are not objects. Ascending order of whole keys, which is how S3 lists.
 */
export async function* listObjects(root: string, prefix: string): AsyncGenerator<ObjectInfo> {
  // From the root, not from the prefix' folder: a link on the way there must not be walked through.
  yield* walk(root, '', prefix);
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  for (const { key, isFolder } of await readEntries(root, folder)) {
    // A folder's key ends in a slash, so it is on the way to the prefix or below it.
    if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) continue;
    if (isFolder) {
      yield* walk(root, key, prefix);
      continue;
    }
    const stats = await lstatIfPresent(join(root, key));
    if (stats?.isFile() === true) yield { key, sizeBytes: stats.size, modifiedAt: stats.mtime };
  }
}

async function readEntries(root: string, folder: string): Promise<{ key: string; isFolder: boolean }[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && isObjectKey(folder + entry.name))
    .map((entry) => ({ key: folder + entry.name + (entry.isDirectory() ? '/' : ''), isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
