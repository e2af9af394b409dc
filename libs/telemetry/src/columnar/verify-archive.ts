import type { RawConnection } from '@mosis/sqlite/connection';
import { CONTEXT_COLUMNS } from './dictionaries.js';
import { keyOf } from './dictionary-keys.js';
import { literal, type Session } from './duck.js';
import { VerificationError } from './errors.js';
import { FIELD_SEPARATOR, hashFile, wholeLines, type RawLines } from './raw-lines.js';

/** A Parquet file and the lines it was made from. */
export interface Compared {
  lines: RawLines;
  linesPath: string;
  parquetPath: string;
}

interface Sum {
  n: bigint;
  sum: bigint | null;
}

/**
 * Compares a Parquet file with the table it was made of: the number of rows, and the sum of a 64-bit hash over one line of
 * text per row.
 *
 * On the table's side the lines are those SQLite wrote, before DuckDB parsed, joined, sorted or compressed anything. On the
 * file's side they are made anew from all its columns, texts turned back into the numbers of the dictionaries by asking
 * SQLite for them by value, which is the opposite direction of how they were written. A line binds all values of a row to
 * its id, so a changed value, two values swapped between rows, a row that is missing or there twice change the sum (but
 * for one chance in 2^64); the sum does not depend on order. That the lines on disk are what SQLite said is told by their
 * SHA-256, taken as they came.
 *
 * @throws VerificationError
 */
export async function verifyArchive(session: Session, db: RawConnection, compared: Compared): Promise<void> {
  const { lines, linesPath, parquetPath } = compared;
  const rehashed = hashFile(linesPath);
  // Looked at below; a failure of the statements in between must not leave it unhandled.
  rehashed.catch(() => undefined);
  const table = await session.row<Sum>(`SELECT ${sumOf('line')} FROM ${wholeLines(linesPath)}`);
  const file = await sumOfFile(session, db, parquetPath);
  if ((await rehashed).sha256 !== lines.sha256)
    throw new VerificationError('The lines read from the table have changed.');
  if (table.n !== BigInt(lines.rows) || file.n !== table.n) {
    throw new VerificationError(`The table has ${lines.rows} rows, its copy ${file.n}.`);
  }
  if (file.sum !== table.sum) throw new VerificationError('The copy has as many rows as its table, but not the same.');
}

function sumOf(line: string): string {
  return `count(*) AS n, sum(hash(${line})::HUGEINT) AS sum`;
}

async function sumOfFile(session: Session, db: RawConnection, parquetPath: string): Promise<Sum> {
  const file = `read_parquet(${literal(parquetPath)}, hive_partitioning = false)`;
  const find = new ReverseDictionary(db);
  await findNumbers(session, file, {
    table: 'found_types',
    texts: TYPE_TEXTS,
    numbers: ['app', 'type'],
    find: ({ package_id, type }) => [find.app(package_id), find.word(find.app(package_id), 'type', type)],
  });
  await findNumbers(session, file, {
    table: 'found_contexts',
    texts: CONTEXT_TEXTS,
    numbers: ['context'],
    find: (texts) => [find.context(texts)],
  });
  // concat_ws leaves out what is null, so what no dictionary knows makes another line than any row of the table.
  const line = `concat_ws(chr(${FIELD_SEPARATOR}), e.id, t.app, e.device, e.session, epoch_ms(e.time), t.type, c.context,
    e.clock_corrected::INTEGER + 2 * e.clamped::INTEGER + 4 * e.late::INTEGER, coalesce(e.data, ''))`;
  const rows = `SELECT *, ${keyOf(TYPE_TEXTS)} AS type_key, ${keyOf(CONTEXT_TEXTS)} AS context_key FROM ${file}`;
  return session.row<Sum>(`SELECT ${sumOf(line)} FROM (${rows}) e
    LEFT JOIN found_types t ON t.key = e.type_key LEFT JOIN found_contexts c ON c.key = e.context_key`);
}

const TYPE_TEXTS = ['package_id', 'type'];
const CONTEXT_TEXTS = ['package_id', ...CONTEXT_COLUMNS];

type Texts = Record<string, string | null>;

/**
 * Fills a temporary table with the numbers that each set of texts of a file stands for, under a key of those texts: numbers
 * are joined several times faster than texts.
 *
 * @throws VerificationError when two sets have the same key, so that none says more than the texts would
 */
async function findNumbers(
  session: Session,
  file: string,
  { table, texts, numbers, find }: { table: string; texts: string[]; numbers: string[]; find: (row: Texts) => Cell[] },
): Promise<void> {
  const distinct = await session.rows<Texts & { key: bigint }>(
    `SELECT ${keyOf(texts)} AS key, * FROM (SELECT DISTINCT ${texts.join(', ')} FROM ${file})`,
  );
  if (new Set(distinct.map(({ key }) => key)).size < distinct.length)
    throw new VerificationError('Two texts of the copy have the same key.');
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${table} (key UBIGINT, ${numbers.map((name) => `${name} INTEGER`).join(', ')})`,
  );
  const appender = await session.connection.createAppender(table);
  try {
    for (const row of distinct) {
      appender.appendUBigInt(row.key);
      for (const cell of find(row)) {
        if (cell == null) appender.appendNull();
        else appender.appendInteger(cell);
      }
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

type Cell = number | undefined;

/** Finds numbers by the texts they stand for, through the unique indexes of telemetry.db; each text once. */
class ReverseDictionary {
  readonly #apps = new Map<string | null | undefined, number | undefined>();
  readonly #words = new Map<string, number | undefined>();
  readonly #app;
  readonly #word;
  readonly #context;

  constructor(db: RawConnection) {
    this.#app = db.prepare('SELECT app FROM apps WHERE package_id = ? AND package_id = ? COLLATE BINARY').pluck();
    this.#word = db.prepare('SELECT word FROM words WHERE app = ? AND kind = ? AND value = ?').pluck();
    const is = CONTEXT_COLUMNS.map((name) => `${name} = ?`).join(' AND ');
    this.#context = db.prepare(`SELECT context FROM contexts WHERE app = ? AND ${is}`).pluck();
  }

  app(packageId: string | null | undefined): number | undefined {
    if (!this.#apps.has(packageId)) {
      this.#apps.set(packageId, this.#app.get(packageId, packageId) as number | undefined);
    }
    return this.#apps.get(packageId);
  }

  word(app: Cell, kind: string, value: string | null | undefined): number | undefined {
    if (value === null) return 0;
    const text = `${app} ${kind} ${value}`;
    if (!this.#words.has(text)) this.#words.set(text, this.#word.get(app, kind, value) as number | undefined);
    return this.#words.get(text);
  }

  context(row: Texts): number | undefined {
    const app = this.app(row.package_id);
    const words = CONTEXT_COLUMNS.map((name) => this.word(app, name, row[name]));
    return this.#context.get(app, ...words) as number | undefined;
  }
}
