import { Migrator, parseMigration } from '@mosis/sqlite';
import { readCoreMigrations } from '../src/core-database.js';
import { expectRefused, openAsOutsider } from './support/outsider.js';
import { Store } from './support/store.js';

describe('a later migration', () => {
  it('rebuilds the table that everything points at, and keeps every row and every guard', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { appId, developerId } = store.sceneWith('published');
    store.sceneWith('review');
    const count = (table: string) => store.db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get();
    const tables = ['developers', 'signing_keys', 'apps', 'app_revisions', 'app_versions', 'reviews', 'check_results'];
    const before = tables.map(count);
    const sqlOf = (where: string) =>
      store.db.prepare(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND ${where}`).pluck().all() as string[];
    const [create = ''] = sqlOf(`type = 'table' AND name = 'developers'`);
    const rebuild = [
      create.replace('CREATE TABLE developers', 'CREATE TABLE developers_new'),
      'INSERT INTO developers_new SELECT * FROM developers',
      'DROP TABLE developers',
      'ALTER TABLE developers_new RENAME TO developers',
    ];
    const guards = sqlOf(`type IN ('index', 'trigger') AND tbl_name = 'developers'`);
    const migrate = (statements: string[]) => {
      const later = parseMigration('9999_x', `-- migrate:up\n${statements.join(';\n')};\n-- migrate:down\nSELECT 1`);
      new Migrator(store.db, [...readCoreMigrations(), later]).up();
    };
    expect(() => migrate(rebuild)).toThrow('developers_delete_guard of developers');
    migrate([...rebuild, ...guards]);
    expect(tables.map(count)).toEqual(before);
    expect(store.get('apps', appId)['status']).toBe('published');
    store.db.pragma('foreign_keys = OFF');
    expectRefused(store.db, 'developer-in-use', () =>
      store.run('DELETE FROM developers WHERE id = @developerId', { developerId }),
    );
  });
});
