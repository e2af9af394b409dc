import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CoreDatabase } from '@mosis/db';
import { hasTag, visibleApps, type StoreFilter } from './visible-apps.repository.js';

/** Weights of the columns of `apps_fts`: name, package id, description, tags, developer. */
const BM25 = sql<number>`bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0)`;
/** Ranking looks at no more rows than this: each costs microseconds, and a word that half the catalogue has ranks nothing. */
const MAX_RANKED = 3_000;
/** No more matches than this are worth going through, page by page. */
const MAX_CANDIDATES = 1_000;
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

/** All SQL of searching the store. */
@Injectable()
export class SearchRepository {
  constructor(private readonly db: CoreDatabase) {}

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

  /** Apps that match a full-text expression, best first, no more than `limit`. */
  async match(expression: string, filter: StoreFilter, limit: number): Promise<Match[]> {
    return this.listMatches((await this.rank(expression, filter)).slice(0, limit));
  }

  /** Of these apps those that devices see, in the same order. */
  async listMatches(seqs: readonly number[]): Promise<Match[]> {
    const rows = await visibleApps(this.db.scan, {})
      .select(['a.seq', 'a.name', 'a.package_id'])
      .where(sql<boolean>`a.seq IN (SELECT value FROM json_each(${JSON.stringify(seqs)}))`)
      .execute();
    const bySeq = new Map(rows.map((row) => [row.seq, row]));
    return seqs.map((seq) => bySeq.get(seq)).filter((row) => row !== undefined);
  }

  /**
   * Row numbers of what matches a full-text expression, best first: of the newest {@link MAX_RANKED} the best
   * {@link MAX_CANDIDATES} of what is published. Whether devices see an app after all (its owner may be suspended, its versions
   * yanked) costs more to find out than its rank, so that is left to who shows it.
   */
  async rank(expression: string, { category, tag }: StoreFilter): Promise<number[]> {
    const where = [
      sql`apps_fts MATCH ${tag ? withTag(expression, tag) : expression}`,
      // Before the bounds: drafts, of which anybody makes as many as he likes, must not take the places of what was reviewed.
      sql`a.status = 'published' AND a.withdrawn_at IS NULL`,
      ...(category ? [sql`a.category = ${category}`] : []),
      ...(tag ? [hasTag(tag)] : []),
    ];
    const { rows } = await sql<{ seqs: string }>`
      SELECT json_group_array(seq ORDER BY rank, seq) AS seqs FROM (
        SELECT apps_fts.rowid AS seq, ${BM25} AS rank FROM apps_fts JOIN apps a ON a.seq = apps_fts.rowid WHERE ${sql.join(where, sql` AND `)}
         ORDER BY apps_fts.rowid DESC LIMIT ${MAX_RANKED})`.execute(this.db.scan);
    return (JSON.parse(rows[0]?.seqs ?? '[]') as number[]).slice(0, MAX_CANDIDATES);
  }

  /** Apps whose name or package id shares the most of these three-letter pieces. */
  async matchTrigrams(
    trigrams: readonly string[],
    filter: StoreFilter,
  ): Promise<{ seq: number; name: string; package_id: string; shared: number }[]> {
    if (trigrams.length === 0) return [];
    const hits = sql.join(
      trigrams.map(
        (trigram) =>
          sql`SELECT rowid AS seq FROM apps_trigrams WHERE apps_trigrams MATCH ${`"${trigram.replaceAll('"', '""')}"`}`,
      ),
      sql` UNION ALL `,
    );
    const best = sql<{
      seq: number;
      shared: number;
    }>`(SELECT seq, COUNT(*) AS shared FROM (${hits}) GROUP BY seq ORDER BY shared DESC, seq LIMIT 300)`;
    return visibleApps(this.db.scan, filter)
      .innerJoin(best.as('hit'), 'hit.seq', 'a.seq')
      .select(['a.seq', 'a.name', 'a.package_id', 'hit.shared'])
      .orderBy('hit.shared', 'desc')
      .orderBy('a.seq')
      .execute();
  }
}
