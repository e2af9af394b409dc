import { join } from 'node:path';
import { temporaryDirectory } from '../test/support/temporary.js';
import { SqliteDatabase } from './database.js';

interface Schema {
  notes: { id: number; body: string };
}

describe('a prepared query', () => {
  let db: SqliteDatabase<Schema>;
  beforeEach(() => {
    db = new SqliteDatabase<Schema>({ file: join(temporaryDirectory(), 'notes.db') });
    db.rawWriter.exec(`CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
      INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, 'two')`);
  });
  afterEach(() => db.close());

  const byBody = () => {
    let builds = 0;
    const query = db.prepareRead(({ body, above }: { body: string; above: number }) => {
      builds += 1;
      return db.read.selectFrom('notes').selectAll().where('body', '=', body).where('id', '>', above).orderBy('id');
    });
    return { query, builds: () => builds };
  };

  it('answers for the values it is given, and is built once', async () => {
    const { query, builds } = byBody();
    expect(await query.execute({ body: 'two', above: 0 })).toEqual([
      { id: 2, body: 'two' },
      { id: 3, body: 'two' },
    ]);
    expect(await query.executeTakeFirst({ body: 'two', above: 2 })).toEqual({ id: 3, body: 'two' });
    expect(await query.executeTakeFirst({ body: 'three', above: 0 })).toBeUndefined();
    expect(builds()).toBe(1);
  });

  it('keeps the values that stand in the query itself', async () => {
    const query = db.prepareRead(({ above }: { above: number }) =>
      db.read.selectFrom('notes').select('id').where('body', '=', 'two').where('id', '>', above).limit(1),
    );
    expect(await query.execute({ above: 2 })).toEqual([{ id: 3 }]);
  });

  it('sees what is committed after it was prepared, and binds text that looks like SQL as text', async () => {
    const { query } = byBody();
    await db.write(async (trx) => trx.insertInto('notes').values({ id: 4, body: "' OR 1 = 1 --" }).execute());
    expect(await query.execute({ body: "' OR 1 = 1 --", above: 0 })).toEqual([{ id: 4, body: "' OR 1 = 1 --" }]);
  });
});
