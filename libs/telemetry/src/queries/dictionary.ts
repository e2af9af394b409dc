import type { RawConnection } from '@mosis/sqlite/connection';
import { rowOf } from './snapshot.js';
import { UNKNOWN_KEY } from './types.js';

/** The number of an app, undefined while it has never sent anything. */
export function findApp(db: RawConnection, packageId: string): number | undefined {
  return rowOf<{ app: number }>(db, 'SELECT app FROM apps WHERE package_id = ?', packageId)?.app;
}

/** The word that stands for an event type of an app, undefined while there was no event of it. */
export function findTypeWord(db: RawConnection, app: number, type: string): number | undefined {
  const sql = "SELECT word FROM words WHERE app = ? AND kind = 'type' AND value = ?";
  return rowOf<{ word: number }>(db, sql, app, type)?.word;
}

/** Turns words back into what they stand for, each looked up once. */
export class Words {
  readonly #known = new Map<number, string>([[0, UNKNOWN_KEY]]);

  constructor(private readonly db: RawConnection) {}

  /** What a word stands for; `(unknown)` for 0. */
  keyOf(word: number): string {
    let value = this.#known.get(word);
    if (value === undefined) {
      value = rowOf<{ value: string }>(this.db, 'SELECT value FROM words WHERE word = ?', word)?.value ?? UNKNOWN_KEY;
      this.#known.set(word, value);
    }
    return value;
  }

  /** What a word stands for, null for 0. */
  valueOf(word: number): string | null {
    return word === 0 ? null : this.keyOf(word);
  }
}
