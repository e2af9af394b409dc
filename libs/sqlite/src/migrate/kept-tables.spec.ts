import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { openWriter, type RawConnection } from '../open.js';
import { KeptTables, findKeptName } from './kept-tables.js';

const DAYS = /^events_\d+$/;

describe('tables that must stay as they are', () => {
  let connection: RawConnection;
  beforeEach(() => {
    connection = openWriter(join(temporaryDirectory(), 'file.db'));
    connection.exec(`CREATE TABLE events_1 (id INTEGER PRIMARY KEY, data TEXT) STRICT; CREATE TABLE days (day INTEGER);
      CREATE TABLE events_2 (id INTEGER PRIMARY KEY) STRICT; INSERT INTO events_1 VALUES (1, 'a'); BEGIN IMMEDIATE;`);
  });
  afterEach(() => connection.close());

  it.each([
    ['dropped', 'DROP TABLE events_1'],
    ['dropped and made anew', 'DROP TABLE events_2; CREATE TABLE events_2 (id INTEGER PRIMARY KEY) STRICT'],
    ['given another column', 'ALTER TABLE events_1 ADD COLUMN more TEXT'],
    ['given another name', 'ALTER TABLE events_1 RENAME TO old'],
    ['given an index', 'CREATE INDEX more ON events_1 (data)'],
    ['given a trigger', 'CREATE TRIGGER more AFTER INSERT ON events_1 BEGIN DELETE FROM days; END'],
    ['joined by another one', 'CREATE TABLE events_3 (id INTEGER)'],
  ])('are not the same any more when one is %s', (_what, sql) => {
    const kept = new KeptTables(connection, DAYS);
    expect(kept.areSame()).toBe(true);
    connection.exec(sql);
    expect(kept.areSame()).toBe(false);
  });

  it.each([
    `INSERT INTO events_1 VALUES (2, 'b')`,
    `UPDATE events_1 SET data = 'c'`,
    'DELETE FROM events_1',
    `REPLACE INTO events_1 VALUES (1, 'd')`,
  ])('refuse: %s', (sql) => {
    const kept = new KeptTables(connection, DAYS);
    expect(() => connection.exec(sql)).toThrow('must not change the rows of events_1');
    kept.release();
    expect(() => connection.exec(sql)).not.toThrow();
  });

  it('are found in a text as whole words', () => {
    expect(findKeptName('SELECT * FROM "events_1";', DAYS)).toBe('events_1');
    expect(findKeptName('SELECT * FROM my_events_1, events_x', DAYS)).toBeUndefined();
  });
});
