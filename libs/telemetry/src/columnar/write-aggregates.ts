import { join } from 'node:path';
import type { DuckDBAppender } from '@duckdb/node-api';
import type { RawConnection } from '@mosis/sqlite/connection';
import { cardinality, readBitmap, using } from '../bitmaps.js';
import { formatDay } from '../storage/days.js';
import { AggregateReader, type AggregateRow } from './aggregate-rows.js';
import { breathe, literal, type Session } from './duck.js';
import { VerificationError } from './errors.js';
import type { WrittenFile } from './protocol.js';
import { hashFile } from './raw-lines.js';

const COLUMNS = `package_id VARCHAR, metric VARCHAR, type VARCHAR, dimension VARCHAR, value VARCHAR, bots BOOLEAN,
  count BIGINT, devices BLOB`;
const KEY = 'package_id, metric, type, dimension, value, bots';

/**
 * Writes the aggregates of one bucket day to a file in `scratch` and reads them back. The day itself is in the path the file
 * gets, not in the file: readers that take columns from the path refuse one that is there twice.
 *
 * @throws VerificationError when the file does not hold what was read
 */
export async function writeAggregates(
  session: Session,
  { db, scratch }: { db: RawConnection; scratch: string },
  day: number,
): Promise<WrittenFile & { version: number; path: string }> {
  const reader = new AggregateReader(db);
  const version = reader.version(day);
  const path = join(scratch, `aggregates-${formatDay(day)}.parquet`);
  await session.run(`CREATE OR REPLACE TEMP TABLE aggregate_rows (${COLUMNS})`);
  const expected = new Sums();
  const appender = await session.connection.createAppender('aggregate_rows', null, 'temp');
  try {
    for (const { app, package_id } of reader.apps()) {
      for (const row of reader.read(app, package_id, day)) {
        append(appender, row);
        expected.add(row);
      }
      await breathe();
      session.check();
    }
  } finally {
    appender.closeSync();
  }
  await session.run(`COPY (SELECT * FROM aggregate_rows ORDER BY ${KEY}) TO ${literal(path)}
    (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)`);
  await session.run('DROP TABLE aggregate_rows');
  const found = await readBack(session, path);
  if (found.text !== expected.text) throw new VerificationError(`The aggregates of ${formatDay(day)} do not add up.`);
  return { ...(await hashFile(path)), rows: expected.rows, version, path };
}

function append(appender: DuckDBAppender, row: AggregateRow): void {
  for (const text of [row.packageId, row.metric, row.type, row.dimension, row.value]) {
    if (text === null) appender.appendNull();
    else appender.appendVarchar(text);
  }
  appender.appendBoolean(row.bots);
  appender.appendBigInt(BigInt(row.count));
  if (row.devices === null) appender.appendNull();
  else appender.appendBlob(row.devices);
  appender.endRow();
}

/** Counts and devices, by whom and of what. */
class Sums {
  readonly #counts = new Map<string, number>();
  rows = 0;

  add(row: AggregateRow): void {
    this.rows += 1;
    const key = JSON.stringify([row.packageId, row.metric, row.type, row.dimension, row.value, row.bots]);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + row.count);
    if (row.devices && using(readBitmap(row.devices), cardinality) !== row.count) this.#counts.set(key, Number.NaN);
  }

  get text(): string {
    return JSON.stringify([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

async function readBack(session: Session, path: string): Promise<Sums> {
  const sums = new Sums();
  const result = await session.connection.stream(
    `SELECT * FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  for await (const rows of result.yieldRowsJs()) {
    for (const [packageId, metric, type, dimension, value, bots, count, devices] of rows) {
      sums.add({ packageId, metric, type, dimension, value, bots, devices, count: Number(count) } as AggregateRow);
    }
    session.check();
  }
  return sums;
}
