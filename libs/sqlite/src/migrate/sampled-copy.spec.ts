import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { dumpFile } from '../../test/support/dump.js';
import { openReader, openWriter } from '../open.js';
import { makeSampledCopy } from './sampled-copy.js';

const SCHEMA = `
  CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL, duration_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE apps (app INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT;
  CREATE TABLE devices (app INTEGER NOT NULL REFERENCES apps, pseudonym BLOB NOT NULL, PRIMARY KEY (app, pseudonym)) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (app INTEGER, pseudonym BLOB, big INTEGER, twice INTEGER AS (big * 2),
    FOREIGN KEY (app, pseudonym) REFERENCES devices (app, pseudonym)) STRICT;
  CREATE TABLE events_1 (id INTEGER PRIMARY KEY, app INTEGER NOT NULL) STRICT;
  CREATE INDEX sessions_app ON sessions (app);
  CREATE VIEW named AS SELECT name FROM apps;
  CREATE TRIGGER no_deletes BEFORE DELETE ON apps BEGIN SELECT RAISE(ABORT, 'apps stay'); END;
  WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO apps (app, name) SELECT i, 'app ' || i FROM n;
  INSERT INTO devices SELECT app, CAST(randomblob(8) || app AS BLOB) FROM apps;
  INSERT INTO sessions (app, pseudonym, big) SELECT app, pseudonym, 9007199254740993 + app FROM devices ORDER BY app * 7919 % 500;
  INSERT INTO events_1 SELECT app, app FROM apps;
  INSERT INTO schema_migrations SELECT printf('%04d_x', app), 'c', 't', 1 FROM apps;`;

describe('a copy of schema and samples', () => {
  it('has the whole schema and history, both ends of each table, and no row that points at nothing', () => {
    const folder = temporaryDirectory();
    const [file, copy] = [join(folder, 'file.db'), join(folder, 'copy.db')];
    const source = openWriter(file);
    source.exec(SCHEMA);
    makeSampledCopy(file, copy, /^events_/, { rows: 20, keptRows: 2 });
    const target = openReader(copy);
    const schemaOf = (connection: typeof source) => (dumpFile(connection) as { schema: unknown }).schema;
    const ask = (sql: string) => target.prepare(sql).pluck().all();
    expect(schemaOf(target)).toEqual(schemaOf(source));
    expect(ask('SELECT COUNT(*) FROM schema_migrations')).toEqual([500]);
    expect(ask('SELECT id FROM events_1 ORDER BY id')).toEqual([1, 2, 499, 500]);
    expect(ask('SELECT COUNT(*) FROM sessions')).toEqual([40]);
    // 40 devices of its own, those of the 40 sessions, and the apps of both.
    const devices = ask('SELECT COUNT(*) FROM devices')[0] as number;
    expect(devices).toBeGreaterThan(60);
    expect(devices).toBeLessThanOrEqual(80);
    expect(target.pragma('foreign_key_check')).toEqual([]);
    expect(ask('SELECT seq FROM sqlite_sequence')).toEqual([500]);
    const exact = 'SELECT group_concat(big) FROM (SELECT big FROM sessions ORDER BY rowid LIMIT 20)';
    expect(ask(exact)).toEqual(source.prepare(exact).pluck().all());
    target.close();
    source.close();
  });
});
