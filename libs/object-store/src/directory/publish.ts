import { rename } from 'node:fs/promises';
import { ObjectStoreError } from '../errors.js';
import { findNamedDigest } from '../keys.js';
import type { PutFileResult } from '../object-store.js';
import { syncDirectory, type DurableDirectories } from './durable-directories.js';
import { fileErrorCode } from './file-errors.js';
import { lstatIfPresent } from './lstat.js';
import { compareAndSync } from './object-files.js';
import type { ObjectPaths } from './object-paths.js';
import type { LinkFile, TemporaryFile } from './temporary-files.js';

/** Deletions and other writers can come between two steps; nothing legitimate does so this often in a row. */
const MAX_ATTEMPTS = 10;

/** A file system without hard links (exFAT, some network shares) answers one of these. */
const LINKS_UNSUPPORTED = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP']);

/** Gives finished temporary files their object's name. */
export class Publisher {
  readonly #paths: ObjectPaths;
  readonly #directories: DurableDirectories;
  readonly #link: LinkFile;
  /** One publication after the other, where the file system has no step that creates a name only if it is free. */
  #unlinkedQueue: Promise<void> = Promise.resolve();

  constructor(paths: ObjectPaths, directories: DurableDirectories, link: LinkFile) {
    this.#paths = paths;
    this.#directories = directories;
    this.#link = link;
  }

  /** Makes a synced file the object of this key, durably, under the rules of `ObjectStore.putFile`. */
  async publish(key: string, file: TemporaryFile, replace: boolean): Promise<PutFileResult> {
    const namesContent = findNamedDigest(key) !== undefined;
    const folders = this.#paths.folders(key);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      // The guard comes first: creating folders through a link would already be a step outside.
      const path = await this.#paths.resolve(key);
      const folder = await this.#ensureFolder(key, folders);
      const found = await compareAndSync(key, path, file);
      if (found === 'folder') throw keyBlocked(key);
      if (found === 'different' && !namesContent && !replace) throw objectExists(key);
      const mayReplace = replace || found === 'different';
      if (found !== 'same' && !(await (mayReplace ? renameOver(file.path, path) : this.#createName(file.path, path)))) {
        continue;
      }
      await syncDirectory(folder);
      return { created: found !== 'same', healed: found === 'different' && namesContent };
    }
    throw new ObjectStoreError('object-store-unavailable', `"${key}" keeps changing under this write.`, {
      retryable: true,
    });
  }

  /** Makes sure that the name of an object that is there survives a loss of power. */
  async syncName(key: string): Promise<void> {
    await syncDirectory(await this.#ensureFolder(key, this.#paths.folders(key)));
  }

  async #ensureFolder(key: string, folders: string[]): Promise<string> {
    try {
      return await this.#directories.ensure(folders);
    } catch (error) {
      const code = fileErrorCode(error);
      const isObject =
        (code === 'ENOTDIR' || code === 'EEXIST') && (await lstatIfPresent(this.#paths.root))?.isDirectory();
      throw isObject === true ? keyBlocked(key) : error;
    }
  }

  /** Gives the file a name only if nothing has it: false when something does, or when the folder is gone. */
  async #createName(temporary: string, path: string): Promise<boolean> {
    try {
      await this.#link(temporary, path);
      return true;
    } catch (error) {
      const code = fileErrorCode(error) ?? '';
      if (code === 'EEXIST' || code === 'ENOENT') return false;
      if (!LINKS_UNSUPPORTED.has(code)) throw error;
      return this.#createNameInTurn(temporary, path);
    }
  }

  /** Without hard links: no other put of this process comes between the look and the rename. */
  async #createNameInTurn(temporary: string, path: string): Promise<boolean> {
    const turn = this.#unlinkedQueue.then(async () => {
      if ((await lstatIfPresent(path)) !== undefined) return false;
      return renameOver(temporary, path);
    });
    this.#unlinkedQueue = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}

/** Replaces a name in one step; false when the folder is gone. */
async function renameOver(temporary: string, path: string): Promise<boolean> {
  try {
    await rename(temporary, path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function objectExists(key: string): ObjectStoreError {
  return new ObjectStoreError('object-exists', `"${key}" already holds other bytes, which this call may not replace.`);
}

function keyBlocked(key: string): ObjectStoreError {
  return new ObjectStoreError(
    'object-key-invalid',
    `"${key}" cannot be an object: it is a folder of objects, or an object stands where its folder must be.`,
  );
}
