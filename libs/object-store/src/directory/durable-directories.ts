import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileErrorCode } from './file-errors.js';

/** Not readable by other users of the machine: packages are here before anybody has reviewed them. */
const DIRECTORY_MODE = 0o750;

/** File systems that cannot sync a directory say so with these; there is nothing better to do on them. */
const SYNC_UNSUPPORTED = new Set(['EINVAL', 'ENOTSUP', 'EISDIR']);

const PARENT_CLOSED = new Set(['EACCES', 'EPERM']);

/** Makes a directory's entries survive a loss of power. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    if (!SYNC_UNSUPPORTED.has(fileErrorCode(error) ?? '')) throw error;
  } finally {
    await directory.close();
  }
}

/** Creates the folders of a store so that they survive a loss of power. */
export class DurableDirectories {
  readonly #root: string;
  /**
   * Folders whose entry in their parent this process has synced. One that merely exists may have been created by a
   * process that was killed before it synced, so existing is not enough.
   */
  readonly #synced = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Creates the folder of these segments below the root, and the root itself, and answers its path. */
  async ensure(segments: readonly string[]): Promise<string> {
    const levels = [this.#root, ...segments.map((_, index) => join(this.#root, ...segments.slice(0, index + 1)))];
    const target = join(this.#root, ...segments);
    const firstCreated = await mkdir(target, { recursive: true, mode: DIRECTORY_MODE });
    if (firstCreated !== undefined) {
      for (const level of levels) if (level.startsWith(firstCreated)) this.#synced.delete(level);
    }
    for (const level of levels) {
      if (this.#synced.has(level)) continue;
      await (level === this.#root ? this.#syncRoot(firstCreated) : syncDirectory(dirname(level)));
      this.#synced.add(level);
    }
    return target;
  }

  /** Syncs the folder that holds the root, and those above it that were created for it. */
  async #syncRoot(firstCreated: string | undefined): Promise<void> {
    const parent = dirname(this.#root);
    const last = firstCreated !== undefined && parent.startsWith(firstCreated) ? dirname(firstCreated) : parent;
    for (let path = parent; ; path = dirname(path)) {
      try {
        await syncDirectory(path);
      } catch (error) {
        // The folder above the root may be somebody else's, which this process may pass through but not open.
        if (!PARENT_CLOSED.has(fileErrorCode(error) ?? '')) throw error;
      }
      if (path === last) return;
    }
  }
}
