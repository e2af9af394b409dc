import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { copyAndHash, hashFile, type ContentDigest } from '../digest.js';
import { ObjectStoreError } from '../errors.js';
import type { DurableDirectories } from './durable-directories.js';
import { fileErrorCode, isMissing } from './file-errors.js';

/** Readable by the owner's group (a backup user, say), never by others. */
const FILE_MODE = 0o640;

/** No valid key starts with a dot, so this folder is never listed and never collides. */
export const TEMPORARY_FOLDER = '.tmp';

/** A hard link that cannot be made this way answers one of these; a copy still works. */
const LINK_IMPOSSIBLE = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP']);

export type LinkFile = (existing: string, created: string) => Promise<void>;

/** A file with an object's bytes that are already on disk, not yet under the object's name. */
export interface TemporaryFile extends ContentDigest {
  path: string;
}

/** The half-written files of one store. */
export class TemporaryFiles {
  readonly #root: string;
  readonly #directories: DurableDirectories;
  readonly #link: LinkFile;
  readonly #inUse = new Set<string>();

  constructor(root: string, directories: DurableDirectories, link: LinkFile) {
    this.#root = root;
    this.#directories = directories;
    this.#link = link;
  }

  /** Writes bytes to a new file and syncs it; `use` may move it away, and whatever is left of it is removed. */
  async withBytes<T>(bytes: Buffer, sha256: string, use: (file: TemporaryFile) => Promise<T>): Promise<T> {
    return this.#withPath(async (path) => {
      await createAndSync(path, async (file) => file.writeFile(bytes));
      return use({ path, sha256, sizeBytes: bytes.length });
    });
  }

  /** Copies a file and syncs the copy. */
  async withCopy<T>(source: string, use: (file: TemporaryFile) => Promise<T>): Promise<T> {
    return this.#withPath(async (path) => use({ path, ...(await copyFile(source, path)) }));
  }

  /** Gives a file a second name here instead of copying it, or copies it where that is impossible. */
  async withLink<T>(source: string, use: (file: TemporaryFile) => Promise<T>): Promise<T> {
    return this.#withPath(async (path) => {
      const adopted = (await this.#adopt(source, path)) ?? (await copyFile(source, path));
      return use({ path, ...adopted });
    });
  }

  /** Removes files that no put of this process uses and that are older than this; answers how many. */
  async sweep(olderThanMs: number, now: Date): Promise<number> {
    const folder = join(this.#root, TEMPORARY_FOLDER);
    let removed = 0;
    for (const name of await readdirIfPresent(folder)) {
      const path = join(folder, name);
      if (this.#inUse.has(path)) continue;
      try {
        const found = await lstat(path);
        // Not the modification time: a file that was linked here keeps the one it had before.
        if (found.isDirectory() || found.ctimeMs > now.getTime() - olderThanMs) continue;
        await unlink(path);
        removed += 1;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    return removed;
  }

  async #withPath<T>(work: (path: string) => Promise<T>): Promise<T> {
    const folder = await this.#directories.ensure([TEMPORARY_FOLDER]);
    const path = join(folder, randomUUID());
    this.#inUse.add(path);
    try {
      return await work(path);
    } finally {
      await unlinkIfPresent(path);
      this.#inUse.delete(path);
    }
  }

  async #adopt(source: string, path: string): Promise<ContentDigest | undefined> {
    // A link to a symbolic link would store the link itself; its target is not the caller's to give away.
    if (!(await lstat(source)).isFile()) return undefined;
    try {
      await this.#link(source, path);
      const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        await file.chmod(FILE_MODE);
        const digest = await hashFile(file);
        await file.sync();
        return digest;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!LINK_IMPOSSIBLE.has(fileErrorCode(error) ?? '')) throw error;
      await unlinkIfPresent(path);
      return undefined;
    }
  }
}

async function copyFile(source: string, path: string): Promise<ContentDigest> {
  const reader = await openSource(source);
  try {
    // A pipe or a device could hand out bytes for ever.
    if (!(await reader.stat()).isFile()) {
      throw new ObjectStoreError('object-store-denied', `${source} is not a regular file.`);
    }
    return await createAndSync(path, async (writer) => copyAndHash(reader, writer));
  } finally {
    await reader.close();
  }
}

async function openSource(source: string): Promise<FileHandle> {
  try {
    return await open(source, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    // Said here, because everything else that is refused is the store's own directory.
    const code = fileErrorCode(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new ObjectStoreError('object-store-denied', `${source} may not be read (${code}).`, { cause: error });
  }
}

async function createAndSync<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    await file.chmod(FILE_MODE);
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

/** Removes a file; one that is not there is fine. */
export async function unlinkIfPresent(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function readdirIfPresent(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
