import type { TelemetryStorage } from './storage.js';

/** Keeps nothing beyond the process: the fallback where there is no better place. */
export class MemoryStorage implements TelemetryStorage {
  private readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.entries.get(key);
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.entries.set(key, bytes.slice());
  }

  async append(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const before = this.entries.get(key) ?? new Uint8Array();
    const after = new Uint8Array(before.length + bytes.length);
    after.set(before);
    after.set(bytes, before.length);
    this.entries.set(key, after);
  }

  async remove(key: string): Promise<void> {
    this.entries.delete(key);
  }

  async keys(): Promise<string[]> {
    return [...this.entries.keys()];
  }

  async clear(kept: string): Promise<void> {
    for (const key of await this.keys()) if (key !== kept) this.entries.delete(key);
  }

  async close(): Promise<void> {}
}
