import { SingleBar } from 'cli-progress';
import type { OperationProgress } from './progress.types.js';

const LINE_EVERY_MS = 10_000;

/** Shows progress on standard error: a bar on a terminal, else a line every ten seconds. */
export class Progress {
  private bar: SingleBar | undefined;
  private lastLineAt = 0;
  private readonly startedAt = performance.now();

  constructor(private readonly what: string) {}

  /** Shows where the work is. */
  update = ({ done, total }: OperationProgress): void => {
    if (process.stderr.isTTY && total !== undefined) {
      if (!this.bar) {
        this.bar = new SingleBar({
          format: `${this.what} [{bar}] {value}/{total} {percentage}% · {eta_formatted} left`,
          stream: process.stderr,
          hideCursor: true,
        });
        this.bar.start(total, done);
      }
      this.bar.update(done);
      return;
    }
    const now = performance.now();
    if (now - this.lastLineAt < LINE_EVERY_MS || done === 0) return;
    this.lastLineAt = now;
    const share = total ? ` of ${total} (${Math.floor((done / total) * 100)} %)` : '';
    process.stderr.write(`${this.what}: ${done}${share} after ${Math.round((now - this.startedAt) / 1000)} s\n`);
  };

  /** Ends the bar. */
  stop(): void {
    this.bar?.stop();
  }
}
