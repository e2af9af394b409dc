import { globSync } from 'node:fs';
import { StatementType } from '@duckdb/node-api';
import { QueryError } from '../queries/types.js';
import { literal, type Session } from './duck.js';
import type { SqlAnswer } from './protocol.js';
import { unionOf, type RawDeps } from './raw-events.js';

/**
 * Runs one SELECT of the operator's. `events` are all rows that may still be read, with `received`, their day of receipt;
 * `aggregates` are the daily ones, when they lie in a folder of this machine. Nothing can be changed, and no file outside
 * these be read.
 *
 * @throws QueryError `invalid-sql`
 */
export async function operatorSql(
  session: Session,
  deps: RawDeps & { aggregatesFolder?: string },
  { text, maxRows }: { text: string; maxRows: number },
  nowMs: number,
): Promise<SqlAnswer> {
  const partitions = await deps.staged.prepare(session, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, nowMs);
  const none = `SELECT ${NO_EVENTS} WHERE false`;
  await session.run(`CREATE OR REPLACE TEMP VIEW events AS ${unionOf(deps.dataDir, partitions) ?? none}`);
  if (deps.aggregatesFolder !== undefined) {
    // A pattern that matches nothing is an error to DuckDB, also while nobody asks for the view.
    const aggregates = globSync('*/*.parquet', { cwd: deps.aggregatesFolder }).length > 0;
    await session.run(
      `CREATE OR REPLACE TEMP VIEW aggregates AS ${
        aggregates
          ? `SELECT * FROM read_parquet(${literal(`${deps.aggregatesFolder}/*/*.parquet`)}, hive_partitioning = true)`
          : `SELECT ${NO_AGGREGATES} WHERE false`
      }`,
    );
  }
  await refuseOther(session, text);
  try {
    return await readRows(session, text, maxRows);
  } catch (error) {
    session.check();
    throw new QueryError('invalid-sql', (error as Error).message);
  }
}

const NO_EVENTS = [
  ...['package_id', 'type', 'app_version', 'mosis_version', 'os', 'country', 'device_model', 'locale', 'data'].map(
    (name) => `NULL::VARCHAR AS ${name}`,
  ),
  ...['clock_corrected', 'clamped', 'late'].map((name) => `false AS ${name}`),
  '0::BIGINT AS id, 0::BIGINT AS session, 0::UINTEGER AS device, NULL::TIMESTAMP AS time, NULL::DATE AS received',
].join(', ');

const NO_AGGREGATES = `NULL::VARCHAR AS package_id, NULL::VARCHAR AS metric, NULL::VARCHAR AS type, NULL::VARCHAR AS dimension,
  NULL::VARCHAR AS value, false AS bots, 0::BIGINT AS count, NULL::BLOB AS devices, NULL::DATE AS day`;

async function refuseOther(session: Session, text: string): Promise<void> {
  try {
    const statements = await session.connection.extractStatements(text);
    if (statements.count !== 1) throw new Error('It is not one statement.');
    const statement = await statements.prepare(0);
    const { statementType, parameterCount } = statement;
    statement.destroySync();
    if (statementType !== StatementType.SELECT) throw new Error('It is not a SELECT.');
    if (parameterCount > 0) throw new Error('It has parameters.');
  } catch (error) {
    throw new QueryError('invalid-sql', (error as Error).message);
  }
}

async function readRows(session: Session, text: string, maxRows: number): Promise<SqlAnswer> {
  const result = await session.connection.stream(text);
  const rows: unknown[][] = [];
  for await (const chunk of result.yieldRowsJs()) {
    session.check();
    for (const row of chunk) {
      if (rows.length === maxRows) return { columns: result.columnNames(), rows, truncated: true };
      rows.push(row.map(plain));
    }
  }
  return { columns: result.columnNames(), rows, truncated: false };
}

/** A value as JSON can hold it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
