import type { FileHandle } from 'node:fs/promises';
import type { TelemetryStorage } from './storage.js';

type FileSystem = typeof import('node:fs/promises');

const TEMPORARY = '.tmp';

/** Opens (and creates) a directory of its own as storage. Node only. Throws when the directory cannot be made. */
export async function openFileStorage(directory: string): Promise<TelemetryStorage> {
  // The name stands in a variable so that no bundler for browsers follows it.
  const name = 'node:fs/promises';
  const fs = (await import(name)) as FileSystem;
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  const storage = new FileStorage(fs, directory);
  await storage.removeTemporaries();
  return storage;
}

class FileStorage implements TelemetryStorage {
  private journal: { key: string; file: FileHandle } | undefined;

  constructor(
    private readonly fs: FileSystem,
    private readonly directory: string,
  ) {}

  async read(key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.fs.readFile(this.path(key));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const temporary = this.path(key) + TEMPORARY;
    const file = await this.fs.open(temporary, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.fs.rename(temporary, this.path(key));
    await this.syncDirectory();
  }

  /** Handed to the operating system, not synced: killing the process loses nothing of it, a power cut may. */
  async append(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.journal?.key !== key) {
      await this.closeJournal();
      this.journal = { key, file: await this.fs.open(this.path(key), 'a', 0o600) };
    }
    await this.journal.file.appendFile(bytes);
  }

  async remove(key: string): Promise<void> {
    if (this.journal?.key === key) await this.closeJournal();
    await this.fs.rm(this.path(key), { force: true });
  }

  async keys(): Promise<string[]> {
    const names = await this.fs.readdir(this.directory);
    return names.filter((name) => !name.endsWith(TEMPORARY));
  }

  async clear(kept: string): Promise<void> {
    for (const key of await this.keys()) if (key !== kept) await this.remove(key);
  }

  async close(): Promise<void> {
    await this.closeJournal();
  }

  /** Clears what a crash left in the middle of a write. */
  async removeTemporaries(): Promise<void> {
    for (const name of await this.fs.readdir(this.directory)) {
      if (name.endsWith(TEMPORARY)) await this.fs.rm(`${this.directory}/${name}`, { force: true });
    }
  }

  private path(key: string): string {
    return `${this.directory}/${key}`;
  }

  private async closeJournal(): Promise<void> {
    const open = this.journal;
    this.journal = undefined;
    await open?.file.close();
  }

  /** Makes the rename itself last. Not every system lets a directory be synced; then the rename lasts when it does. */
  private async syncDirectory(): Promise<void> {
    try {
      const file = await this.fs.open(this.directory, 'r');
      await file.sync().finally(() => file.close());
    } catch {
      return;
    }
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: string }).code === 'ENOENT';
}
