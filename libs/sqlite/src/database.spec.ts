import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { temporaryDirectory } from '../test/support/temporary.js';
import { SqliteDatabase } from './database.js';

interface Schema {
  notes: { id: number; body: string };
}

describe('a database', () => {
  let file: string;
  let db: SqliteDatabase<Schema>;
  let other: Database.Database;

  beforeEach(() => {
    file = join(temporaryDirectory(), 'notes.db');
    db = new SqliteDatabase<Schema>({ file });
    db.rawWriter.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT');
    other = new Database(file, { timeout: 0 });
  });
  afterEach(async () => {
    other.close();
    await db.close();
  });

  const insert = (id: number) => (trx: { insertInto: SqliteDatabase<Schema>['read']['insertInto'] }) =>
    trx
      .insertInto('notes')
      .values({ id, body: `note ${id}` })
      .execute();
  const readIds = async () =>
    (await db.read.selectFrom('notes').select('id').orderBy('id').execute()).map(({ id }) => id);
  /** Something to wait for that this test settles itself. */
  const gate = () => Promise.withResolvers<void>();

  it('takes the write lock before the first statement of a transaction', async () => {
    await db.write(async () => {
      expect(() => other.exec('BEGIN IMMEDIATE')).toThrow('database is locked');
    });
    expect(() => other.exec('BEGIN IMMEDIATE; ROLLBACK')).not.toThrow();
  });

  it('commits what a transaction wrote and answers with its result', async () => {
    expect(await db.write(async (trx) => (await insert(1)(trx), 'done'))).toBe('done');
    expect(other.prepare('SELECT id FROM notes').pluck().all()).toEqual([1]);
  });

  it('rolls everything back when the work throws, and hands the error on', async () => {
    const failure = new Error('no');
    await expect(
      db.write(async (trx) => {
        await insert(1)(trx);
        await sql`CREATE TABLE drafts (id)`.execute(trx);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await readIds()).toEqual([]);
    expect(other.prepare(`SELECT name FROM sqlite_schema`).pluck().all()).toEqual(['notes']);
    await db.write(insert(2));
    expect(await readIds()).toEqual([2]);
  });

  it('rolls back when a statement ended the transaction by itself', async () => {
    await db.write(insert(1));
    await expect(
      db.write(async (trx) => {
        await insert(2)(trx);
        await sql`INSERT OR ROLLBACK INTO notes VALUES (1, 'again')`.execute(trx);
      }),
    ).rejects.toThrow('UNIQUE constraint failed');
    await db.write(insert(3));
    expect(await readIds()).toEqual([1, 3]);
  });

  it('lets concurrent transactions run one after the other, in the order they came', async () => {
    const events: string[] = [];
    const opened = gate();
    const write = (name: number) =>
      db.write(async (trx) => {
        events.push(`${name} begins`);
        if (name === 1) await opened.promise;
        await insert(name)(trx);
        events.push(`${name} ends`);
      });
    const all = [1, 2, 3].map(write);
    expect(await readIds()).toEqual([]);
    opened.resolve();
    await Promise.all(all);
    expect(events).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
  });

  it('goes on with the next transaction after one that failed', async () => {
    const results = await Promise.allSettled([db.write(insert(1)), db.write(insert(1)), db.write(insert(2))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await readIds()).toEqual([1, 2]);
  });

  it('refuses a transaction inside a transaction instead of waiting for itself', async () => {
    const nested = db.write(async (trx) => {
      await insert(1)(trx);
      await db.write(insert(2));
    });
    await expect(nested).rejects.toThrow('pass the transaction');
    expect(await readIds()).toEqual([]);
    await db.write(insert(3));
    expect(await readIds()).toEqual([3]);
  });

  it('lets a reader see only what is committed', async () => {
    await db.write(async (trx) => {
      await insert(1)(trx);
      expect(await readIds()).toEqual([]);
      expect(await trx.selectFrom('notes').select('id').execute()).toEqual([{ id: 1 }]);
    });
    expect(await readIds()).toEqual([1]);
  });

  it('refuses to write through the reader', async () => {
    await expect(insert(1)(db.read)).rejects.toThrow(/readonly/);
    await expect(db.read.transaction().execute(async () => 1)).rejects.toThrow('outside transactions');
  });

  it('refuses streaming, inside and outside a transaction', async () => {
    const drain = async (from: SqliteDatabase<Schema>['read']) => {
      for await (const row of from.selectFrom('notes').selectAll().stream()) void row;
    };
    await expect(drain(db.read)).rejects.toThrow('page with a cursor');
    await expect(db.write(drain)).rejects.toThrow('page with a cursor');
    await expect(drain(db.scan)).rejects.toThrow('LIMIT');
  });

  it('tells how many rows a statement changed', async () => {
    await db.write(insert(1));
    const [result] = await db.write((trx) => trx.updateTable('notes').set({ body: 'x' }).execute());
    expect(result?.numUpdatedRows).toBe(1n);
  });

  it('calls its listeners after each commit, and only then', async () => {
    const seen: number[][] = [];
    db.onCommit(() => seen.push(other.prepare('SELECT id FROM notes').pluck().all() as number[]));
    await db.write(insert(1));
    await db.write(insert(1)).catch(() => undefined);
    await db.write(insert(2));
    expect(seen).toEqual([[1], [1, 2]]);
  });

  it('closes after the transaction that runs now, and refuses the next one', async () => {
    const opened = gate();
    const running = db.write(async (trx) => {
      await insert(1)(trx);
      await opened.promise;
      await insert(2)(trx);
    });
    const closing = db.close();
    const late = db.write(insert(3));
    const refused = expect(late).rejects.toThrow('closing');
    opened.resolve();
    await Promise.all([running, closing, refused]);
    expect(other.prepare('SELECT id FROM notes').pluck().all()).toEqual([1, 2]);
  });

  it('closes what was never used too, and folds the WAL into the file', async () => {
    const unused = join(temporaryDirectory(), 'unused.db');
    const database = new SqliteDatabase<Schema>({ file: unused });
    database.rawWriter.exec('CREATE TABLE notes (id)');
    expect(existsSync(`${unused}-wal`)).toBe(true);
    await database.close();
    expect(database.rawWriter.open).toBe(false);
    expect(existsSync(`${unused}-wal`)).toBe(false);
    await expect(database.close()).resolves.toBeUndefined();
  });
});
