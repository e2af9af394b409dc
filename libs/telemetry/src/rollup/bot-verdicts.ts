import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import type { DeviceSets } from './device-sets.js';

/** The verdicts in force, as sets in memory in front of `bot_days`. Bots are few: a set is small. */
export class BotVerdicts {
  readonly #known = new Map<string, Set<number>>();

  constructor(
    private readonly db: RawConnection,
    private readonly sets: () => DeviceSets,
  ) {}

  isBot(app: number, day: number, device: number): boolean {
    return this.#of(app, day).has(device);
  }

  /** Records a verdict, in the caller's transaction. */
  set(app: number, day: number, device: number, bot: boolean): void {
    this.sets().setBot(app, day, device, bot);
    if (bot) this.#of(app, day).add(device);
    else this.#of(app, day).delete(device);
  }

  /** Forgets what is in memory: after a rollback, or when it has grown. */
  reset(): void {
    this.#known.clear();
  }

  #of(app: number, day: number): Set<number> {
    const key = `${app}/${day}`;
    let devices = this.#known.get(key);
    if (!devices) {
      if (this.#known.size > 10_000) this.#known.clear();
      const blob = this.db.prepare('SELECT devices FROM bot_days WHERE app = ? AND day = ?').pluck().get(app, day) as
        Buffer | undefined;
      devices = new Set(blob ? using(readBitmap(blob), (bitmap) => bitmap.toArray()) : []);
      this.#known.set(key, devices);
    }
    return devices;
  }
}
