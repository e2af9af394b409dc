import { realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ObjectStoreError } from '../errors.js';
import { assertObjectKey } from '../keys.js';
import { isMissing } from './file-errors.js';

/** Where keys are in a directory, and the guard against links that lead out of it. */
export class ObjectPaths {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The folders above a key's file, below the root. */
  folders(key: string): string[] {
    assertObjectKey(key);
    return key.split('/').slice(0, -1);
  }

  /** The file of a key, when no folder above it is a symbolic link; whoever opens it must not follow a link either. */
  async resolve(key: string): Promise<string> {
    const folders = this.folders(key);
    try {
      const [root, folder] = await Promise.all([realpath(this.root), realpath(join(this.root, ...folders))]);
      if (folder !== join(root, ...folders)) throw linkRefused(key);
    } catch (error) {
      // What does not exist cannot lead anywhere; opening it will say that it is missing.
      if (!isMissing(error)) throw error;
    }
    return join(this.root, key);
  }

  /** Like `resolve`, without waiting, and for a reader that will open the path by itself: a linked file is refused too. */
  resolveSync(key: string): string {
    assertObjectKey(key);
    const path = join(this.root, key);
    try {
      if (realpathSync(path) !== join(realpathSync(this.root), key)) throw linkRefused(key);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return path;
  }
}

/** The error for a symbolic link where an object or a folder of objects must be. */
export function linkRefused(key: string): ObjectStoreError {
  return new ObjectStoreError(
    'object-store-denied',
    `"${key}" is, or lies behind, a symbolic link inside the object directory; replace it with real files.`,
  );
}
