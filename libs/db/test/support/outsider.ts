import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWriter, type RawConnection } from '@mosis/sqlite';
import { coreDatabasePath } from '../../src/core-database.js';
import { migrateCoreDatabase } from '../../src/testing.js';

const directory = mkdtempSync(join(tmpdir(), 'mosis-core-'));
const open: RawConnection[] = [];
let files = 0;

migrateCoreDatabase(directory);

afterEach(closeOutsiders);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** How somebody opens the file who does not go through the server. */
export const OUTSIDERS = [
  ['with foreign keys on', { foreignKeys: true }],
  ['with foreign keys off, as the sqlite3 shell opens it', { foreignKeys: false }],
] as const;

/**
 * A new migrated file and a connection to it with SQLite's default pragmas: no recursive triggers, so REPLACE deletes
 * without firing a DELETE trigger. Closed after the test.
 */
export function openAsOutsider({ foreignKeys }: { foreignKeys: boolean }): RawConnection {
  const file = join(directory, `copy-${(files += 1)}.db`);
  copyFileSync(coreDatabasePath(directory), file);
  const connection = openWriter(file);
  connection.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
  connection.pragma('recursive_triggers = OFF');
  connection.pragma('trusted_schema = ON');
  // The durability of these files does not matter.
  connection.pragma('synchronous = OFF');
  open.push(connection);
  return connection;
}

/** Closes what was opened; called after each test, and by tests that open many. */
export function closeOutsiders(): void {
  for (const connection of open.splice(0)) {
    const file = connection.name;
    connection.close();
    rmSync(file);
  }
}

/** Everything that the tables hold, to show that a refused statement changed nothing. */
export function dumpRows(connection: RawConnection): Record<string, unknown[]> {
  const tables = connection
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    )
    .all() as { name: string }[];
  return Object.fromEntries(tables.map(({ name }) => [name, connection.prepare(`SELECT * FROM ${name}`).all()]));
}

/**
 * Expects that `attack` is refused with this code (the word before the colon of a guard's message), changing nothing. Where
 * several guards stand in the way, which of them speaks first is SQLite's choice.
 */
export function expectRefused(
  connection: RawConnection,
  code: string | readonly string[],
  attack: () => unknown,
): void {
  const before = dumpRows(connection);
  let message = 'nothing refused it';
  try {
    attack();
  } catch (error) {
    message = (error as Error).message;
  }
  expect([code].flat()).toContain(message.split(':')[0]);
  expect(dumpRows(connection)).toEqual(before);
}
