import { Injectable } from '@nestjs/common';
import { sql, type RawBuilder } from 'kysely';
import { CoreDatabase } from '@mosis/db';
import type { PreparedQuery } from '@mosis/sqlite';
import { hasTag, visibleApps, type StoreFilter } from './visible-apps.repository.js';

/** Weights of the columns of `apps_fts`: name, package id, description, tags, developer. */
const BM25 = sql<number>`bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0)`;
/**
 * Ranking looks at no more rows than this, once among names and once among everything: each costs microseconds, and a word
 * that more have ranks nothing.
 */
const MAX_RANKED = 1_000;
/** Names that are looked at for what was typed. */
const MAX_NAMED = 500;
/** Newest apps that are looked at for each three-letter piece: what more have tells a near miss from nothing. */
const MAX_PER_TRIGRAM = 1_000;
/** Apps that share the most pieces, and are compared letter by letter. */
const MAX_NEAR_CANDIDATES = 300;
/** What {@link ranking} and near misses leave out before their bounds, with `apps_listed` as `a`. */
const IS_LISTED = sql`a.status = 'published' AND a.withdrawn_at IS NULL`;
/** Apps with one and the same name that come first. */
const MAX_NAMESAKES = 50;

/** What ranking needs to know of an app. */
type Match = { seq: number; name: string; package_id: string };

/** Of tags like these the index has the words as they stand; anything else is left to the comparison of whole tags. */
const PLAIN_TAG = /^[\p{L}\p{N} .+#-]*[\p{L}\p{N}][\p{L}\p{N} .+#-]*$/u;

/** Rows that have the tag's words among their tags as well: the index finds these, and the tag itself decides. */
function withTag(expression: string, tag: string): string {
  return PLAIN_TAG.test(tag) ? `(${expression}) AND tags : "${tag}"` : expression;
}

/**
 * Rows and ranks of what matches, newest first, as a part of a query. What is no longer or not yet published is left out before
 * the bound: drafts, of which anybody makes as many as he likes, must not take the places of what was reviewed. The index that
 * says so covers the join; the table would be read through the pages of each description.
 */
function ranking(expression: string, { category, tag }: StoreFilter, limit = MAX_RANKED): RawBuilder<unknown> {
  const where = [
    sql`apps_fts MATCH ${tag ? withTag(expression, tag) : expression}`,
    IS_LISTED,
    ...(category ? [sql`a.category = ${category}`] : []),
    ...(tag ? [hasTag(tag)] : []),
  ];
  return sql`SELECT apps_fts.rowid AS seq, ${BM25} AS rank
    FROM apps_fts CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = apps_fts.rowid
    WHERE ${sql.join(where, sql` AND `)} ORDER BY apps_fts.rowid DESC LIMIT ${limit}`;
}

/** All SQL of searching the store. */
@Injectable()
export class SearchRepository {
  private readonly matches: PreparedQuery<{ seqs: string }, Match>;

  constructor(private readonly db: CoreDatabase) {
    this.matches = db.prepareRead(({ seqs }) =>
      visibleApps(db.read, {})
        .select(['a.seq', 'a.name', 'a.package_id'])
        .where(sql<boolean>`a.seq IN (SELECT value FROM json_each(${seqs}))`),
    );
  }

  /** Apps whose package id or name is exactly this, ignoring case. */
  async findExact(text: string, filter: StoreFilter): Promise<number[]> {
    // One query for each index: an OR over both reads every app.
    const [byId, byName] = await Promise.all([
      visibleApps(this.db.read, filter).select('a.seq').where('a.package_id', '=', text).execute(),
      visibleApps(this.db.read, filter)
        .select('a.seq')
        .where(sql<boolean>`a.name = ${text} COLLATE NOCASE`)
        .orderBy('a.seq')
        .limit(MAX_NAMESAKES)
        .execute(),
    ]);
    return [...byId, ...byName].map(({ seq }) => seq);
  }

  /**
   * What matches a full-text expression, best first: apps whose names have it all, and apps that have it anywhere. Of each, the
   * newest {@link MAX_RANKED} of what is published are ranked. Whether devices see an app after all (its owner may be suspended,
   * its versions yanked) costs more to find out than its rank, so that is left to who shows it.
   */
  async rank(
    expression: string,
    filter: StoreFilter,
  ): Promise<{ named: [seq: number, name: string][]; seqs: number[] }> {
    const { rows } = await sql<{ named: string; seqs: string }>`
      SELECT
        (SELECT json_group_array(json_array(seq, (SELECT name FROM apps WHERE apps.seq = hit.seq)) ORDER BY rank, seq)
           FROM (SELECT seq, rank FROM (${ranking(`name : (${expression})`, filter)}) ORDER BY rank, seq LIMIT ${MAX_NAMED}) hit) AS named,
        (SELECT json_group_array(seq ORDER BY rank, seq) FROM (${ranking(expression, filter)})) AS seqs`.execute(
      this.db.scan,
    );
    const [row] = rows;
    return {
      named: JSON.parse(row?.named ?? '[]') as [number, string][],
      seqs: JSON.parse(row?.seqs ?? '[]') as number[],
    };
  }

  /** Apps that match a full-text expression and that devices see, best first, no more than `limit`. */
  async match(expression: string, filter: StoreFilter, limit: number): Promise<Match[]> {
    const best = sql`SELECT seq FROM (${ranking(expression, filter)}) ORDER BY rank, seq LIMIT ${limit}`;
    const { rows } = await sql<{ seq: number }>`${best}`.execute(this.db.scan);
    return this.listMatches(rows.map(({ seq }) => seq));
  }

  /** Whether anything published matches a full-text expression. */
  async has(expression: string, filter: StoreFilter): Promise<boolean> {
    const { rows } = await sql`SELECT 1 FROM (${ranking(expression, filter, 1)})`.execute(this.db.scan);
    return rows.length > 0;
  }

  /** Of these apps those that devices see, in the same order. */
  async listMatches(seqs: readonly number[]): Promise<Match[]> {
    const rows = await this.matches.execute({ seqs: JSON.stringify(seqs) });
    const bySeq = new Map(rows.map((row) => [row.seq, row]));
    return seqs.map((seq) => bySeq.get(seq)).filter((row) => row !== undefined);
  }

  /** Apps whose name or package id shares the most of these three-letter pieces. */
  async matchTrigrams(
    trigrams: readonly string[],
    filter: StoreFilter,
  ): Promise<{ seq: number; name: string; package_id: string; shared: number }[]> {
    if (trigrams.length === 0) return [];
    const hits = sql.join(
      trigrams.map(
        (trigram) => sql`SELECT seq FROM (
          SELECT t.rowid AS seq FROM apps_trigrams t CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = t.rowid
           WHERE t.apps_trigrams MATCH ${`"${trigram.replaceAll('"', '""')}"`} AND ${IS_LISTED}
           ORDER BY t.rowid DESC LIMIT ${MAX_PER_TRIGRAM})`,
      ),
      sql` UNION ALL `,
    );
    const best = sql<{
      seq: number;
      shared: number;
    }>`(SELECT seq, COUNT(*) AS shared FROM (${hits}) GROUP BY seq ORDER BY shared DESC, seq LIMIT ${MAX_NEAR_CANDIDATES})`;
    return visibleApps(this.db.scan, filter)
      .innerJoin(best.as('hit'), 'hit.seq', 'a.seq')
      .select(['a.seq', 'a.name', 'a.package_id', 'hit.shared'])
      .orderBy('hit.shared', 'desc')
      .orderBy('a.seq')
      .execute();
  }
}
