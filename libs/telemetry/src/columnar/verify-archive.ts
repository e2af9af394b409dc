import type { RawConnection } from '@mosis/sqlite/connection';
import { CONTEXT_COLUMNS } from './dictionaries.js';
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
  const columns = CONTEXT_COLUMNS.join(', ');
  await session.run(
    'CREATE OR REPLACE TEMP TABLE found_types (package_id VARCHAR, name VARCHAR, app INTEGER, type INTEGER)',
  );
  await session.run(`CREATE OR REPLACE TEMP TABLE found_contexts (package_id VARCHAR,
    ${CONTEXT_COLUMNS.map((name) => `${name} VARCHAR`).join(', ')}, context INTEGER)`);
  const find = new ReverseDictionary(db);
  const types = await session.rows<Record<string, string | null>>(
    `SELECT DISTINCT package_id, type AS name FROM ${file}`,
  );
  const contexts = await session.rows<Record<string, string | null>>(
    `SELECT DISTINCT package_id, ${columns} FROM ${file}`,
  );
  await append(session, 'found_types', types, ({ package_id, name }) => [
    ...[package_id, name],
    ...[find.app(package_id), find.word(find.app(package_id), 'type', name)],
  ]);
  await append(session, 'found_contexts', contexts, (row) => [
    ...[row.package_id, ...CONTEXT_COLUMNS.map((name) => row[name])],
    find.context(row),
  ]);
  const same = CONTEXT_COLUMNS.map((name) => `c.${name} IS NOT DISTINCT FROM e.${name}`);
  // concat_ws leaves out what is null, so what no dictionary knows makes another line than any row of the table.
  const line = `concat_ws(chr(${FIELD_SEPARATOR}), e.id, t.app, e.device, e.session, epoch_ms(e.time), t.type, c.context,
    e.clock_corrected::INTEGER + 2 * e.clamped::INTEGER + 4 * e.late::INTEGER, coalesce(e.data, ''))`;
  return session.row<Sum>(`SELECT ${sumOf(line)} FROM ${file} e
    LEFT JOIN found_types t ON t.package_id = e.package_id AND t.name IS NOT DISTINCT FROM e.type
    LEFT JOIN found_contexts c ON c.package_id = e.package_id AND ${same.join(' AND ')}`);
}

type Cell = string | number | null | undefined;

async function append<Row>(session: Session, table: string, rows: Row[], cells: (row: Row) => Cell[]): Promise<void> {
  const appender = await session.connection.createAppender(table);
  try {
    for (const row of rows) {
      for (const cell of cells(row)) {
        if (cell == null) appender.appendNull();
        else if (typeof cell === 'number') appender.appendInteger(cell);
        else appender.appendVarchar(cell);
      }
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

/** Finds numbers by the texts they stand for, through the unique indexes of telemetry.db. */
class ReverseDictionary {
  readonly #app;
  readonly #word;
  readonly #context;

  constructor(db: RawConnection) {
    this.#app = db.prepare('SELECT app FROM apps WHERE package_id = ? AND package_id = ? COLLATE BINARY').pluck();
    this.#word = db.prepare('SELECT word FROM words WHERE app = ? AND kind = ? AND value = ?').pluck();
    const is = CONTEXT_COLUMNS.map((name) => `${name} = ?`).join(' AND ');
    this.#context = db.prepare(`SELECT context FROM contexts WHERE app = ? AND ${is}`).pluck();
  }

  app(packageId: Cell): number | undefined {
    return this.#app.get(packageId, packageId) as number | undefined;
  }

  word(app: Cell, kind: string, value: Cell): number | undefined {
    return value === null ? 0 : (this.#word.get(app, kind, value) as number | undefined);
  }

  context(row: Record<string, string | null>): number | undefined {
    const app = this.app(row.package_id);
    const words = CONTEXT_COLUMNS.map((name) => this.word(app, name, row[name]));
    return this.#context.get(app, ...words) as number | undefined;
  }
}
