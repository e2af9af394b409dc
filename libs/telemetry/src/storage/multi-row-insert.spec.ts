import Database from 'better-sqlite3';
import fc from 'fast-check';
import { MultiRowInsert } from './multi-row-insert.js';

describe('rows inserted many at a time', () => {
  const db = new Database(':memory:');
  const rows = () => db.prepare('SELECT k, v FROM t ORDER BY rowid').raw().all() as [k: number, v: string | null][];
  let insert: MultiRowInsert;

  beforeEach(() => {
    db.exec('DROP TABLE IF EXISTS t; CREATE TABLE t (k INTEGER NOT NULL UNIQUE, v TEXT) STRICT');
    insert = new MultiRowInsert(db, 't', ['k', 'v']);
  });
  afterAll(() => db.close());

  it('are in the table after a flush, each once and in their order, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 6 }), (groups) => {
        db.exec('DELETE FROM t');
        let next = 0;
        for (const size of groups) {
          for (let index = 0; index < size; index += 1) {
            insert.add(next, next % 3 === 0 ? null : `v${next}`);
            next += 1;
          }
          insert.flush();
          expect(rows()).toHaveLength(next);
        }
        expect(rows()).toEqual(Array.from({ length: next }, (_, k) => [k, k % 3 === 0 ? null : `v${k}`]));
      }),
    );
  });

  it('add up where the statement says so, within one group as well', () => {
    const sums = new MultiRowInsert(db, 't', ['k', 'v'], 'ON CONFLICT DO UPDATE SET v = v || excluded.v');
    for (const [k, v] of [[1, 'a'], [2, 'b'], [1, 'c'], [1, 'd'], [2, 'e']] as const) sums.add(k, v); // prettier-ignore
    sums.flush();
    expect(rows()).toEqual([
      [1, 'acd'],
      [2, 'be'],
    ]);
  });

  it('never come into a later transaction than their own', () => {
    insert.add(1, 'undone');
    insert.reset();
    insert.add(2, 'refused');
    insert.add(2, 'twice');
    expect(() => insert.flush()).toThrow(/UNIQUE/);
    insert.add(3, 'kept');
    insert.flush();
    expect(rows().filter(([k]) => k !== 2)).toEqual([[3, 'kept']]);
  });
});
