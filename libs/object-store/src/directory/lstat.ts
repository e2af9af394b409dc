import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { isMissing } from './file-errors.js';

/** The entry of a path itself, also when it is a link. */
export async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
