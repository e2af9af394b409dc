import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { openWriter, type RawConnection } from '../open.js';
import { findDamage } from './find-damage.js';
import { splitIntegrity } from './integrity-tasks.js';
import { lookThrough } from './look-through.js';

const SOUND = { structure: [], rows: [], references: [] };

describe('looking a database through', () => {
  const folder = temporaryDirectory();
  let count = 0;

  /** A file with tables of every kind that the platform has: with indexes, without, WITHOUT ROWID, FTS5. */
  const make = (spoil: (db: RawConnection) => void = () => undefined): string => {
    const file = join(folder, `${++count}.db`);
    const db = openWriter(file);
    db.exec(`
      CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents, tag TEXT) STRICT;
      CREATE INDEX children_tag ON children (tag);
      CREATE TABLE plain (id INTEGER PRIMARY KEY, size INTEGER NOT NULL CHECK (size > 0)) STRICT;
      CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;
      CREATE VIRTUAL TABLE words USING fts5(name, content='parents', content_rowid='id');
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO parents SELECT i, 'parent ' || i FROM n;
      INSERT INTO children SELECT id, id, 'tag ' || (id % 7) FROM parents;
      INSERT INTO plain SELECT id, id FROM parents;
      INSERT INTO pairs SELECT id, id FROM parents;`);
    spoil(db);
    db.close();
    return file;
  };
  const withBoth = async (file: string) => ({
    one: await lookThrough(file, { threads: 1 }),
    three: await lookThrough(file, { threads: 3 }),
  });
  const rewriteSchema = (db: RawConnection, name: string, sql: string) => {
    db.unsafeMode(true);
    db.exec('PRAGMA writable_schema = ON');
    db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sql, name);
  };

  it('finds nothing in a sound one', async () => {
    expect(await withBoth(make())).toEqual({ one: SOUND, three: SOUND });
  });

  it('splits the work: the table with most rows and indexes first, those with none only in the whole', () => {
    const db = openWriter(make());
    const tasks = splitIntegrity(db).map((task) =>
      task.kind === 'references' ? task.kind : typeof task.scope === 'string' ? task.scope : task.scope.table,
    );
    db.close();
    expect(tasks.slice(0, 3).sort()).toEqual(['all-but-indexes', 'children', 'parents']);
    expect(tasks).toEqual(expect.arrayContaining(['references', 'words', 'pairs']));
    expect(tasks).not.toContain('plain');
  });

  it('finds an index that is not the one of its table', async () => {
    const file = make((db) => rewriteSchema(db, 'children_tag', 'CREATE INDEX children_tag ON children (id)'));
    const { one, three } = await withBoth(file);
    for (const { structure, rows, references } of [one, three]) {
      expect(structure).toContain('row 1 missing from index children_tag');
      expect(structure).toHaveLength(10);
      expect([rows, references]).toEqual([[], []]);
    }
  });

  it('finds a row that breaks a CHECK once, in a table without indexes too', async () => {
    const file = make((db) => {
      db.pragma('ignore_check_constraints = ON');
      db.exec('INSERT INTO plain VALUES (9000, -1)');
    });
    const found = { ...SOUND, rows: ['CHECK constraint failed in plain'] };
    expect(await withBoth(file)).toEqual({ one: found, three: found });
  });

  it('finds rows that point at nothing, counted by tables', async () => {
    const file = make((db) => {
      db.pragma('foreign_keys = OFF');
      db.exec('DELETE FROM parents WHERE id <= 3');
      // The texts that are searched follow their table.
      db.exec(`INSERT INTO words (words) VALUES ('rebuild')`);
    });
    const found = { ...SOUND, references: [{ table: 'children', parent: 'parents', rows: 3 }] };
    expect(await withBoth(file)).toEqual({ one: found, three: found });
  });

  it('finds a page that belongs to nothing', async () => {
    const file = make((db) => {
      db.unsafeMode(true);
      db.exec(`PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'plain'`);
    });
    const { one, three } = await withBoth(file);
    expect(one.structure.join()).toMatch(/Page \d+: never used/);
    expect(three.structure.join()).toMatch(/Page \d+: never used/);
  });

  it('finds the damage of a table that cannot be read at all', async () => {
    let root = 0;
    const file = make((db) => {
      db.pragma('wal_checkpoint(TRUNCATE)');
      root = db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'children'`).pluck().get() as number;
    });
    const bytes = readFileSync(file);
    const pageBytes = bytes.readUInt16BE(16);
    bytes.fill(0xff, (root - 1) * pageBytes, root * pageBytes);
    writeFileSync(file, bytes);
    const { one, three } = await withBoth(file);
    for (const { structure } of [one, three]) expect(structure.join()).toContain(`Tree ${root} page ${root}`);
  });

  it('throws what SQLite says of a file that is none', async () => {
    const file = join(folder, 'none.db');
    writeFileSync(file, 'x'.repeat(10_000));
    await expect(lookThrough(file, { threads: 1 })).rejects.toThrow('file is not a database');
    await expect(lookThrough(file, { threads: 2 })).rejects.toThrow('file is not a database');
  });

  it('ends with its signal, and says why', async () => {
    const file = make();
    const signal = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(lookThrough(file, { threads: 2, signal })).rejects.toThrow('Ctrl-C');
  });

  it('sees with one connection what it sees with threads', async () => {
    const file = make((db) => db.exec('DELETE FROM plain WHERE id % 2'));
    const db = openWriter(file);
    expect(findDamage(db)).toEqual({ structure: [], rows: [] });
    db.close();
    expect(await lookThrough(file)).toEqual(SOUND);
  });
});
