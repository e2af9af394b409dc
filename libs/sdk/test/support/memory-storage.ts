import type { TelemetryStorage } from '../../src/storage/storage.js';

/** A storage that outlives the SDK but not the test, to look into. */
export class MemoryStorage implements TelemetryStorage {
  device = '';
  journal = '';

  async read(): Promise<[string, string]> {
    return [this.device, this.journal];
  }

  async append(text: string): Promise<void> {
    this.journal += text;
  }

  async replace(text: string): Promise<void> {
    this.journal = text;
  }

  async erase(device: string): Promise<void> {
    this.device = device;
    this.journal = '';
  }
}
