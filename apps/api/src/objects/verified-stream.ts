import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** What an object has to be. */
export interface ExpectedObject {
  sha256: string;
  sizeBytes: number;
}

/**
 * An object on its way to somebody, hashed as it goes. The last piece is held back until all bytes are known to be those that are
 * expected: nobody ever gets the whole of anything else, and nothing beyond its length. The stream ends with what `damaged` makes
 * of it otherwise.
 */
export class VerifiedStream extends Transform {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;
  #held: Buffer | undefined;

  constructor(
    private readonly expected: ExpectedObject,
    private readonly damaged: () => Error,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.expected.sizeBytes) return done(this.damaged());
    this.#hash.update(chunk);
    const before = this.#held;
    this.#held = chunk;
    done(null, before);
  }

  override _flush(done: TransformCallback): void {
    const isWhole = this.#sizeBytes === this.expected.sizeBytes && this.#hash.digest('hex') === this.expected.sha256;
    if (isWhole) done(null, this.#held);
    else done(this.damaged());
  }
}
