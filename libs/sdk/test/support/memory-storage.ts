import type { TelemetryStorage } from '../../src/storage/storage.js';

/** A storage that outlives the SDK but not the test, to look into. */
export class MemoryStorage implements TelemetryStorage {
  device = '';
  journal = '';
  /** What would outlive a loss of power. */
  lasting = '';

  async read(): Promise<[string, string]> {
    return [this.device, this.journal];
  }

  async append(text: string, sync?: boolean): Promise<void> {
    this.journal += text;
    if (sync) this.lasting = this.journal;
  }

  async replace(text: string): Promise<void> {
    this.lasting = this.journal = text;
  }

  async erase(device: string): Promise<void> {
    this.device = device;
    this.lasting = this.journal = '';
  }
}
