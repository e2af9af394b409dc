import { Readable } from 'node:stream';
import { IdleTimer } from './idle-timer.js';

export interface WatchedBodyOptions {
  /** Bytes the body must have; an end before that is an error, never a short object. */
  sizeBytes: number;
  idleTimeoutMs: number;
  mapError: (error: unknown) => Error;
}

/** A response body that fails when the server falls silent, and waits as long as its reader likes. */
export class WatchedBody extends Readable {
  readonly #source: Readable;
  readonly #idle: IdleTimer;
  readonly #mapError: (error: unknown) => Error;
  #missingBytes: number;

  constructor(source: Readable, options: WatchedBodyOptions) {
    super();
    this.#source = source;
    this.#mapError = options.mapError;
    this.#missingBytes = options.sizeBytes;
    this.#idle = new IdleTimer(options.idleTimeoutMs, () => this.#fail('TimeoutError', 'the body stopped coming'));
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#end());
    source.on('error', (error) => this.destroy(this.#mapError(error)));
    source.on('close', () => this.#closed());
    source.pause();
  }

  override _read(): void {
    if (this.#source.readableEnded) return;
    this.#idle.touch();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#idle.stop();
    this.#source.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    this.#missingBytes -= chunk.length;
    if (this.push(chunk)) {
      this.#idle.touch();
    } else {
      this.#idle.stop();
      this.#source.pause();
    }
  }

  #end(): void {
    this.#idle.stop();
    if (this.#missingBytes === 0) this.push(null);
    else this.#fail('ECONNRESET', 'the body has another length than announced');
  }

  #closed(): void {
    if (!this.#source.readableEnded && !this.destroyed) this.#fail('ECONNRESET', 'the connection closed');
  }

  #fail(code: string, message: string): void {
    const error = code === 'TimeoutError' ? { name: code } : { code };
    this.destroy(this.#mapError(Object.assign(new Error(message), error)));
  }
}
