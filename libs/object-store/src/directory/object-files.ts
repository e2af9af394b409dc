import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hashFile, type ContentDigest } from '../digest.js';
import { ObjectNotFoundError } from '../errors.js';
import { fileErrorCode, isMissing } from './file-errors.js';
import { lstatIfPresent } from './lstat.js';
import { linkRefused } from './object-paths.js';

/** Opens the file of an object for reading; a folder, a pipe or nothing at all is not found, a link is refused. */
export async function openObjectFile(key: string, path: string): Promise<{ file: FileHandle; stats: Stats }> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) throw new ObjectNotFoundError(key, { cause: error });
    if (fileErrorCode(error) === 'ELOOP') throw linkRefused(key);
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ObjectNotFoundError(key);
    return { file, stats };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Runs `use` on an object's open file and closes it. */
export async function withObjectFile<T>(
  key: string,
  path: string,
  use: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<T> {
  const { file, stats } = await openObjectFile(key, path);
  try {
    return await use(file, stats);
  } finally {
    await file.close();
  }
}

/** What stands under an object's name, compared with the bytes it should hold. */
export type Comparison = 'absent' | 'same' | 'different' | 'folder';

/**
 * Compares by reading, because a name proves nothing: a machine that lost power before a sync can leave a file of the
 * right name and size full of zeroes. A file found to be the same is synced, as whoever wrote it may not have come to it.
 */
export async function compareAndSync(key: string, path: string, expected: ContentDigest): Promise<Comparison> {
  const found = await lstatIfPresent(path);
  if (found === undefined) return 'absent';
  if (found.isDirectory()) return 'folder';
  if (!found.isFile() || found.size !== expected.sizeBytes) return 'different';
  try {
    return await withObjectFile(key, path, async (file) => {
      const actual = await hashFile(file);
      if (actual.sha256 !== expected.sha256) return 'different';
      await file.sync();
      return 'same';
    });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return 'absent';
    throw error;
  }
}
