import { Injectable } from '@nestjs/common';
import { sql, type RawBuilder } from 'kysely';
import { CoreDatabase, type CoreHandle } from '@mosis/db';
import type { PreparedQuery } from '@mosis/sqlite';
import { findTerms } from './search-text.js';
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
 * No more rows than this are looked at, the newest, once among names, once among labels and once among everything: each costs
 * microseconds, and a word that more have ranks nothing.
 */
export const MAX_LOOKED_THROUGH = 1_000;
/** A word that more rows have says little of any of them, and costs much: bm25 reads all of them to find out how many there are. */
const MAX_TELLING_ROWS = 4_000;
/** Rows of a three-letter piece that are counted: one that more have tells a near miss from nothing. */
const MAX_PER_TRIGRAM = 500;
/** Rows of a piece that are asked for what a filter wants: each costs half a microsecond. */
const MAX_LOOKED_AT_PER_TRIGRAM = 1_000;
/** Where a filter leaves so few apps, their names are read instead of the index of pieces. */
const MAX_FEW = 1_000;
/** Rows of all pieces of a query together, the rarest pieces first. */
const MAX_TRIGRAM_ROWS = 2_000;
/** Apps that share the most pieces, and are compared letter by letter. */
const MAX_NEAR_CANDIDATES = 100;
/** Apps with one and the same name that come first. */
const MAX_NAMESAKES = 50;

/** All that an app says, and the same without its description: one word may be in ten times as many of those as of names. */
type Index = 'apps_fts' | 'apps_labels';

/** What ranking needs to know of an app. */
type Match = { seq: number; name: string; package_id: string };

/** What near misses are looked for in: the name and the package id, in small letters. */
export type Candidate = { seq: number; text: string };

/** Apps that have a piece; one that many apps have tells a near miss from nothing, and not all of these are here. */
type Posting = { seqs: number[]; isCommon: boolean };

/** An app that shares so many pieces of what was typed. */
type NearMatch = Match & { shared: number };

/** What finds rows that have the tag's words among their tags, and the tag itself decides; undefined for a tag without words. */
function tagExpression(tag: string): string | undefined {
  if (PLAIN_TAG.test(tag)) return `tags : "${tag}"`;
  const words = findTerms(tag).map((word) => `"${word}"`);
  return words.length > 0 ? `tags : (${words.join(' AND ')})` : undefined;
}

function withTag(expression: string, tag: string): string {
  const tagged = tagExpression(tag);
  return tagged ? `(${expression}) AND ${tagged}` : expression;
}

/** What is in the store, as far as the app itself says. */
const IS_LISTED = sql`a.status = 'published' AND a.withdrawn_at IS NULL`;

/** What a filter asks of an app; undefined when it wants all. */
function narrowsDown({ category, tag }: StoreFilter): RawBuilder<unknown> | undefined {
  const asked = [...(category ? [sql`a.category = ${category}`] : []), ...(tag ? [hasTag(tag)] : [])];
  return asked.length > 0 ? sql.join(asked, sql` AND `) : undefined;
}

/** What is left out before a bound: what is not listed, and what the filter does not want. */
function isWanted(filter: StoreFilter): RawBuilder<unknown> {
  const narrowing = narrowsDown(filter);
  return narrowing ? sql`${IS_LISTED} AND ${narrowing}` : IS_LISTED;
}

/**
 * What matches, newest first, as a part of a query. What is no longer in the store is left out before the bound (what
 * never was is in no index: anybody makes as many drafts as he likes). The index that says so
 * has all that is asked here; the table would be read through the pages of each description.
 */
function listed(
  columns: RawBuilder<unknown>,
  expression: string,
  filter: StoreFilter,
  { index = 'apps_fts', limit = MAX_LOOKED_THROUGH }: { index?: Index; limit?: number } = {},
): RawBuilder<unknown> {
  const { tag } = filter;
  const fts = sql.table(index);
  const where = [sql`${fts} MATCH ${tag ? withTag(expression, tag) : expression}`, isWanted(filter)];
  return sql`SELECT ${columns} FROM ${fts} CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = ${fts}.rowid
    WHERE ${sql.join(where, sql` AND `)} ORDER BY ${fts}.rowid DESC LIMIT ${limit}`;
}

/** Apps with exactly this package id, and with this name. One query for each index: an OR over both reads every app. */
function exactQueries(handle: CoreHandle, text: string, filter: StoreFilter) {
  const apps = () => visibleApps(handle, filter).select('a.seq');
  return [
    apps().where('a.package_id', '=', text),
    apps()
      .where(sql<boolean>`a.name = ${text} COLLATE NOCASE`)
      .orderBy('a.seq')
      .limit(MAX_NAMESAKES),
  ] as const;
}

/** All SQL of searching the store. */
@Injectable()
export class SearchRepository {
  private readonly matches: PreparedQuery<{ seqs: string }, Match>;
  /** Apps that are called exactly so, for searches without a filter. */
  private readonly exact: readonly PreparedQuery<{ text: string }, { seq: number }>[];

  constructor(private readonly db: CoreDatabase) {
    this.exact = ([0, 1] as const).map((index) =>
      db.prepareRead(({ text }: { text: string }) => exactQueries(db.read, text, {})[index]),
    );
    this.matches = db.prepareRead(({ seqs }) =>
      visibleApps(db.read, {})
        .select(['a.seq', 'a.name', 'a.package_id'])
        .where(sql<boolean>`a.seq IN (SELECT value FROM json_each(${seqs}))`),
    );
  }

  /** Apps whose package id or name is exactly this, ignoring case. */
  async findExact(text: string, filter: StoreFilter): Promise<number[]> {
    const found = narrowsDown(filter)
      ? exactQueries(this.db.read, text, filter).map(async (query) => query.execute())
      : this.exact.map(async (query) => query.execute({ text }));
    return (await Promise.all(found)).flat().map(({ seq }) => seq);
  }

  /**
   * The newest apps whose names match a full-text expression. Whether devices see one after all (its owner may be suspended,
   * its versions yanked) costs more to find out than this, so that is left to who shows it; so it is in {@link listNewest} and
   * {@link rank}.
   */
  async listNamed(expression: string, filter: StoreFilter): Promise<[seq: number, name: string][]> {
    const names = listed(sql`a.seq, a.name`, `name : (${expression})`, filter, { index: 'apps_labels' });
    return this.readJson(sql`SELECT json_group_array(json_array(seq, name)) AS json FROM (${names})`);
  }

  /**
   * The newest apps that match a full-text expression, or match it without their description: the newest, which costs nothing
   * to know, stands for the best.
   */
  async listNewest(expression: string, filter: StoreFilter, index: Index = 'apps_fts'): Promise<number[]> {
    const seqs = listed(sql`a.seq`, expression, filter, { index });
    return this.readJson(sql`SELECT json_group_array(seq) AS json FROM (${seqs})`);
  }

  /**
   * Whether so few rows have each of the words that ranking by all of them tells something. Words as wholes: of a beginning,
   * FTS5 reads all rows before it answers the first.
   */
  async areTelling(terms: readonly string[]): Promise<boolean> {
    const words = JSON.stringify(terms.map((term) => `"${term}"`));
    const [count] = await this.readJson<number>(sql`
      SELECT json_array(COUNT(*)) AS json FROM json_each(${words}) word
       WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM apps_fts WHERE apps_fts MATCH word.value LIMIT ${MAX_TELLING_ROWS + 1}))
             <= ${MAX_TELLING_ROWS}`);
    return count === terms.length;
  }

  /**
   * Of the newest apps that match a full-text expression all, the best first. What bm25 knows of a word it reads from all rows
   * that have it, which is worth it where words weigh differently.
   */
  async rank(expression: string, filter: StoreFilter): Promise<number[]> {
    const ranked = listed(sql`a.seq, ${BM25} AS rank`, expression, filter);
    return this.readJson(sql`SELECT json_group_array(seq ORDER BY rank, seq) AS json FROM (${ranked})`);
  }

  /** Whether anything published matches a full-text expression, or matches it without its description. */
  async has(expression: string, filter: StoreFilter, index: Index = 'apps_fts'): Promise<boolean> {
    const { rows } = await sql`${listed(sql`a.seq`, expression, filter, { index, limit: 1 })}`.execute(this.db.scan);
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
    few: readonly Candidate[] | undefined,
  ): Promise<{ matches: NearMatch[]; pieces: number }> {
    const rarest = rarestOf(few ? postingsOf(few, trigrams) : await this.listPostings(trigrams, filter));
    const shared = new Map<number, number>();
    for (const seq of rarest.flat()) shared.set(seq, (shared.get(seq) ?? 0) + 1);
    const best = [...shared].sort(([one, ofOne], [other, ofOther]) => ofOther - ofOne || one - other);
    const matches = await this.listMatches(best.slice(0, MAX_NEAR_CANDIDATES).map(([seq]) => seq));
    return {
      matches: matches.map((match) => ({ ...match, shared: shared.get(match.seq) as number })),
      pieces: rarest.length,
    };
  }

  /** All that a filter leaves, if that is not much: most of what has a piece would be looked at for nothing. */
  async listFew(filter: StoreFilter): Promise<Candidate[] | undefined> {
    const tagged = filter.tag && tagExpression(filter.tag);
    if (!tagged && !filter.category) return undefined;
    const found = tagged
      ? listed(sql`a.seq`, tagged, filter, { index: 'apps_labels', limit: MAX_FEW + 1 })
      : sql`SELECT a.seq FROM apps a INDEXED BY apps_store_category WHERE ${isWanted(filter)} LIMIT ${MAX_FEW + 1}`;
    const seqs = await this.readJson<number>(sql`SELECT json_group_array(seq) AS json FROM (${found})`);
    if (seqs.length > MAX_FEW) return undefined;
    const named = await this.readJson<[number, string, string]>(sql`
      SELECT json_group_array(json_array(seq, name, package_id)) AS json
        FROM apps WHERE seq IN (SELECT value FROM json_each(${JSON.stringify(seqs)}))`);
    return named.map(([seq, ...texts]) => ({ seq, text: texts.join('\n').toLowerCase() }));
  }

  /** For each piece what has it, by the index of pieces, as far as {@link MAX_LOOKED_AT_PER_TRIGRAM} goes. */
  private async listPostings(trigrams: readonly string[], filter: StoreFilter): Promise<Posting[]> {
    const pieces = JSON.stringify(trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`));
    const narrowing = narrowsDown(filter);
    const limit = narrowing ? MAX_LOOKED_AT_PER_TRIGRAM : MAX_PER_TRIGRAM;
    const postings = await this.readJson<[looked: number, seqs: number[]]>(sql`
      SELECT json_group_array(json((
        SELECT json_array(COUNT(*), json_group_array(seq) FILTER (WHERE ${narrowing ?? sql`true`})) FROM (
          SELECT a.seq, a.category, a.tags FROM apps_trigrams t CROSS JOIN apps a INDEXED BY apps_listed ON a.seq = t.rowid
           WHERE t.apps_trigrams MATCH piece.value AND ${IS_LISTED} LIMIT ${limit}) a))) AS json
        FROM json_each(${pieces}) piece`);
    return postings.map(([looked, seqs]) => ({ seqs, isCommon: looked === limit || seqs.length >= MAX_PER_TRIGRAM }));
  }
}

/** For each piece the apps whose name or package id has it. */
function postingsOf(apps: readonly Candidate[], pieces: readonly string[]): Posting[] {
  return pieces.map((piece) => {
    const seqs = apps.filter(({ text }) => text.includes(piece)).map(({ seq }) => seq);
    return { seqs, isCommon: seqs.length >= MAX_PER_TRIGRAM };
  });
}

/** What the rarest pieces have, as many of them as {@link MAX_TRIGRAM_ROWS} allow, and of one at least. */
function rarestOf(postings: readonly Posting[]): number[][] {
  const known = postings
    .filter(({ seqs }) => seqs.length > 0)
    .sort((one, other) => Number(one.isCommon) - Number(other.isCommon) || one.seqs.length - other.seqs.length);
  let sum = 0;
  const rarest = known.filter(({ seqs, isCommon }) => !isCommon && (sum += seqs.length) <= MAX_TRIGRAM_ROWS);
  return (rarest.length > 0 ? rarest : known.slice(0, 1)).map(({ seqs }) => seqs);
}
