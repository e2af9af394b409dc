import { compareCounts } from './count-rows.js';

describe('comparing what came back with the live tables', () => {
  const compare = (restored: number | undefined, before: number, after: number | undefined, table = 'apps') =>
    compareCounts('core.db', restored === undefined ? {} : { [table]: restored }, { [table]: before }, (tables) =>
      after === undefined || !tables.has(table) ? {} : { [table]: after },
    );

  it('wants as many rows of a table that did not change', () => {
    expect(compare(418_500, 418_500, 418_500)).toEqual([]);
    expect(compare(29_400, 418_500, 418_500)).toEqual([
      'core.db: the table apps came back with 29400 rows, and the database has 418500.',
    ]);
    expect(compare(418_501, 418_500, 418_500)).toHaveLength(1);
    expect(compare(undefined, 1, 1)).toEqual(['core.db: the table apps did not come back.']);
  });

  it('wants a number between the two of one that did, in either direction', () => {
    expect([compare(10, 10, 20), compare(20, 10, 20), compare(15, 20, 10)]).toEqual([[], [], []]);
    expect(compare(9, 10, 20)).toEqual([
      'core.db: the table apps came back with 9 rows, and the database has 10 to 20.',
    ]);
    expect(compare(21, 20, 10)).toHaveLength(1);
  });

  it('counts the live rows again only of tables that came back with another number', () => {
    const asked: string[] = [];
    const recount = (tables: ReadonlySet<string>) => {
      asked.push(...tables);
      return { reviews: 4 };
    };
    expect(compareCounts('core.db', { apps: 7, reviews: 4 }, { apps: 7, reviews: 3 }, recount)).toEqual([]);
    expect(asked).toEqual(['reviews']);
    const never = () => {
      throw new Error('Nothing differs.');
    };
    expect(compareCounts('core.db', { apps: 7 }, { apps: 7 }, never)).toEqual([]);
  });

  it('asks nothing of a table that was dropped meanwhile, and little of rows that come and go', () => {
    expect(compare(5, 5, undefined)).toEqual([]);
    expect(compare(1, 0, 0, 'pending_objects')).toEqual([]);
    expect(compare(5_000, 0, 0, 'pending_objects')).toHaveLength(1);
  });
});
