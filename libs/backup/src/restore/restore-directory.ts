import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirLock, DataDirLockedError, findLockHolder } from '@mosis/sqlite';

/** Its presence says that a restore began here and did not end: what lies beside it is no data directory. */
const UNFINISHED = 'restore.unfinished';
/** Where everything is made before it gets its place. */
const STAGING = 'restoring';
const LOCK_FILES = ['server.lock', 'server.json', 'server.lock-journal'];
/** What file systems and NAS software put into every folder. */
const NOBODYS = ['lost+found', '@eaDir', '#recycle', '#snapshot', '.DS_Store'];

/** A directory that nothing can be restored to, or nothing can be started from. */
export class RestoreDirectoryError extends Error {
  override readonly name = 'RestoreDirectoryError';
}

/**
 * Makes sure that a data directory is not one that a restore left half-made.
 *
 * @throws RestoreDirectoryError
 */
export function assertNoUnfinishedRestore(dataDir: string): void {
  if (!existsSync(join(dataDir, UNFINISHED))) return;
  throw new RestoreDirectoryError(
    `A restore to ${dataDir} was broken off, so it is not whole. Restore to it again (mosis restore --to ${dataDir}), or use another DATA_DIR.`,
  );
}

/**
 * An empty directory that is being restored to. Everything is made in a folder inside it, on the same file system, and
 * gets its place at the end; until then a mark keeps every server from starting on it.
 */
export class RestoreDirectory {
  private constructor(
    readonly path: string,
    private readonly lock: DataDirLock,
    private readonly existed: boolean,
  ) {}

  /**
   * Takes a directory that is not there, is empty, or holds what a broken-off restore left, which is removed.
   *
   * @throws DataDirLockedError when a process has it, RestoreDirectoryError when it holds anything else
   */
  static async claim(path: string): Promise<RestoreDirectory> {
    const existed = existsSync(path);
    const holder = existed ? findLockHolder(path) : undefined;
    if (holder) throw new DataDirLockedError(path, holder);
    const names = existed ? await readdir(path) : [];
    const foreign = names.filter((name) => !NOBODYS.includes(name) && !LOCK_FILES.includes(name));
    if (foreign.length > 0 && !foreign.includes(UNFINISHED)) {
      throw new RestoreDirectoryError(
        `${path} is not empty (it holds ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ' …' : ''}). Nothing was changed. Name a new folder, or move away what is there.`,
      );
    }
    const lock = DataDirLock.acquire(path, 'mosis restore');
    try {
      await writeFile(join(path, UNFINISHED), 'A restore began here and has not ended.\n', { mode: 0o640 });
      await syncFolder(path);
      // What is there with the mark was put there by a restore: the folder was empty when it got it.
      for (const name of foreign) if (name !== UNFINISHED) await rm(join(path, name), { recursive: true, force: true });
      await mkdir(join(path, STAGING), { mode: 0o750 });
      return new RestoreDirectory(path, lock, existed);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Where the data directory is made. */
  get staging(): string {
    return join(this.path, STAGING);
  }

  /** Where things are made that are not kept. */
  get scratch(): string {
    return join(this.staging, 'scratch');
  }

  /** Gives everything its place, the named file last, and takes the mark away: from here on it is whole. */
  async finish(last: string): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true });
    const names = await readdir(this.staging);
    for (const name of [...names.filter((each) => each !== last), last])
      await rename(join(this.staging, name), join(this.path, name));
    await syncFolder(this.path);
    await rmdir(this.staging);
    await rm(join(this.path, UNFINISHED));
    await syncFolder(this.path);
    this.lock.release();
  }

  /** Leaves the directory as it was found: empty, or not there. */
  async abandon(): Promise<void> {
    await rm(this.staging, { recursive: true, force: true });
    await rm(join(this.path, UNFINISHED), { force: true });
    this.lock.release();
    for (const name of LOCK_FILES) await rm(join(this.path, name), { force: true });
    if (!this.existed) await rmdir(this.path).catch(() => undefined);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
