import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../test/support/temporary.js';
import { BUSY_TIMEOUT_MS, openReader, openWriter, type RawConnection } from './open.js';

const pragma = (connection: RawConnection, name: string): unknown => connection.pragma(name, { simple: true });

describe('an opened file', () => {
  const file = join(temporaryDirectory(), 'folder', 'that', 'is', 'missing', 'core.db');
  const writer = openWriter(file);
  const reader = openReader(file);
  afterAll(() => {
    reader.close();
    writer.close();
  });

  it('has a writer that syncs every commit, checks references, and fires triggers for REPLACE', () => {
    expect(pragma(writer, 'journal_mode')).toBe('wal');
    expect(pragma(writer, 'synchronous')).toBe(2);
    expect(pragma(writer, 'foreign_keys')).toBe(1);
    expect(pragma(writer, 'recursive_triggers')).toBe(1);
    expect(pragma(writer, 'trusted_schema')).toBe(0);
    expect(pragma(writer, 'busy_timeout')).toBe(BUSY_TIMEOUT_MS);
  });

  it('has a writer that syncs every commit also when the file was in WAL mode before', () => {
    const again = openWriter(file);
    // What this build of SQLite gives to a connection that finds a WAL file, and says nothing, is less.
    expect(pragma(again, 'synchronous')).toBe(2);
    again.close();
  });

  it('has a reader that trusts no schema and waits for locks as long', () => {
    expect(pragma(reader, 'journal_mode')).toBe('wal');
    expect(pragma(reader, 'trusted_schema')).toBe(0);
    expect(pragma(reader, 'query_only')).toBe(1);
    expect(pragma(reader, 'busy_timeout')).toBe(BUSY_TIMEOUT_MS);
  });

  it('has a reader that refuses every write, also when somebody turns query_only off', () => {
    writer.exec('CREATE TABLE IF NOT EXISTS t (a)');
    for (const queryOnly of ['ON', 'OFF']) {
      reader.pragma(`query_only = ${queryOnly}`);
      for (const sql of ['INSERT INTO t VALUES (1)', 'CREATE TABLE u (a)', 'PRAGMA user_version = 2']) {
        expect(() => reader.exec(sql)).toThrow(/readonly/);
      }
    }
    reader.pragma('query_only = ON');
  });

  it('keeps the order in which the writer’s trigger stops a REPLACE', () => {
    writer.exec(`
      CREATE TABLE kept (id INTEGER PRIMARY KEY, a);
      CREATE TRIGGER kept_stay BEFORE DELETE ON kept BEGIN SELECT RAISE(ABORT, 'kept'); END;
      INSERT INTO kept VALUES (1, 'first');
    `);
    expect(() => writer.exec(`REPLACE INTO kept VALUES (1, 'second')`)).toThrow('kept');
  });

  it('refuses a function that somebody planted in the schema', () => {
    const planted = openWriter(join(temporaryDirectory(), 'planted.db'));
    planted.function('steal', () => 'secret');
    planted.exec('CREATE VIEW v AS SELECT steal() AS stolen');
    expect(() => planted.prepare('SELECT * FROM v').all()).toThrow(/unsafe use of steal/);
    planted.close();
  });

  it('is not created by a reader', () => {
    const missing = join(temporaryDirectory(), 'missing.db');
    expect(() => openReader(missing)).toThrow();
    expect(existsSync(missing)).toBe(false);
  });

  it('is named when it cannot be opened, with the code that SQLite gave', () => {
    const folder = temporaryDirectory();
    const spoilt = join(folder, 'spoilt.db');
    writeFileSync(spoilt, 'no database '.repeat(1_000));
    const code = (open: () => unknown): unknown => {
      try {
        open();
      } catch (error) {
        return [(error as { code: string }).code, (error as Error).message];
      }
    };
    const says = ['SQLITE_NOTADB', `${spoilt}: file is not a database`];
    expect([code(() => openWriter(spoilt)), code(() => openReader(spoilt))]).toEqual([says, says]);
    const missing = join(folder, 'missing.db');
    expect(code(() => openReader(missing))).toEqual(['SQLITE_CANTOPEN', `${missing}: unable to open database file`]);
  });
});
