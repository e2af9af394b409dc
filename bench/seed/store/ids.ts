import type { Random } from '../../lib/random.ts';

/** UUIDs of version 7 that a seed decides wholly: one later in the stream is higher, as the server's own are. */
export class SeededIds {
  readonly #random: Random;
  #sequence = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  at(ms: number): string {
    const time = ms.toString(16).padStart(12, '0');
    const sequence = (this.#sequence++ % 0x1000).toString(16).padStart(3, '0');
    const tail = this.#random.hex(8);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-8${tail.slice(1, 4)}-${tail.slice(4)}`;
  }
}
