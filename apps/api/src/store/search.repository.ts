import { Injectable } from '@nestjs/common';
import { sql, type RawBuilder } from 'kysely';
import { CoreDatabase } from '@mosis/db';
import type { PreparedQuery } from '@mosis/sqlite';
import {
  hasTag,
  orderOf,
  PLAIN_TAG,
  visibleApps,
  type StoreFilter,
  type StoreSort,
} from './visible-apps.repository.js';

/** Weights of the columns of `apps_fts`: name, package id, description, tags, developer. */
const BM25 = sql<number>`bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0)`;
/**
 * No more rows than this are looked at, the newest, once among names and once among everything: each costs microseconds, and a
 * word that more have ranks nothing.
 */
export const MAX_LOOKED_THROUGH = 1_000;
/** Rows of a three-letter piece that are counted: one that more have tells a near miss from nothing. */
const MAX_PER_TRIGRAM = 500;
/** Rows of all pieces of a query together, the rarest pieces first. */
const MAX_TRIGRAM_ROWS = 2_000;
/** Apps that share the most pieces, and are compared letter by letter. */
const MAX_NEAR_CANDIDATES = 100;
/** Apps with one and the same name that come first. */
const MAX_NAMESAKES = 50;

/** What ranking needs to know of an app. */
type Match = { seq: number; name: string; package_id: string };

/** An app that shares so many pieces of what was typed. */
type NearMatch = Match & { shared: number };

/** Rows that have the tag's words among their tags as well: the index finds these, and the tag itself decides. */
function withTag(expression: string, tag: string): string {
  return PLAIN_TAG.test(tag) ? `(${expression}) AND tags : "${tag}"` : expression;
}

/** What is left out before a bound: what is not listed, and what the filter does not want. */
function isWanted({ category, tag }: StoreFilter): RawBuilder<unknown> {
  const where = [
    sql`a.status = 'published' AND a.withdrawn_at IS NULL`,
    ...(category ? [sql`a.category = ${category}`] : []),
    ...(tag ? [hasTag(tag)] : []),
  ];
  return sql.join(where, sql` AND `);
}

/**
 * What matches, newest first, as a part of a query. What is no longer or not yet published is left out before the bound:
 * drafts, of which anybody makes as many as he likes, must not take the places of what was reviewed. The index that says so
 * has all that is asked here; the table would be read through the pages of each description.
 */
function listed(
  columns: RawBuilder<unknown>,
  expression: string,
  filter: StoreFilter,
  limit = MAX_LOOKED_THROUGH,
): RawBuilder<unknown> {
  const { tag } = filter;
  const where = [sql`apps_fts MATCH ${tag ? withTag(expression, tag) : expression}`, isWanted(filter)];
  return sql`SELECT ${columns} FROM apps_fts CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = apps_fts.rowid
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
   * The newest apps whose names match a full-text expression. Whether devices see one after all (its owner may be suspended,
   * its versions yanked) costs more to find out than this, so that is left to who shows it; so it is in {@link listNewest} and
   * {@link rank}.
   */
  async listNamed(expression: string, filter: StoreFilter): Promise<[seq: number, name: string][]> {
    const names = listed(sql`a.seq, a.name`, `name : (${expression})`, filter);
    return this.readJson(sql`SELECT json_group_array(json_array(seq, name)) AS json FROM (${names})`);
  }

  /** The newest apps that match a full-text expression: the newest, which costs nothing to know, stands for the best. */
  async listNewest(expression: string, filter: StoreFilter): Promise<number[]> {
    const seqs = listed(sql`a.seq`, expression, filter);
    return this.readJson(sql`SELECT json_group_array(seq) AS json FROM (${seqs})`);
  }

  /**
   * Of the newest apps that match a full-text expression all, the best first. What bm25 knows of a word it reads from all rows
   * that have it, which is worth it where words weigh differently.
   */
  async rank(expression: string, filter: StoreFilter): Promise<number[]> {
    const ranked = listed(sql`a.seq, ${BM25} AS rank`, expression, filter);
    return this.readJson(sql`SELECT json_group_array(seq ORDER BY rank, seq) AS json FROM (${ranked})`);
  }

  /** Whether anything published matches a full-text expression. */
  async has(expression: string, filter: StoreFilter): Promise<boolean> {
    const { rows } = await sql`${listed(sql`a.seq`, expression, filter, 1)}`.execute(this.db.scan);
    return rows.length > 0;
  }

  /** The same apps in the order of one of the store's lists. */
  async sort(seqs: readonly number[], sort: StoreSort): Promise<number[]> {
    const { column, direction } = orderOf(sort);
    const way = sql.raw(direction);
    return this.readJson(sql`SELECT json_group_array(a.seq ORDER BY ${column} ${way}, a.seq ${way}) AS json
      FROM apps a WHERE a.seq IN (SELECT value FROM json_each(${JSON.stringify(seqs)}))`);
  }

  private async readJson<Value>(query: RawBuilder<unknown>): Promise<Value[]> {
    const { rows } = await sql<{ json: string }>`${query}`.execute(this.db.scan);
    return JSON.parse(rows[0]?.json ?? '[]') as Value[];
  }

  /** Of these apps those that devices see, in the same order. */
  async listMatches(seqs: readonly number[]): Promise<Match[]> {
    const rows = await this.matches.execute({ seqs: JSON.stringify(seqs) });
    const bySeq = new Map(rows.map((row) => [row.seq, row]));
    return seqs.map((seq) => bySeq.get(seq)).filter((row) => row !== undefined);
  }

  /**
   * Apps whose name or package id shares the most of the rarest of these three-letter pieces, and of how many pieces it was
   * looked for.
   */
  async matchTrigrams(
    trigrams: readonly string[],
    filter: StoreFilter,
  ): Promise<{ matches: NearMatch[]; pieces: number }> {
    const pieces = await this.findRarest(trigrams, filter);
    if (pieces.length === 0) return { matches: [], pieces: 0 };
    const best = sql<{ seq: number; shared: number }>`(
      SELECT seq, COUNT(*) AS shared FROM (
        SELECT t.rowid AS seq FROM json_each(${JSON.stringify(pieces)}) piece
          CROSS JOIN apps_trigrams t CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = t.rowid
         WHERE t.apps_trigrams MATCH piece.value AND ${isWanted(filter)} LIMIT ${MAX_TRIGRAM_ROWS})
       GROUP BY seq ORDER BY shared DESC, seq LIMIT ${MAX_NEAR_CANDIDATES})`;
    const matches = await visibleApps(this.db.scan, {})
      .innerJoin(best.as('hit'), 'hit.seq', 'a.seq')
      .select(['a.seq', 'a.name', 'a.package_id', 'hit.shared'])
      .orderBy('hit.shared', 'desc')
      .orderBy('a.seq')
      .execute();
    return { matches, pieces: pieces.length };
  }

  /** The pieces, as FTS5 takes them, that the fewest apps have: as many as {@link MAX_TRIGRAM_ROWS} allow, and one at least. */
  private async findRarest(trigrams: readonly string[], filter: StoreFilter): Promise<string[]> {
    const pieces = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`);
    const { rows } = await sql<{ piece: string; count: number }>`
      SELECT piece.value AS piece, (
        SELECT COUNT(*) FROM (
          SELECT 1 FROM apps_trigrams t CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = t.rowid
           WHERE t.apps_trigrams MATCH piece.value AND ${isWanted(filter)} LIMIT ${MAX_PER_TRIGRAM})) AS count
        FROM json_each(${JSON.stringify(pieces)}) piece`.execute(this.db.scan);
    const known = rows.filter(({ count }) => count > 0).sort((one, other) => one.count - other.count);
    let sum = 0;
    const rarest = known.filter(({ count }) => count < MAX_PER_TRIGRAM && (sum += count) <= MAX_TRIGRAM_ROWS);
    return (rarest.length > 0 ? rarest : known.slice(0, 1)).map(({ piece }) => piece);
  }
}
