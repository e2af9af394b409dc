import type { TelemetryStorage } from '../../src/storage/storage.js';

/**
 * Another storage in front of which the process can die: from the chosen operation on nothing reaches it and nothing
 * returns, as after a kill. The operation that is hit may be an append that got half of its bytes through.
 */
export class MortalStorage implements TelemetryStorage {
  private operationsLeft = Infinity;
  private underWay: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly inner: TelemetryStorage,
    private readonly tear: boolean,
  ) {}

  /** Dies after so many more operations. */
  dieAfter(operations: number): void {
    this.operationsLeft = Math.min(this.operationsLeft, operations);
  }

  /** Dies now; resolves when what was under way in the inner storage has ended. */
  async die(): Promise<void> {
    this.operationsLeft = 0;
    await this.underWay.catch(() => undefined);
    await this.inner.close?.();
  }

  get isDead(): boolean {
    return this.operationsLeft <= 0;
  }

  read = () => this.run(() => this.inner.read());
  append = (text: string, sync?: boolean) =>
    this.run(
      () => this.inner.append(text, sync),
      () => this.inner.append(text.slice(0, Math.floor(text.length / 2))),
    );
  replace = (text: string) => this.run(() => this.inner.replace(text));
  erase = (device: string) => this.run(() => this.inner.erase(device));

  private run<T>(operation: () => Promise<T>, half?: () => Promise<void>): Promise<T> {
    if (this.operationsLeft-- > 0) {
      const running = operation();
      this.underWay = running;
      return running;
    }
    if (this.operationsLeft === -1 && this.tear && half) this.underWay = half();
    return new Promise(() => undefined);
  }
}
