import { EventKind, typesOfKind } from '../rollup/event-kinds.js';
import type { CopiesOfDay, RecordedCopy } from '../rollup/day-counts.js';
import { DAY_MS, formatDay, HOUR_MS } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import { DictionaryKeys } from './dictionary-keys.js';
import type { Dictionaries } from './dictionaries.js';
import { literal, UNSAVED, type Session } from './duck.js';
import { VerificationError } from './errors.js';
import { hashFile } from './raw-lines.js';

/** What a copy was counted for: its events of all bucket days up to one. */
interface Counted {
  revision: number;
  throughDay: number;
}

/** No revision of a partition is this one. */
const HALF_COUNTED = -1;

/** The tables a copy's counts lie in, by hour since 1970 (crashes by day) and by the keys of contexts and types. */
const TABLES = ['runs', 'events', 'crashes'] as const;

/** The table that holds one kind of a partition's counts. */
export function countedTable(kind: (typeof TABLES)[number], day: number): string {
  return `${UNSAVED}.counted_${kind}_${formatDay(day).replaceAll('-', '_')}`;
}

/** The rows of a copy. */
export function copyRows(dataDir: string, day: number): string {
  return `read_parquet(${literal(archivePath(dataDir, formatDay(day)))}, hive_partitioning = false)`;
}

/**
 * The counts of Parquet copies, kept while neighbouring bucket days are counted: a bucket day has rows in up to nine
 * partitions, and each of them is read once. One request at a time.
 */
export class CountedPartitions {
  readonly keys: DictionaryKeys;
  readonly #counted = new Map<number, Counted>();

  constructor(private readonly deps: { dataDir: string; dictionaries: Dictionaries }) {
    this.keys = new DictionaryKeys(deps.dictionaries);
  }

  get dataDir(): string {
    return this.deps.dataDir;
  }

  /**
   * Counts the copies of a bucket day that are not counted yet, and forgets all others.
   *
   * @throws VerificationError when a copy is not what was recorded of it
   */
  async prepare(session: Session, { day, through, copies }: CopiesOfDay): Promise<void> {
    const wanted = new Map(copies.map((copy) => [copy.day, copy.revision]));
    for (const [partition, { revision, throughDay }] of [...this.#counted]) {
      if (wanted.get(partition) !== revision || throughDay < day) await this.#forget(session, partition);
    }
    for (const copy of copies) {
      if (this.#counted.has(copy.day)) continue;
      // What fails half-way leaves tables behind, which the next request forgets.
      this.#counted.set(copy.day, { revision: HALF_COUNTED, throughDay: through });
      await this.#verifyAndCount(session, copy, through);
      this.#counted.set(copy.day, { revision: copy.revision, throughDay: through });
    }
    await this.keys.refresh(session);
  }

  /** Forgets all copies, when no later day will ask for them: they hold memory, and texts of crashes. */
  async forgetAll(session: Session): Promise<void> {
    for (const day of [...this.#counted.keys()]) await this.#forget(session, day);
  }

  async #forget(session: Session, day: number): Promise<void> {
    this.#counted.delete(day);
    for (const kind of TABLES) await session.run(`DROP TABLE IF EXISTS ${countedTable(kind, day)}`);
  }

  async #verifyAndCount(session: Session, { day, sha256 }: RecordedCopy, through: number): Promise<void> {
    const hashed = hashFile(archivePath(this.deps.dataDir, formatDay(day)));
    // Looked at below; a failure of the statements in between must not leave it unhandled.
    hashed.catch(() => undefined);
    try {
      await this.#count(session, day, through);
      if ((await hashed).sha256 === sha256) return;
    } catch (error) {
      await hashed.catch(() => undefined);
      throw error;
    }
    throw new VerificationError(`The Parquet copy of ${formatDay(day)} is not the one that was recorded.`);
  }

  /**
   * Sums a copy up. Texts become numbers by functions of one column and constants, which DuckDB takes of each text of a
   * dictionary instead of each row; numbers are compared much faster than texts.
   */
  async #count(session: Session, day: number, through: number): Promise<void> {
    // Of a partition after the last day that is asked for, only what came late is read.
    const where = day > through ? `WHERE time < make_timestamp_ms(${(through + 1) * DAY_MS}::BIGINT)` : '';
    const rows = `${copyRows(this.deps.dataDir, day)} ${where}`;
    const { contextKey, wordsKey } = this.keys;
    const hour = `(epoch_ms(time) // ${HOUR_MS})::INTEGER`;
    const kind = `list_position([${KNOWN_TYPES.map(literal).join(', ')}], type)`;
    const make = (table: (typeof TABLES)[number], sql: string) =>
      session.run(`CREATE OR REPLACE TABLE ${countedTable(table, day)} AS ${sql}`);
    await make(
      'runs',
      `SELECT session, device, context_key, hour, count(*)::INTEGER AS events,
         (count(*) FILTER (kind <= ${INTERACTIONS.length}))::INTEGER AS interactions, epoch_ms(min(time)) AS first_ms,
         coalesce(max(kind), 0) > ${INTERACTIONS.length} AS crashed
       FROM (SELECT session, device, ${contextKey} AS context_key, ${hour} AS hour, time, ${kind} AS kind FROM ${rows})
       GROUP BY session, device, context_key, hour`,
    );
    await make(
      'events',
      `SELECT words_key, type_key, hour, count(*)::INTEGER AS n
       FROM (SELECT ${wordsKey} AS words_key, hash(type) AS type_key, ${hour} AS hour FROM ${rows})
       GROUP BY words_key, type_key, hour`,
    );
    const grouped = `type IN (${[...CRASHES, ...ERRORS].map(literal).join(', ')})`;
    await make(
      'crashes',
      `SELECT device, ${contextKey} AS context_key, (epoch_ms(time) // ${DAY_MS})::INTEGER AS day,
         type IN (${ERRORS.map(literal).join(', ')}) AS is_error, data, count(*)::INTEGER AS n
       FROM ${rows} ${where === '' ? 'WHERE' : 'AND'} ${grouped} GROUP BY ALL`,
    );
  }
}

const INTERACTIONS = typesOfKind(EventKind.interaction);
const CRASHES = typesOfKind(EventKind.crash);
const ERRORS = typesOfKind(EventKind.error);
/** Interactions first: where a type stands says what it is. */
const KNOWN_TYPES = [...INTERACTIONS, ...CRASHES];
