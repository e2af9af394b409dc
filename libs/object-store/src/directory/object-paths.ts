import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { ObjectStoreError } from '../errors.js';
import { assertObjectKey } from '../keys.js';
import { lstatIfPresent } from './lstat.js';

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
    for (const path of this.#levels(this.folders(key))) {
      const found = await lstatIfPresent(path);
      if (found === undefined) break;
      if (found.isSymbolicLink()) throw linkRefused(key);
    }
    return join(this.root, key);
  }

  /** Like `resolve`, without waiting, and for a reader that will open the path by itself: a linked file is refused too. */
  resolveSync(key: string): string {
    assertObjectKey(key);
    for (const path of this.#levels(key.split('/'))) {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined) break;
      if (found.isSymbolicLink()) throw linkRefused(key);
    }
    return join(this.root, key);
  }

  /** Every path on the way down from the root, which itself may be a link: where the data is, is the operator's choice. */
  #levels(segments: readonly string[]): string[] {
    return segments.map((_, index) => join(this.root, ...segments.slice(0, index + 1)));
  }
}

/** The error for a symbolic link where an object or a folder of objects must be. */
export function linkRefused(key: string): ObjectStoreError {
  return new ObjectStoreError(
    'object-store-denied',
    `"${key}" is, or lies behind, a symbolic link inside the object directory; replace it with real files.`,
  );
}
