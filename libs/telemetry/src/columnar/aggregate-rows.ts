import type { RawConnection } from '@mosis/sqlite/connection';
import { cardinality, readBitmap, RoaringBitmap32, withBitmaps, writeBitmap } from '../bitmaps.js';
import { DimensionCode, Measure } from '../rollup/event-kinds.js';

/** One row of the daily aggregates. `bots` tells whose: people's (false) or bots' (true); both add up to everybody's. */
export interface AggregateRow {
  packageId: string;
  metric: 'events' | 'sessions' | 'crashed_sessions' | 'devices' | 'crashed_devices';
  type: string | null;
  dimension: string | null;
  value: string | null;
  bots: boolean;
  count: number;
  devices: Uint8Array | null;
}

const DIMENSION_NAMES = new Map(
  Object.entries(DimensionCode).map(([name, code]) => [code, name === 'none' ? null : name] as const),
);

/** Reads the aggregates of one bucket day, app by app: each statement is short, and seeks in the roll-ups' keys. */
export class AggregateReader {
  readonly #counts;
  readonly #sets;
  readonly #bots;
  readonly #word;
  readonly #words = new Map<number, string | null>([[0, null]]);

  constructor(private readonly db: RawConnection) {
    this.#counts = db.prepare(
      'SELECT value, measure, bot, n FROM day_counts WHERE app = ? AND dimension = ? AND day = ? AND n > 0',
    );
    this.#sets = db.prepare(
      'SELECT value, devices FROM day_devices WHERE app = ? AND dimension = ? AND crashed = ? AND day = ?',
    );
    this.#bots = db.prepare('SELECT devices FROM bot_days WHERE app = ? AND day = ?').pluck();
    this.#word = db.prepare('SELECT value FROM words WHERE word = ?').pluck();
  }

  /** The version of a bucket day: what is read afterwards is at least that new. */
  version(day: number): number {
    const version = this.db.prepare('SELECT version FROM bucket_days WHERE day = ?').pluck().get(day);
    return (version as number | undefined) ?? 0;
  }

  /** Every app, by package id. */
  apps(): { app: number; package_id: string }[] {
    return this.db.prepare('SELECT app, package_id FROM apps ORDER BY package_id COLLATE BINARY').all() as never;
  }

  /** The rows of one app's bucket day. */
  read(app: number, packageId: string, day: number): AggregateRow[] {
    const rows: AggregateRow[] = [];
    const bots = this.#bots.get(app, day) as Buffer | undefined;
    for (const [code, dimension] of DIMENSION_NAMES) {
      for (const cell of this.#counts.all(app, code, day) as {
        value: number;
        measure: number;
        bot: number;
        n: number;
      }[]) {
        const counted = { packageId, ...this.#measured(cell.measure), dimension, value: this.#text(cell.value) };
        rows.push({ ...counted, bots: cell.bot === 1, count: cell.n, devices: null });
      }
      for (const crashed of [0, 1]) {
        const metric = crashed === 1 ? 'crashed_devices' : 'devices';
        for (const set of this.#sets.all(app, code, crashed, day) as { value: number; devices: Buffer }[]) {
          const common = { packageId, metric, type: null, dimension, value: this.#text(set.value) } as const;
          for (const part of splitBots(set.devices, bots)) rows.push({ ...common, ...part });
        }
      }
    }
    return rows;
  }

  #measured(measure: number): Pick<AggregateRow, 'metric' | 'type'> {
    if (measure === Measure.sessions) return { metric: 'sessions', type: null };
    if (measure === Measure.crashedSessions) return { metric: 'crashed_sessions', type: null };
    return { metric: 'events', type: this.#text(measure) };
  }

  #text(word: number): string | null {
    let text = this.#words.get(word);
    if (text === undefined) {
      text = (this.#word.get(word) as string | undefined) ?? null;
      this.#words.set(word, text);
    }
    return text;
  }
}

function splitBots(devices: Buffer, bots: Buffer | undefined): Pick<AggregateRow, 'bots' | 'count' | 'devices'>[] {
  return withBitmaps(() => {
    const all = readBitmap(devices);
    const flagged = bots ? readBitmap(bots) : new RoaringBitmap32();
    return [
      { bots: false, set: RoaringBitmap32.andNot(all, flagged) },
      { bots: true, set: RoaringBitmap32.and(all, flagged) },
    ].flatMap(({ bots, set }) =>
      cardinality(set) === 0 ? [] : [{ bots, count: cardinality(set), devices: writeBitmap(set) }],
    );
  });
}
