import { openAsOutsider } from './support/outsider.js';

describe('a table whose rows must not vanish', () => {
  it.each(['developers', 'signing_keys', 'app_revisions', 'app_versions', 'tombstones', 'reviews', 'check_results'])(
    '(%s) has no hidden row id, by which REPLACE could delete what no key conflicts with',
    (table) => {
      const connection = openAsOutsider({ foreignKeys: false });
      for (const name of ['rowid', 'oid', '_rowid_']) {
        expect(() => connection.prepare(`SELECT ${name} FROM ${table}`)).toThrow('no such column');
      }
    },
  );
});
