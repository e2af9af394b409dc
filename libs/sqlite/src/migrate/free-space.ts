import { statfsSync } from 'node:fs';

/** There is not the room that a migration may need; nothing was changed. */
export class SpaceError extends Error {
  constructor(folder: string, neededBytes: number, freeBytes: number) {
    super(
      `A migration needs about ${toMib(neededBytes)} MiB free in ${folder} (a restore point, a copy to rehearse on, and the change itself); ${toMib(freeBytes)} MiB are. Make room and start again: nothing was changed.`,
    );
    this.name = 'SpaceError';
  }
}

/** Bytes that this user can still write where `folder` lies. */
export function measureFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function toMib(bytes: number): string {
  return Math.ceil(bytes / 1024 / 1024).toLocaleString('en');
}
