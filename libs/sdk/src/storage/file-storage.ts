import type { TelemetryStorage } from './storage.js';

/** Opens (and creates) a directory of its own as storage. Node from 20.10 on. Throws when the directory cannot be made. */
export async function openFileStorage(directory: string): Promise<TelemetryStorage> {
  // The name stands in a variable so that no bundler for browsers follows it.
  const name = 'node:fs/promises';
  const { appendFile, mkdir, open, readFile, rename, rm, writeFile } = (await import(
    name
  )) as typeof import('node:fs/promises');
  const [device, journal, temporary] = ['device', 'journal', 'new'].map((file) => `${directory}/${file}`) as [string, string, string]; // prettier-ignore
  const mode = 0o600;
  await mkdir(directory, { recursive: true, mode: 0o700 });

  const read = (path: string): Promise<string> =>
    readFile(path, 'utf8').catch((error: { code?: string }) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });

  async function replace(path: string, text: string): Promise<void> {
    await writeFile(temporary, text, { mode, flush: true });
    await rename(temporary, path);
    // Makes the rename itself last. Not every system lets a directory be synced; then the rename lasts when it does.
    const folder = await open(directory).catch(() => undefined);
    await folder?.sync().catch(() => undefined);
    await folder?.close();
  }

  return {
    read: async () => [await read(device), await read(journal)],
    // Without `flush` handed to the operating system: killing the process loses nothing of it, a power cut may.
    append: (text, flush) => appendFile(journal, text, { mode, flush }),
    replace: (text) => replace(journal, text),
    async erase(text) {
      // The record first: the next start removes what a crash in between leaves. Unless the disk is full.
      const failed = await replace(device, text).catch(() => true);
      await rm(journal, { force: true });
      if (failed) await replace(device, text);
    },
  };
}
