import fc from 'fast-check';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { openWriter, type RawConnection } from '../open.js';
import { parseMigration } from './migration-files.js';
import { Migrator } from './migrator.js';

const directory = temporaryDirectory();
let files = 0;
const openFresh = (): RawConnection => openWriter(join(directory, `${(files += 1)}.db`));
const migration = (name: string, up: string) =>
  parseMigration(name, `-- migrate:up\n${up}\n-- migrate:down\nSELECT 1;`);
const dump = (connection: RawConnection, tables: readonly string[]) =>
  tables.map((table) => connection.prepare(`SELECT * FROM ${table} ORDER BY id`).all());

describe('the rebuild of a table that others point at', () => {
  const SCHEMA = `
    CREATE TABLE developers (id INTEGER PRIMARY KEY, email TEXT NOT NULL) STRICT;
    CREATE TABLE apps (id INTEGER PRIMARY KEY, developer_id INTEGER NOT NULL REFERENCES developers (id) ON DELETE CASCADE) STRICT;
    CREATE TABLE versions (id INTEGER PRIMARY KEY, app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE) STRICT;
    INSERT INTO developers VALUES (1, 'ada@example.com'), (2, 'grace@example.com');
    INSERT INTO apps VALUES (1, 1), (2, 1), (3, 2);
    INSERT INTO versions VALUES (1, 1), (2, 2), (3, 3);`;
  const REBUILD = `
    CREATE TABLE developers_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT 'developer') STRICT;
    INSERT INTO developers_new (id, email) SELECT id, email FROM developers;
    DROP TABLE developers;
    ALTER TABLE developers_new RENAME TO developers;`;

  it('keeps every row of its children, and the references between them', () => {
    const connection = openFresh();
    connection.exec(SCHEMA);
    const children = dump(connection, ['apps', 'versions']);
    new Migrator(connection, [migration('0001_roles', REBUILD)]).up();
    expect(dump(connection, ['apps', 'versions'])).toEqual(children);
    expect(connection.prepare('SELECT role FROM developers').pluck().all()).toEqual(['developer', 'developer']);
    expect(() => connection.exec('INSERT INTO apps VALUES (9, 9)')).toThrow('FOREIGN KEY constraint failed');
    connection.exec('DELETE FROM developers WHERE id = 1');
    expect(connection.prepare('SELECT id FROM versions').pluck().all()).toEqual([3]);
    connection.close();
  });

  it('would empty its children when it ran as any other transaction of this connection', () => {
    const connection = openFresh();
    connection.exec(SCHEMA);
    connection.exec(`BEGIN; ${REBUILD} COMMIT;`);
    expect(dump(connection, ['apps', 'versions'])).toEqual([[], []]);
    expect(connection.pragma('foreign_key_check')).toEqual([]);
    connection.close();
  });

  it('that forgets rows of the parent is refused', () => {
    const connection = openFresh();
    connection.exec(SCHEMA);
    const forgetful = REBUILD.replace('FROM developers;', 'FROM developers WHERE id = 1;');
    const before = dump(connection, ['developers', 'apps', 'versions']);
    expect(() => new Migrator(connection, [migration('0001_roles', forgetful)]).up()).toThrow('developers (2 → 1)');
    expect(dump(connection, ['developers', 'apps', 'versions'])).toEqual(before);
    connection.close();
  });

  const GUARDS = `
    CREATE INDEX developers_email ON developers (email);
    CREATE TRIGGER developers_stay BEFORE DELETE ON developers BEGIN SELECT RAISE(ABORT, 'developers stay'); END;`;
  const WATCHER = `CREATE TRIGGER apps_named AFTER INSERT ON apps BEGIN SELECT email FROM developers; END;`;

  it('works although triggers of other tables name it, and they still do', () => {
    const connection = openFresh();
    connection.exec(SCHEMA + WATCHER);
    new Migrator(connection, [migration('0001_roles', REBUILD)]).up();
    expect(() => connection.exec('INSERT INTO apps VALUES (4, 1)')).not.toThrow();
    expect(connection.pragma('legacy_alter_table', { simple: true })).toBe(0);
    connection.close();
  });

  it('is refused when it forgets the triggers and indexes of the table', () => {
    const connection = openFresh();
    connection.exec(SCHEMA + GUARDS);
    const attempt = (sql: string) => new Migrator(connection, [migration('0001_roles', sql)]).up();
    expect(() => attempt(REBUILD)).toThrow('developers_email of developers, developers_stay of developers');
    expect(() => attempt(`DROP INDEX developers_email; ${REBUILD}`)).toThrow(': developers_stay of developers.');
    expect(() => connection.exec('DELETE FROM developers')).toThrow('developers stay');
    attempt(REBUILD + GUARDS);
    expect(() => connection.exec('DELETE FROM developers')).toThrow('developers stay');
    connection.close();
  });

  it('may leave a trigger or an index away by dropping it by name', () => {
    const connection = openFresh();
    connection.exec(SCHEMA + GUARDS);
    const sql = `DROP INDEX IF EXISTS developers_email; DROP TRIGGER "developers_stay"; ${REBUILD}`;
    expect(() => new Migrator(connection, [migration('0001_roles', sql)]).up()).not.toThrow();
    connection.close();
  });

  it('is told from a plain new name, which references and triggers follow', () => {
    const connection = openFresh();
    connection.exec(SCHEMA + WATCHER);
    const rename = migration('0001_rename', 'ALTER TABLE developers RENAME TO people');
    new Migrator(connection, [rename]).up({ allowLoss: ['developers'] });
    connection.exec('INSERT INTO apps VALUES (4, 1)');
    expect(connection.prepare(`SELECT "table" FROM pragma_foreign_key_list('apps')`).pluck().get()).toBe('people');
    connection.close();
  });

  it('keeps every row of every table, whatever points at what', () => {
    const tables = fc
      .integer({ min: 1, max: 5 })
      .chain((count) =>
        fc.tuple(
          fc.array(fc.record({ parent: fc.nat(), rows: fc.nat(6) }), { minLength: count, maxLength: count }),
          fc.nat(count - 1),
        ),
      );
    fc.assert(
      fc.property(tables, ([specification, rebuilt]) => {
        const connection = openFresh();
        const names = specification.map((_, index) => `t${index}`);
        specification.forEach(({ parent, rows }, index) => {
          const target = names[parent % (index + 1)];
          connection.exec(
            `CREATE TABLE t${index} (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES ${target} (id) ON DELETE CASCADE, note TEXT)`,
          );
          for (let row = 1; row <= rows; row += 1) {
            connection
              .prepare(`INSERT INTO t${index} VALUES (?, (SELECT id FROM ${target} ORDER BY id % ? LIMIT 1), 'note')`)
              .run(row, row);
          }
        });
        const before = dump(connection, names);
        const table = names[rebuilt];
        const parent = connection
          .prepare(`SELECT "table" FROM pragma_foreign_key_list(?)`)
          .pluck()
          .get(table) as string;
        const sql = `
          CREATE TABLE fresh (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES ${parent} (id) ON DELETE CASCADE, note TEXT, extra TEXT);
          INSERT INTO fresh (id, parent, note) SELECT id, parent, note FROM ${table};
          DROP TABLE ${table};
          ALTER TABLE fresh RENAME TO ${table};`;
        new Migrator(connection, [migration('0001_rebuild', sql)]).up();
        const after = dump(connection, names).map((rows) =>
          rows.map((row) => ({ ...(row as object), extra: undefined })),
        );
        expect(after).toEqual(before);
        expect(connection.pragma('foreign_key_check')).toEqual([]);
        connection.close();
      }),
      { numRuns: 30 },
    );
  });
});
