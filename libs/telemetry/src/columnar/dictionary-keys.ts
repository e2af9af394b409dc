import { CONTEXT_COLUMNS, type Dictionaries } from './dictionaries.js';
import type { Session } from './duck.js';
import { VerificationError } from './errors.js';

/** What a context says that is rolled up. */
export const ROLLED_UP = ['app_version', 'mosis_version', 'os', 'country'] as const;

/**
 * Numbers of 64 bits that stand for the texts of an event, and the tables `context_keys`, `words_keys` and `type_keys`, which
 * say what of telemetry.db each of them means. No number ever means two things: where it would, nothing is answered.
 */
export class DictionaryKeys {
  /** Of a row with the columns of the archive: its app and everything its context says. */
  readonly contextKey = keyOf(['package_id', ...CONTEXT_COLUMNS]);
  /** Its app, and what of its context is rolled up. */
  readonly wordsKey = keyOf(['package_id', ...ROLLED_UP]);
  #known = '';

  constructor(private readonly dictionaries: Dictionaries) {}

  /** Brings the tables up to now; rows must be read before. @throws VerificationError */
  async refresh(session: Session): Promise<void> {
    await this.dictionaries.refresh(session);
    const { known } = await session.row<{ known: string }>(
      `SELECT concat((SELECT count(*) FROM contexts), '/', (SELECT count(*) FROM types)) AS known`,
    );
    if (known === this.#known) return;
    const words = ROLLED_UP.map((name) => `coalesce(${name}_word, 0) AS ${name}_word`);
    await session.run(`CREATE OR REPLACE TABLE context_keys AS
      SELECT ${this.contextKey} AS key, ${this.wordsKey} AS words_key, context, app, ${words.join(', ')}
      FROM (SELECT c.*, a.package_id FROM contexts c JOIN apps a ON a.app = c.app)`);
    await session.run(`CREATE OR REPLACE TABLE words_keys AS SELECT *, (row_number() OVER () - 1)::INTEGER AS number FROM (
      SELECT DISTINCT words_key AS key, app, ${ROLLED_UP.map((name) => `${name}_word AS ${name}`).join(', ')}
      FROM context_keys)`);
    await session.run('CREATE OR REPLACE TABLE type_keys AS SELECT hash(name) AS key, app, type FROM types');
    for (const [table, key] of [
      ['context_keys', 'key'],
      ['words_keys', 'key'],
      ['type_keys', '(app, key)'],
    ] as const) {
      const { twice } = await session.row<{ twice: boolean }>(
        `SELECT count(*) > count(DISTINCT ${key}) AS twice FROM ${table}`,
      );
      if (twice) throw new VerificationError(`Two entries of ${table} have the same number.`);
    }
    this.#known = known;
  }
}

/**
 * A number of 64 bits for what some columns say. Each column's hash is moved by bits of its own, so that the same text means
 * something else in another column. DuckDB takes it of each text of a dictionary instead of each row.
 */
export function keyOf(columns: readonly string[]): string {
  return columns
    .map((name, index) => (index === 0 ? `hash(${name})` : `(hash(${name}) >> ${index})`))
    .reduce((left, right) => `xor(${left}, ${right})`);
}
