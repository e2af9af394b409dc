import { pino } from 'pino';

/** How long a line below `warn` waits for others, milliseconds. */
const GATHER_MS = 50;
/** How much may wait, bytes. */
const GATHER_BYTES = 8 * 1024;
/** How much is kept of what cannot be written, bytes; lines beyond it are dropped. */
const KEPT_BYTES = 1024 * 1024;
const WITH_LEVEL: unique symbol = Symbol.for('pino.metadata') as never;
const WARN = pino.levels.values.warn as number;

/**
 * Where a log's lines go, many at a time: a write for each is a tenth of the time that the HTTP thread has for a request, and
 * wakes whoever reads them. A warning is written at once, with all before it; so is everything when the process exits. Only a
 * process that is killed loses lines, those of its last moments. A log that cannot be written (a full disk, a terminal that is
 * gone) is no reason to stop serving.
 */
export class LogOutput {
  /** Asks pino for the level of each line. */
  readonly [WITH_LEVEL] = true;
  /** The level of the line that is written next; pino sets it. */
  lastLevel = 0;
  private readonly output;
  private timer: NodeJS.Timeout | undefined;
  /** Whether the last attempt to write failed. */
  private hasFailed = false;

  constructor(fileDescriptor: number) {
    this.output = pino.destination({
      dest: fileDescriptor,
      sync: true,
      minLength: GATHER_BYTES,
      maxLength: KEPT_BYTES,
    });
    this.output.on('error', () => {
      this.hasFailed = true;
    });
    // Not `flushSync`, which tries for ever what cannot be written, and waits for the disk where the log is a file.
    process.on('exit', () => this.flush());
  }

  /** Takes a whole line. */
  write(line: string): void {
    this.output.write(line);
    if (this.lastLevel >= WARN) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), GATHER_MS).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const hadFailed = this.hasFailed;
    this.hasFailed = false;
    this.output.flush();
    // The first went to what could not be written before; what came after it is still to come.
    if (hadFailed && !this.hasFailed) this.output.flush();
  }
}
