import { join } from 'node:path';
import { dumpFile } from '../../test/support/dump.js';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { openWriter, type RawConnection } from '../open.js';
import { parseMigration, type Migration } from './migration-files.js';
import { MigrationError } from './migration-error.js';
import { Migrator, type MigrateOptions } from './migrator.js';

const migration = (name: string, up: string, down = `SELECT 'nothing to take back'`): Migration =>
  parseMigration(name, `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`);

const FIRST = migration(
  '0001_people',
  `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, nickname TEXT) STRICT;
   CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE) STRICT;`,
  'DROP TABLE pets; DROP TABLE people;',
);

describe('the migrator', () => {
  let connection: RawConnection;
  beforeEach(() => (connection = openWriter(join(temporaryDirectory(), 'file.db'))));
  afterEach(() => connection.close());

  const up = (migrations: Migration[], options?: MigrateOptions) => new Migrator(connection, migrations).up(options);
  const fill = () => {
    up([FIRST]);
    connection.exec(
      `INSERT INTO people VALUES (1, 'Ada', 'A'), (2, 'Grace', NULL); INSERT INTO pets VALUES (1, 1), (2, 2)`,
    );
  };
  /** Expects a refusal that leaves the whole file as it was. */
  const expectRefused = (code: MigrationError['code'], attempt: () => unknown): MigrationError => {
    const before = dumpFile(connection);
    let refusal: unknown;
    try {
      attempt();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(MigrationError);
    expect((refusal as MigrationError).code).toBe(code);
    expect(dumpFile(connection)).toEqual(before);
    expect(connection.inTransaction).toBe(false);
    return refusal as MigrationError;
  };

  describe('up, down and status', () => {
    const second = migration(
      '0002_age',
      'ALTER TABLE people ADD COLUMN age INTEGER',
      'ALTER TABLE people DROP COLUMN age',
    );

    it('apply what is pending, once, and say how each migration stands', () => {
      const now = () => new Date('2026-11-21T10:00:00Z');
      const migrator = new Migrator(connection, [FIRST, second]);
      expect(migrator.status().map(({ state }) => state)).toEqual(['pending', 'pending']);
      up([FIRST], { now });
      expect(migrator.status()).toEqual([
        { name: '0001_people', state: 'applied', applied_at: '2026-11-21T10:00:00.000Z' },
        { name: '0002_age', state: 'pending', applied_at: null },
      ]);
      expect(migrator.up().map(({ name, direction }) => [name, direction])).toEqual([['0002_age', 'up']]);
      expect(migrator.up()).toEqual([]);
      expect(connection.prepare('SELECT id, name, nickname, age FROM people').all()).toEqual([]);
    });

    it('take back the newest first, as many as asked for', () => {
      const migrator = new Migrator(connection, [FIRST, second]);
      migrator.up();
      expect(migrator.down(1).map(({ name }) => name)).toEqual(['0002_age']);
      expect(migrator.status().map(({ state }) => state)).toEqual(['applied', 'pending']);
      migrator.up();
      expect(migrator.down(9).map(({ name }) => name)).toEqual(['0002_age', '0001_people']);
      expect(connection.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()).toEqual([
        'schema_migrations',
      ]);
    });

    it('tell of each migration before and after it, with the rows there are', () => {
      fill();
      const told: unknown[] = [];
      up([FIRST, second], {
        onStep: ({ durationMs, ...step }) => told.push({ ...step, done: durationMs !== undefined }),
      });
      const step = { name: '0002_age', direction: 'up', rows: 4 };
      expect(told).toEqual([
        { ...step, done: false },
        { ...step, done: true },
      ]);
    });

    it('write nothing when they only look', () => {
      const before = dumpFile(connection);
      new Migrator(connection, [FIRST]).status();
      new Migrator(connection, []).up();
      expect(dumpFile(connection)).toEqual(before);
    });

    it('work on a file that a reader has open', () => {
      fill();
      const reader = openWriter(connection.name);
      reader.exec('BEGIN; SELECT * FROM people;');
      expect(() => up([FIRST, second])).not.toThrow();
      reader.exec('COMMIT');
      reader.close();
    });

    it('leave foreign keys as they found them', () => {
      for (const setting of [0, 1]) {
        connection.pragma(`foreign_keys = ${setting}`);
        new Migrator(connection, [FIRST]).up();
        expect(() => up([FIRST, migration(`0002_fails`, 'SELECT wrong')])).toThrow(MigrationError);
        expect(connection.pragma('foreign_keys', { simple: true })).toBe(setting);
      }
    });
  });

  describe('leaves nothing behind', () => {
    const broken =
      'CREATE TABLE extra (id); INSERT INTO people VALUES (9, 9, 9); SELECT * FROM missing; CREATE TABLE more (id);';

    it('of a migration that fails in the middle, on a fresh file too', () => {
      expectRefused('migration-failed', () => up([migration('0001_broken', 'CREATE TABLE a (b); SELECT wrong;')]));
      fill();
      const error = expectRefused('migration-failed', () => up([FIRST, migration('0002_broken', broken)]));
      expect(error.message).toContain('no such table: missing');
      expect(error.migration).toBe('0002_broken');
    });

    it('of a way back that fails in the middle', () => {
      fill();
      const second = migration(
        '0002_extra',
        'CREATE TABLE extra (id)',
        `DROP TABLE extra; DELETE FROM pets; SELECT wrong;`,
      );
      up([FIRST, second]);
      expectRefused('migration-failed', () => new Migrator(connection, [FIRST, second]).down(1));
    });

    it('and of the ones before it in the same run', () => {
      fill();
      const second = migration('0002_extra', 'CREATE TABLE extra (id)', 'DROP TABLE extra');
      expectRefused('migration-failed', () => up([FIRST, second, migration('0003_broken', 'SELECT wrong')]));
      up([FIRST, second]);
      const failing = { ...FIRST, down: 'SELECT wrong' };
      expectRefused('migration-failed', () => new Migrator(connection, [failing, second]).down(2));
    });

    it('of a migration whose conflict clause rolled it back by itself', () => {
      fill();
      const rollsBack = `CREATE TABLE extra (id); INSERT OR ROLLBACK INTO people VALUES (1, 'again', NULL);`;
      expectRefused('migration-failed', () => up([FIRST, migration('0002_rolls_back', rollsBack)]));
    });
  });

  describe('refuses a migration that', () => {
    it.each([
      ['COMMIT', `DELETE FROM pets; COMMIT; CREATE TABLE extra (id);`],
      ['COMMIT', `DELETE FROM pets; commit transaction; BEGIN;`],
      ['END', `DELETE FROM pets;\n-- a comment\n/* ; */ end;`],
      ['ROLLBACK', `DELETE FROM pets; ROLLBACK; BEGIN; CREATE TABLE extra (id)`],
      ['BEGIN', `BEGIN IMMEDIATE; DELETE FROM pets`],
      ['COMMIT', `CREATE TRIGGER t AFTER INSERT ON pets BEGIN SELECT CASE WHEN 1 THEN 2 END; END; COMMIT`],
    ])('has a %s of its own: %s', (statement, sql) => {
      fill();
      const error = expectRefused('migration-failed', () => up([FIRST, migration('0002_commits', sql)]));
      expect(error.message).toContain(`${statement} of its own`);
    });

    it('loses rows, and says how many', () => {
      fill();
      const error = expectRefused('migration-loses-rows', () =>
        up([FIRST, migration('0002_x', 'DELETE FROM people WHERE id = 2; DELETE FROM pets WHERE owner = 2')]),
      );
      expect(error.losses).toEqual([
        { subject: 'people', before: 2, after: 1 },
        { subject: 'pets', before: 2, after: 1 },
      ]);
      expect(error.message).toContain('people (2 → 1), pets (2 → 1)');
    });

    it('loses the values of a column, by emptying or by dropping it', () => {
      fill();
      for (const sql of ['UPDATE people SET nickname = NULL', 'ALTER TABLE people DROP COLUMN nickname']) {
        const error = expectRefused('migration-loses-rows', () => up([FIRST, migration('0002_x', sql)]));
        expect(error.losses).toEqual([{ subject: 'people.nickname', before: 1, after: 0 }]);
      }
    });

    it('loses a table that has rows', () => {
      fill();
      const error = expectRefused('migration-loses-rows', () => up([FIRST, migration('0002_x', 'DROP TABLE pets')]));
      expect(error.losses).toEqual([{ subject: 'pets', before: 2, after: 0 }]);
    });

    it('loses rows on the way back', () => {
      fill();
      expectRefused('migration-loses-rows', () => new Migrator(connection, [FIRST]).down(1));
    });

    it('loses more than what it may lose', () => {
      fill();
      const sql = 'DELETE FROM pets; UPDATE people SET nickname = NULL';
      const attempt = (allowLoss: string[]) => () => up([FIRST, migration('0002_x', sql)], { allowLoss });
      for (const allowed of [[], ['pets'], ['people.nickname'], ['people'], ['pets.owner', 'people.name']]) {
        expectRefused('migration-loses-rows', attempt(allowed));
      }
      attempt(['pets', 'people.nickname'])();
      expect(connection.prepare('SELECT COUNT(*), COUNT(nickname) FROM people').raw().get()).toEqual([2, 0]);
    });

    it('leaves rows that point at nothing', () => {
      fill();
      const error = expectRefused('migration-breaks-references', () =>
        up([FIRST, migration('0002_x', 'UPDATE people SET id = id + 10')]),
      );
      expect(error.message).toContain('2 rows that point at nothing: pets → people');
    });
  });

  describe('looks at what was broken before, and', () => {
    const breakCheck = `PRAGMA ignore_check_constraints = ON; INSERT INTO scores VALUES (-1, 'x'); PRAGMA foreign_keys = ON;`;
    const scores = migration(
      '0001_scores',
      `CREATE TABLE scores (points INTEGER CHECK (points > 0), by TEXT NOT NULL) STRICT`,
    );

    it('refuses a migration that leaves rows which break a CHECK', () => {
      up([scores]);
      const migrations = [scores, migration('0002_breaks', breakCheck)];
      const error = expectRefused('migration-breaks-checks', () => up(migrations, { checks: true }));
      expect(error.message).toContain('CHECK constraint failed in scores (1)');
      expect(() => connection.exec(`INSERT INTO scores VALUES (-1, 'x')`)).toThrow('CHECK constraint failed');
    });

    it('lets a file be migrated that was broken before, as long as it gets no worse', () => {
      up([scores]);
      connection.exec(`CREATE TABLE people (id INTEGER PRIMARY KEY); CREATE TABLE pets (owner INTEGER REFERENCES people);
        PRAGMA ignore_check_constraints = ON; INSERT INTO scores VALUES (-1, 'x'); PRAGMA ignore_check_constraints = OFF;
        PRAGMA foreign_keys = OFF; INSERT INTO pets VALUES (7); PRAGMA foreign_keys = ON;`);
      const harmless = migration('0002_harmless', 'CREATE TABLE more (id INTEGER)');
      up([scores, harmless], { checks: true });
      const worse = migration('0003_worse', 'INSERT INTO pets VALUES (8)');
      const error = expectRefused('migration-breaks-references', () => up([scores, harmless, worse], { checks: true }));
      expect(error.message).toContain('1 rows that point at nothing: pets → people');
    });
  });

  describe('keeps its hands off tables that must stay as they are, and refuses a migration that', () => {
    const keptTables = /^events_\d+$/;
    const days = migration(
      '0001_days',
      `CREATE TABLE events_1 (id INTEGER PRIMARY KEY, data TEXT) STRICT; CREATE TABLE events_2 (id INTEGER PRIMARY KEY) STRICT;
       CREATE TABLE days (day INTEGER PRIMARY KEY) STRICT`,
    );
    beforeEach(() => {
      up([days]);
      connection.exec(`INSERT INTO events_1 VALUES (1, 'a'), (2, NULL); INSERT INTO days VALUES (1);
        CREATE VIEW newest AS SELECT * FROM events_1;
        CREATE TRIGGER follow AFTER DELETE ON days BEGIN DELETE FROM events_1; END;
        CREATE TRIGGER write AFTER INSERT ON days BEGIN INSERT INTO events_1 VALUES (NEW.day, 'b'); END;
        CREATE TRIGGER mend AFTER UPDATE ON days BEGIN UPDATE events_1 SET data = 'c'; END;`);
    });

    it.each([
      ['names one', `UPDATE events_1 SET data = 'x'`, 'names events_1'],
      ['drops one, writing its name otherwise', 'DROP TABLE EVENTS_2', 'would change, drop or replace tables'],
      ['deletes rows in a roundabout way', 'DELETE FROM days', 'must not change the rows of events_1'],
      ['adds rows', 'INSERT INTO days VALUES (7)', 'must not change the rows of events_1'],
      ['changes rows', 'UPDATE days SET day = 2', 'must not change the rows of events_1'],
    ])('%s', (_what, sql, message) => {
      const migrations = [days, migration('0002_x', sql)];
      const allowLoss = ['days', 'events_1'];
      const error = expectRefused('migration-changes-kept-table', () => up(migrations, { keptTables, allowLoss }));
      expect(error.message).toContain(message);
    });

    it('and nothing else of them is in the way', () => {
      connection.exec('DROP TRIGGER write');
      const migrations = [days, migration('0002_x', 'CREATE TABLE more (id INTEGER); INSERT INTO days VALUES (7)')];
      expect(up(migrations, { keptTables })).toMatchObject([{ name: '0002_x', rows: 1 }]);
      expect(() => connection.exec(`INSERT INTO events_1 VALUES (9, 'z')`)).not.toThrow();
    });
  });

  describe('refuses a history', () => {
    const second = migration('0002_more', 'CREATE TABLE more (id)', 'DROP TABLE more');

    it('with a migration that was changed after it had been applied', () => {
      up([FIRST]);
      const changed = migration('0001_people', 'CREATE TABLE people (id)', FIRST.down);
      expect(new Migrator(connection, [changed]).status()[0]?.state).toBe('changed');
      expectRefused('migration-history-differs', () => up([changed, second]));
      expectRefused('migration-history-differs', () => new Migrator(connection, [changed]).down(1));
    });

    it('with a migration that only a newer version knows', () => {
      up([FIRST, second]);
      expect(new Migrator(connection, [FIRST]).status().at(-1)).toMatchObject({ name: '0002_more', state: 'unknown' });
      const error = expectRefused('migration-history-differs', () => up([FIRST]));
      expect(error.message).toContain('newer version');
      expectRefused('migration-history-differs', () => new Migrator(connection, [FIRST]).down(1));
    });

    it('into which a migration would be slipped before one that is applied', () => {
      up([FIRST, second]);
      const between = migration('0001_slipped_in', 'CREATE TABLE slipped (id)');
      expectRefused('migration-history-differs', () => up([FIRST, between, second]));
    });

    it('of which the way back was improved: not', () => {
      up([FIRST]);
      const improved = migration('0001_people', FIRST.up, `DROP TABLE pets; DROP TABLE people; SELECT 'better'`);
      expect(() => new Migrator(connection, [improved]).down(1)).not.toThrow();
    });
  });
});
