import { closeSync, constants, copyFileSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Gives a finished file its name, so that after a power cut it is there whole or not at all. */
export function publishFile(temporary: string, file: string): void {
  syncPath(temporary);
  renameSync(temporary, file);
  syncPath(dirname(file));
}

/** Copies a file; on file systems that can share blocks (btrfs, XFS) it costs nothing. */
export function copyCheaply(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
}

/** Gives a file a second name, or where links are not possible a copy. @throws when `to` is taken */
export function keepAside(file: string, to: string): void {
  try {
    linkSync(file, to);
    syncPath(dirname(to));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    copyCheaply(file, `${to}.tmp`);
    publishFile(`${to}.tmp`, to);
  }
}

/** Removes a database with what SQLite keeps beside it. */
export function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}

/** Makes sure that a file's bytes, or a folder's names, are on the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
