import type { DeviceDayKey } from '../rollup/rollup-store.js';
import type { ScanThread } from '../scan/scan-thread.js';
import type { WriterThread } from '../writer/writer-thread.js';
import type { EngineLog } from './types.js';

/** Moves device days that have come to look like a bot's to the bots' side, one after the other. */
export class BotJudge {
  readonly #suspects = new Map<string, DeviceDayKey>();
  #judging: Promise<void> | undefined;
  #closing = false;

  constructor(
    private readonly parts: {
      writer: WriterThread;
      scan: ScanThread;
      alone: (work: () => Promise<void>) => Promise<void>;
      log: EngineLog;
    },
  ) {}

  /** Judges these soon. */
  suspect(keys: readonly DeviceDayKey[]): void {
    for (const key of keys) this.#suspects.set(`${key.app}/${key.day}/${key.device}`, key);
    if (keys.length === 0) return;
    this.#judging ??= this.#judge().finally(() => (this.#judging = undefined));
  }

  /** Puts a device day on one side of all counts; the caller lets nothing else change it meanwhile. */
  async apply(key: DeviceDayKey, toBot: boolean): Promise<void> {
    const collected = await this.parts.scan.run('collectDeviceDay', key);
    await this.parts.writer.call('applyVerdict', { ...key, toBot, ...collected });
  }

  /** Resolves when no verdict waits. */
  async settled(): Promise<void> {
    while (this.#judging) await this.#judging;
  }

  /** Ends with the verdict that is being applied; the rest is judged by the next audit. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#judging;
  }

  async #judge(): Promise<void> {
    while (this.#suspects.size > 0 && !this.#closing) {
      const [[name, key]] = this.#suspects as unknown as [[string, DeviceDayKey]];
      try {
        await this.parts.alone(() => this.apply(key, true));
      } catch (error) {
        // The nightly audit judges every device day again.
        this.parts.log.warn({ err: error }, 'a bot verdict could not be applied');
      }
      this.#suspects.delete(name);
    }
  }
}
