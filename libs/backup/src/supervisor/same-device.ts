import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseObjectStoreUrl } from '@mosis/object-store';
import type { BackupLocation } from '../location.js';

/** Whether backups lie on the device that the data lies on, so that what breaks it takes both. */
export async function sharesDevice(dataDir: string, location: BackupLocation): Promise<boolean> {
  const parsed = parseObjectStoreUrl(location.url);
  if (parsed.kind !== 'directory') return false;
  const data = await stat(dataDir).catch(() => undefined);
  // Before the first backup its folder is missing; it will be on the device of the folder around it.
  for (let folder = parsed.path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found) return found.dev === data?.dev;
    if (folder === dirname(folder)) return false;
  }
}
