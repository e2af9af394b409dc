import { openWriter } from './open.js';
import { isSqliteError } from './sqlite-error.js';

describe('an error of SQLite', () => {
  const connection = openWriter(':memory:');
  afterAll(() => connection.close());
  const caught = (sql: string): unknown => {
    try {
      connection.exec(sql);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('is known by its code and by the one that this extends', () => {
    const error = caught('CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1), (1)');
    expect(isSqliteError(error, 'SQLITE_CONSTRAINT')).toBe(true);
    expect(isSqliteError(error, 'SQLITE_CONSTRAINT_UNIQUE')).toBe(true);
    expect(isSqliteError(error, 'SQLITE_CONSTRAINT_CHECK')).toBe(false);
    expect(isSqliteError(error, 'SQLITE_CON')).toBe(false);
  });

  it.each([undefined, null, 'SQLITE_BUSY', new Error('SQLITE_BUSY'), { code: 5 }])('is not %p', (value) => {
    expect(isSqliteError(value, 'SQLITE_BUSY')).toBe(false);
  });
});
