import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];

/** Makes an empty folder that `removeFolders` deletes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-tools-'));
  made.push(folder);
  return folder;
}

/** Writes files below a folder, by relative path; what is not a string is written as JSON. */
export function writeFiles(folder: string, files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Deletes every folder that `makeFolder` made. */
export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}
