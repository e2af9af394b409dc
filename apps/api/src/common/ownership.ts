import { existsSync, statSync } from 'node:fs';
import { chown, stat } from 'node:fs/promises';

/**
 * Gives files to the owner of another one, when this is root's process: what root makes for a server of somebody else, that
 * server has to be able to read.
 */
export async function giveToOwnerOf(file: string, paths: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(file);
  for (const path of paths) if (existsSync(path)) await chown(path, uid, gid);
}

/**
 * Refuses root where the data is somebody else's: what root leaves beside it, their server could not read afterwards.
 *
 * @throws Error that says whose data it is
 */
export function assertNotRootOnDataOfOthers(file: string): void {
  if (process.getuid?.() !== 0) return;
  const uid = statSync(file, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid === 0) return;
  throw new Error(
    `${file} belongs to the user ${uid}, and no server runs that this command could ask. Nothing was changed: say it as that user (sudo -u '#${uid}' …), or start the server first.`,
  );
}
