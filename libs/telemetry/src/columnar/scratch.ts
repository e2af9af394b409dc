import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHIVE_FOLDER } from '../storage/telemetry-file.js';

/** Where the analytics process keeps what it can make again; one process at a time owns it. */
export function scratchFolder(dataDir: string): string {
  return join(dataDir, ARCHIVE_FOLDER, '.scratch');
}

/** Removes it with all that is in it: raw rows among them, which must not outlive their partition. */
export function removeScratch(dataDir: string): void {
  rmSync(scratchFolder(dataDir), { recursive: true, force: true });
}

/** Makes it anew, empty. */
export function makeScratch(dataDir: string): string {
  removeScratch(dataDir);
  const folder = scratchFolder(dataDir);
  mkdirSync(join(folder, 'spill'), { recursive: true, mode: 0o750 });
  return folder;
}
