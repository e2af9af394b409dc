import { existsSync } from 'node:fs';
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
