import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RawConnection } from '@mosis/sqlite/connection';
import { eventsTable } from '../storage/day-tables.js';
import { breathe, literal } from './duck.js';

/** Rows of one short statement. */
const ROWS_PER_READ = 4096;
/** Stands between the fields of a line. Not part of any JSON text, which escapes control characters. */
export const FIELD_SEPARATOR = 31;

/** The columns of a raw table as DuckDB reads them from lines. */
const COLUMNS = {
  id: 'BIGINT',
  app: 'INTEGER',
  device: 'UINTEGER',
  session: 'BIGINT',
  time_ms: 'BIGINT',
  type: 'INTEGER',
  context: 'INTEGER',
  flags: 'UTINYINT',
  data: 'VARCHAR',
};

/** What was read of a raw table. */
export interface RawLines {
  rows: number;
  lastId: number;
  /** Of all the bytes, as they came from SQLite. */
  sha256: string;
}

/**
 * Writes the rows of a partition after `afterId` to a file, one line each in the order of their ids, as text that SQLite
 * itself makes: DuckDB reads that several times faster than JavaScript can hand values over. Every read is a statement of
 * its own over a few thousand rows, so that no transaction holds the WAL. It ends with the table, or soon after `maxRows`.
 *
 * @param check throws when the work was given up
 */
export async function writeRawLines(
  db: RawConnection,
  { day, afterId, maxRows = Number.POSITIVE_INFINITY }: { day: number; afterId: number; maxRows?: number },
  path: string,
  check: () => void,
): Promise<RawLines> {
  const statement = db
    .prepare(
      `SELECT count(*), max(id), CAST(group_concat(
         concat_ws(char(${FIELD_SEPARATOR}), id, app, device, session, time_ms, type, context, flags, ifnull(data, '')),
         char(10)) || char(10) AS BLOB)
       FROM (SELECT * FROM ${eventsTable(day)} WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_READ})`,
    )
    .raw();
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  let rows = 0;
  let lastId = afterId;
  try {
    while (rows < maxRows) {
      const [count, last, lines] = statement.get(lastId) as [number, number | null, Buffer];
      if (last === null) break;
      hash.update(lines);
      await file.appendFile(lines);
      rows += count;
      lastId = last;
      await breathe();
      check();
    }
  } finally {
    await file.close();
  }
  return { rows, lastId, sha256: hash.digest('hex') };
}

/** The lines of a file as a relation with the columns of a raw table. */
export function parsedLines(path: string): string {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: '${type}'`);
  return `read_csv(${literal(path)}, delim = chr(${FIELD_SEPARATOR}), ${PLAIN}, nullstr = '', columns = {${columns.join(', ')}})`;
}

/** The lines of a file as they are, in one column `line`. */
export function wholeLines(path: string): string {
  return `read_csv(${literal(path)}, delim = chr(10), ${PLAIN}, columns = {line: 'VARCHAR'})`;
}

const PLAIN = `quote = '', escape = '', comment = '', header = false, auto_detect = false, strict_mode = false, new_line = '\\n'`;

/** The SHA-256 and size of a file, read in flat memory. */
export async function hashFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Columns of a raw table, in order. */
export const RAW_COLUMNS = COLUMNS;
