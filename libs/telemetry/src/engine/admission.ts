import { statfs } from 'node:fs/promises';
import { TokenBuckets } from '../queue/rate-limits.js';
import type { EngineOptions, UploadOutcome, UploadRequest } from './types.js';

const LIMITED_KEYS = 20_000;

/** What keeps an upload out before its body is looked at: the rates of its key and address, and the room on the disk. */
export class Admission {
  readonly #keyLimit: TokenBuckets | undefined;
  readonly #addressLimit: TokenBuckets | undefined;
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(
    private readonly options: Pick<EngineOptions, 'dataDir' | 'limits' | 'minFreeBytes' | 'log'>,
    monotonic: () => number,
  ) {
    const bucketsOf = (limit: { ratePerSecond: number; burst: number } | undefined) =>
      limit && new TokenBuckets({ ...limit, maxKeys: LIMITED_KEYS, now: monotonic });
    this.#keyLimit = bucketsOf(options.limits.perKey);
    this.#addressLimit = bucketsOf(options.limits.perAddress);
  }

  /** Free bytes where the data lies, as of the last look. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Looks how much room there is. */
  async checkDisk(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.options.dataDir);
      this.#freeBytes = bavail * bsize;
    } catch (error) {
      this.options.log.warn({ err: error }, 'the free space of the data directory cannot be read');
    }
  }

  /** Why an upload is refused; undefined when it may come in. */
  refuse({ keyId, address }: Pick<UploadRequest, 'keyId' | 'address'>): UploadOutcome | undefined {
    const waitSeconds = this.#keyLimit?.take(keyId) ?? this.#addressLimit?.take(address);
    if (waitSeconds !== undefined) {
      return {
        kind: 'refused',
        status: 429,
        code: 'rate-limited',
        detail: `Too many uploads. Send the same batch again in ${waitSeconds} seconds.`,
        retryAfterSeconds: waitSeconds,
      };
    }
    if (this.#freeBytes >= this.options.minFreeBytes) return undefined;
    return {
      kind: 'refused',
      status: 503,
      code: 'disk-low',
      detail: 'The server has too little free space. Send the same batch again later.',
      retryAfterSeconds: 60,
    };
  }
}
