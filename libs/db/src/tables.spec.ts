import { openWriter, Migrator } from '@mosis/sqlite';
import { coreTables } from './tables.js';
import { readCoreMigrations } from './core-database.js';

interface ColumnInfo {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
}

function migratedConnection() {
  const connection = openWriter(':memory:');
  new Migrator(connection, readCoreMigrations()).up();
  return connection;
}

describe('the table types', () => {
  const connection = migratedConnection();
  const tables = (
    connection
      .prepare(
        `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'`,
      )
      .all() as { name: string }[]
  )
    .map(({ name }) => name)
    .filter((name) => name !== 'schema_migrations');

  it('name exactly the tables of the migrated file', () => {
    expect(Object.keys(coreTables).sort()).toEqual([...tables].sort());
  });

  it.each(Object.keys(coreTables))('describe every column of %s as the migrated file has it', (table) => {
    const columns = connection.prepare('SELECT * FROM pragma_table_info(?)').all(table) as ColumnInfo[];
    const described = Object.entries(coreTables[table as keyof typeof coreTables]).map(([name, column]) => ({
      name,
      ...column,
    }));
    const actual = columns.map((column) => {
      const isRowId = column.pk === 1 && column.type === 'INTEGER';
      return {
        name: column.name,
        type: column.type,
        nullable: column.notnull === 0 && !isRowId,
        hasDefault: column.dflt_value !== null || isRowId,
      };
    });
    expect(described).toEqual(actual);
  });

  it('are those of STRICT tables, so that SQLite itself checks the types', () => {
    const strict = connection.prepare(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main'`).all() as {
      name: string;
      strict: number;
    }[];
    for (const table of tables) expect(strict.find(({ name }) => name === table)).toEqual({ name: table, strict: 1 });
  });

  it('give every foreign key an index that starts with its column', () => {
    for (const table of tables) {
      const keys = connection.prepare('SELECT "from" AS column FROM pragma_foreign_key_list(?)').all(table) as {
        column: string;
      }[];
      const indexed = (
        connection
          .prepare(
            `SELECT i.name, (SELECT c.name FROM pragma_index_info(i.name) c WHERE c.seqno = 0) AS first FROM pragma_index_list(?) i`,
          )
          .all(table) as { first: string }[]
      ).map(({ first }) => first);
      for (const { column } of keys)
        expect({ table, column, indexed: indexed.includes(column) }).toEqual({ table, column, indexed: true });
    }
  });
});

describe('the core migrations', () => {
  it('go all the way down to an empty file and up again', () => {
    const connection = migratedConnection();
    const migrator = new Migrator(connection, readCoreMigrations());
    const before = connection
      .prepare(`SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name`)
      .all();
    migrator.down(100);
    expect(connection.prepare(`SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'`).all()).toEqual([
      { name: 'schema_migrations' },
    ]);
    migrator.up();
    expect(
      connection.prepare(`SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name`).all(),
    ).toEqual(before);
  });
});
