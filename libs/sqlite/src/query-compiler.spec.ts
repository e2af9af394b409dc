import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { temporaryDirectory } from '../test/support/temporary.js';
import { SqliteDatabase } from './database.js';

interface Schema {
  jobs: { id: number; state: string; kind: string; run_at: string; note: string | null };
}

describe('SQL that is planned once', () => {
  const db = new SqliteDatabase<Schema>({ file: join(temporaryDirectory(), 'jobs.db') });
  db.rawWriter
    .exec(`CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL, kind TEXT NOT NULL, run_at TEXT NOT NULL,
      note TEXT) STRICT;
    CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state = 'queued';
    CREATE INDEX jobs_kind ON jobs (kind COLLATE NOCASE)`);
  afterAll(() => db.close());

  const jobs = () => db.read.selectFrom('jobs').select('id');
  const planOf = (query: string, parameters: readonly unknown[]) =>
    db.rawWriter
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
      .all(...parameters)
      .map(({ detail }) => detail)
      .join();

  it('hides each value from the planner', () => {
    const { sql: text, parameters } = jobs().where('kind', '=', 'mail').where('id', 'in', [1, 2]).compile();
    expect(text).toBe('select "id" from "jobs" where "kind" = +? and "id" in (+?, +?)');
    expect(parameters).toEqual(['mail', 1, 2]);
    expect(db.read.insertInto('jobs').values({ id: 1, state: 'x', kind: 'y', run_at: 'z' }).compile().sql).toMatch(
      /values \(\+\?, \+\?, \+\?, \+\?\)$/,
    );
  });

  it('writes states into it, so that the index of those rows is used', () => {
    for (const queued of [jobs().where('state', '=', 'queued'), jobs().where('jobs.state', 'in', ['queued'])]) {
      const { sql: text, parameters } = queued.where('run_at', '<', '2026').orderBy('run_at').compile();
      expect(text).toMatch(/state" (= 'queued'|in \('queued'\)) and "run_at" < \+\?/);
      expect(parameters).toEqual(['2026']);
    }
    const { sql: text, parameters } = jobs().where('state', '=', 'queued').where('run_at', '<', '2026').compile();
    expect(planOf(text, parameters)).toContain('jobs_due');
  });

  it('writes nothing into it that is not a plain word', () => {
    for (const state of ["queued' OR 1 = 1 --", '', 'Q', 'a b', 'a'.repeat(40), "'", '\0']) {
      const compiled = jobs().where('state', '=', state).compile();
      expect(compiled.sql).toBe('select "id" from "jobs" where "state" = +?');
      expect(compiled.parameters).toEqual([state]);
    }
    expect(jobs().where('state', 'in', ['queued', "x'"]).compile().parameters).toEqual(['queued', "x'"]);
    expect(jobs().where('kind', '=', 'queued').compile().parameters).toEqual(['queued']);
  });

  it('writes whole limits and offsets into it', () => {
    expect(jobs().limit(20).offset(40).compile()).toMatchObject({
      sql: 'select "id" from "jobs" limit 20 offset 40',
      parameters: [],
    });
    expect(
      jobs()
        .limit(sql<number>`${5} + 1`)
        .compile().sql,
    ).toBe('select "id" from "jobs" limit +? + 1');
    expect(jobs().limit(-1).compile().sql).toBe('select "id" from "jobs" limit +?');
  });

  it('shows patterns to the planner, which an index may help with', () => {
    const { sql: text, parameters } = jobs().where('kind', 'like', 'mail.%').compile();
    expect(text).toBe('select "id" from "jobs" where "kind" like ?');
    expect(planOf(text, parameters)).toContain('jobs_kind');
  });

  it('keeps nothing of a prepared query as a parameter but what stands in for a value', () => {
    const prepared = db.prepareRead(({ kind }: { kind: string }) =>
      jobs().where('kind', '=', kind).where('run_at', '<', "it's").where('id', '>', 7).limit(1),
    );
    expect(prepared.sql).toBe(`select "id" from "jobs" where "kind" = +? and "run_at" < 'it''s' and "id" > 7 limit 1`);
  });

  it('answers the same as with plain parameters, whatever the values are', async () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('queued', '1', "o'clock"));
    await db.write(async (trx) => {
      await trx.deleteFrom('jobs').execute();
      for (const [id, text] of ['queued', '1', "o'clock", 'x'].entries())
        await trx.insertInto('jobs').values({ id, state: text, kind: text, run_at: text, note: null }).execute();
    });
    const plain = db.rawWriter.prepare('SELECT id FROM jobs WHERE state = ? AND kind >= ? AND id < ? ORDER BY id');
    await fc.assert(
      fc.asyncProperty(value, value, fc.integer({ min: 0, max: 5 }), async (state, kind, below) => {
        const found = await jobs()
          .where('state', '=', state)
          .where('kind', '>=', kind)
          .where('id', '<', below)
          .orderBy('id')
          .execute();
        expect(found).toEqual(plain.all(state, kind, below));
      }),
      { numRuns: 200 },
    );
  });
});
