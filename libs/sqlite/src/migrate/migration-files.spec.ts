import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { parseMigration, readMigrations } from './migration-files.js';
import { findTransactionControl } from './transaction-control.js';

describe('a folder of migrations', () => {
  const write = (files: Record<string, string>): string => {
    const folder = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };
  const TEXT = '-- About it.\n-- migrate:up\nCREATE TABLE t (a);\n\n-- migrate:down\nDROP TABLE t;\n';

  it('is read in the order of its names, each file in its two parts', () => {
    const migrations = readMigrations(write({ '0002_b.sql': TEXT, '0001_a.sql': TEXT, 'README.md': 'x' }));
    expect(migrations.map(({ name }) => name)).toEqual(['0001_a', '0002_b']);
    expect(migrations[0]).toMatchObject({ up: 'CREATE TABLE t (a);', down: 'DROP TABLE t;' });
  });

  it.each(['1_a.sql', '0001-a.sql', '0001_A.sql'])('is refused with a file named %s', (name) => {
    expect(() => readMigrations(write({ [name]: TEXT }))).toThrow('must be named like');
  });

  it.each([
    'CREATE TABLE t (a);',
    '-- migrate:up\nCREATE TABLE t (a);',
    '-- migrate:down\nDROP TABLE t;\n-- migrate:up\nCREATE TABLE t (a);',
    '-- migrate:up\n\n-- migrate:down\nDROP TABLE t;',
    '-- migrate:up\nCREATE TABLE t (a);\n-- migrate:down\n',
  ])('is refused with a migration that has no way there or no way back: %j', (text) => {
    expect(() => parseMigration('0001_a', text)).toThrow('Migration 0001_a');
  });

  it('has a checksum of the way there, and not of what is said about it', () => {
    const { checksum } = parseMigration('0001_a', TEXT);
    expect(parseMigration('0001_a', TEXT.replace('About it.', 'More about it.')).checksum).toBe(checksum);
    expect(parseMigration('0001_a', TEXT.replace('t (a)', 't (b)')).checksum).not.toBe(checksum);
  });
});

describe('the search for transaction control', () => {
  it.each([
    ['COMMIT', 'SELECT 1; COMMIT'],
    ['COMMIT', '/* x */ commit;'],
    ['END', 'SELECT 1;;END TRANSACTION;'],
    ['ROLLBACK', `SELECT ';'; rollback to s;`],
    ['BEGIN', '-- x\nBEGIN;'],
    ['COMMIT', 'CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END; COMMIT;'],
  ])('finds %s in: %s', (statement, sql) => {
    expect(findTransactionControl(sql)).toBe(statement);
  });

  it.each([
    `INSERT INTO t VALUES ('; COMMIT;', "; END;", [; BEGIN], \`; ROLLBACK\`)`,
    '-- ; COMMIT;\nSELECT 1 /* ; COMMIT; */',
    'CREATE TRIGGER t BEFORE DELETE ON a BEGIN SELECT 1; SELECT CASE WHEN 1 THEN 2 END; END',
    'CREATE TRIGGER t BEFORE DELETE ON a WHEN 1 BEGIN SELECT 1; END; SELECT CASE 1 WHEN 1 THEN 2 END;',
    'SAVEPOINT s; RELEASE s;',
    'UPDATE commits SET "commit" = 1',
    '',
  ])('finds nothing in: %s', (sql) => {
    expect(findTransactionControl(sql)).toBeUndefined();
  });
});
