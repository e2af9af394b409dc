import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { decodeCursor, encodeCursor, type CursorOwner, type Page } from '../common/pagination.js';
import { MAX_LOOKED_THROUGH, SearchRepository, type Candidate } from './search.repository.js';
import { StoreRepository, type StoreAppRow } from './store.repository.js';
import type { StoreFilter, StoreSort } from './visible-apps.repository.js';
import type { SearchQuery } from './store.schemas.js';
import { countEdits, findDistance, findTerms, findTrigrams, foldText, toMatchExpression } from './search-text.js';

/** Row numbers of what matches, best first. */
interface Ranking {
  seqs: number[];
  /** Whether worse matches may follow that were not looked for. */
  isCut: boolean;
}

/** With fewer good matches than this, near misses are worth showing after them. */
const ENOUGH = 10;
/** Matches beyond these are more than {@link ENOUGH}, whoever of them is hidden. */
const MAX_LOOKED_AT = 100;
/** Near misses beyond these help nobody. */
const MAX_NEAR = 50;
/** An unknown word stands for at most this many known ones. */
const MAX_CORRECTIONS = 5;
/** Of a query's three-letter pieces, a near miss shares at least this part. */
const MIN_SHARED = 0.3;

/**
 * Searching the store. Relevance is, in this order: the exact package id or name; names that begin with what was typed; names
 * that have all the words, the shortest first; whatever has them in its name, its package id, its tags or its developer's name,
 * then in its description as well, the newest first, or ranked by bm25 where there are several words that few have; then what
 * is close to a misspelt or cut-short word.
 */
@Injectable()
export class SearchService {
  constructor(
    private readonly repository: SearchRepository,
    private readonly store: StoreRepository,
  ) {}

  /** One page of the store. */
  async search(query: SearchQuery): Promise<Page<StoreAppRow>> {
    const filter: StoreFilter = { category: query.category, tag: query.tag };
    const text = query.q?.trim() ?? '';
    const sort = query.sort ?? (text === '' ? 'updated' : 'relevance');
    if (text === '') return this.list(filter, sort === 'relevance' ? 'updated' : sort, query);
    const all = async () => (await this.rank(text, filter, Number.POSITIVE_INFINITY)).seqs;
    if (sort !== 'relevance') return this.pageOf(await this.repository.sort(await all(), sort), query);
    const offset = readOffset(query);
    const { seqs, isCut } = await this.rank(text, filter, offset + query.limit);
    const page = await this.pageOf(seqs, query);
    // So many of the best are hidden that the page is not full, or nothing follows it.
    return isCut && page.next_cursor === null ? this.pageOf(await all(), query) : page;
  }

  private async list(filter: StoreFilter, sort: StoreSort, query: SearchQuery): Promise<Page<StoreAppRow>> {
    const owner = ownerOf(query, sort);
    const after = query.cursor ? decodeCursor(owner, query.cursor, ['string', 'number']) : undefined;
    const rows = await this.store.list(filter, sort, query.limit + 1, after);
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items,
      next_cursor: last && rows.length > query.limit ? encodeCursor(owner, [sortValue(last, sort), last.seq]) : null,
    };
  }

  /** Everything that matches, or more than the `wanted` best of it; devices may not see every one of them. */
  private async rank(text: string, filter: StoreFilter, wanted: number): Promise<Ranking> {
    const terms = findTerms(text);
    const found = new Set(await this.repository.findExact(text, filter));
    if (terms.length > 0) {
      const expression = toMatchExpression(terms);
      const named = await this.findNamed(text, expression, filter);
      for (const seq of named) found.add(seq);
      // One word is in names already found; of several, each may be in another place.
      const labels = terms.length > 1 ? expression : `{package_id tags developer_name} : (${expression})`;
      const further = [
        // With a tag few are left, and what their tags say is known.
        () => (filter.tag ? [] : this.repository.listNewest(labels, filter, 'apps_labels')),
        () => this.findAnywhere(terms, expression, filter),
      ];
      for (const source of named.length < MAX_LOOKED_THROUGH ? further : []) {
        if (found.size > Math.max(wanted, MAX_LOOKED_AT)) return { seqs: [...found], isCut: true };
        for (const seq of await source()) found.add(seq);
      }
    }
    // Of many it matters to nobody how many are hidden; of few it does, because near misses may follow them.
    if (found.size > MAX_LOOKED_AT) return { seqs: [...found], isCut: false };
    const ranked = new Set((await this.repository.listMatches([...found])).map(({ seq }) => seq));
    if (ranked.size < ENOUGH) for (const seq of await this.findNear(text, terms, filter)) ranked.add(seq);
    return { seqs: [...ranked], isCut: false };
  }

  /** What has all the words in its name, as close to the text as it is short. */
  private async findNamed(text: string, expression: string, filter: StoreFilter): Promise<number[]> {
    const folded = foldText(text);
    const named = (await this.repository.listNamed(expression, filter)).map(([seq, name]) => {
      const foldedName = foldText(name);
      const closeness = foldedName === folded ? 0 : foldedName.startsWith(folded) ? 1 : 2;
      return { seq, closeness, length: name.length };
    });
    named.sort((one, other) => one.closeness - other.closeness || one.length - other.length || other.seq - one.seq);
    return named.map(({ seq }) => seq);
  }

  /** What has all the words anywhere. */
  private async findAnywhere(terms: readonly string[], expression: string, filter: StoreFilter): Promise<number[]> {
    const isRanked = terms.length > 1 && (await this.repository.areTelling(terms));
    return isRanked ? this.repository.rank(expression, filter) : this.repository.listNewest(expression, filter);
  }

  private async findNear(text: string, terms: readonly string[], filter: StoreFilter): Promise<number[]> {
    const isSpelt = terms.length > 1 && (await this.areLabels(terms, filter));
    const few = isSpelt ? undefined : await this.repository.listFew(filter);
    const found = isSpelt ? [] : await this.findMisspelt(text, filter, few);
    if (found.length > 0 || terms.length < 2) return found;
    const joined = terms.join('');
    const expressions = [
      // People put spaces where names have none.
      toMatchExpression([joined]),
      ...(isSpelt ? [] : [await this.correct(terms, filter, few)]),
      // No app has all the words: one that has most of them is better than nothing.
      toMatchExpression(terms, 'OR'),
    ];
    for (const expression of expressions) {
      if (expression === undefined || found.length >= ENOUGH) continue;
      const matches = await this.repository.listMatches(
        (await this.repository.rank(expression, filter)).slice(0, MAX_NEAR),
      );
      found.push(...matches.map(({ seq }) => seq));
    }
    return found;
  }

  /** Whether each word is, as a whole, one of those that apps are called or tagged with. */
  private async areLabels(terms: readonly string[], filter: StoreFilter): Promise<boolean> {
    const hasLabel = async (term: string) => this.repository.has(`{name tags} : "${term}"`, filter, 'apps_labels');
    for (const term of terms) if (!(await hasLabel(term))) return false;
    return true;
  }

  /** What is called nearly so. */
  private async findMisspelt(
    text: string,
    filter: StoreFilter,
    few: readonly Candidate[] | undefined,
  ): Promise<number[]> {
    const { matches, pieces } = await this.repository.matchTrigrams(findTrigrams(text), filter, few);
    return matches
      .filter(({ shared }) => shared >= Math.max(1, pieces * MIN_SHARED))
      .map((candidate) => ({ ...candidate, distance: findDistance(text, [candidate.name, candidate.package_id]) }))
      .filter((candidate) => candidate.distance !== undefined)
      .sort((one, other) => (one.distance ?? 0) - (other.distance ?? 0) || other.shared - one.shared)
      .map(({ seq }) => seq);
  }

  /** The query with each unknown word replaced by the names' words that it may have been meant to be. */
  private async correct(
    terms: readonly string[],
    filter: StoreFilter,
    few: readonly Candidate[] | undefined,
  ): Promise<string | undefined> {
    const parts: string[] = [];
    for (const term of terms) {
      const isKnown = await this.repository.has(toMatchExpression([term]), filter);
      const words = isKnown ? [term] : await this.findWordsLike(term, filter, few);
      if (words.length === 0) return undefined;
      parts.push(`(${toMatchExpression(words, 'OR')})`);
    }
    return parts.join(' AND ');
  }

  private async findWordsLike(
    term: string,
    filter: StoreFilter,
    few: readonly Candidate[] | undefined,
  ): Promise<string[]> {
    const { matches: candidates } = await this.repository.matchTrigrams(findTrigrams(term), filter, few);
    const limit = term.length <= 4 ? 1 : 2;
    const words = new Map<string, number>();
    for (const { name } of candidates) {
      for (const word of findTerms(foldText(name))) words.set(word, countEdits(foldText(term), word, limit));
    }
    return [...words]
      .filter(([, edits]) => edits <= limit)
      .sort(([, one], [, other]) => one - other)
      .slice(0, MAX_CORRECTIONS)
      .map(([word]) => word);
  }

  private async pageOf(seqs: readonly number[], query: SearchQuery): Promise<Page<StoreAppRow>> {
    const offset = readOffset(query);
    const items: StoreAppRow[] = [];
    let next = offset;
    while (items.length < query.limit && next < seqs.length) {
      const asked = seqs.slice(next, next + query.limit - items.length);
      const rows = new Map((await this.store.listBySeq(asked)).map((row) => [row.seq, row]));
      items.push(...asked.map((seq) => rows.get(seq)).filter((row) => row !== undefined));
      next += asked.length;
    }
    return { items, next_cursor: next < seqs.length ? encodeCursor(ownerOf(query), [next]) : null };
  }
}

function ownerOf({ q, category, tag, sort }: SearchQuery, order: StoreSort | undefined = undefined): CursorOwner {
  return ['store', q, category, tag, order ?? sort];
}

/** Where in the ranking a page begins. @throws AppError `cursor-invalid` */
function readOffset(query: SearchQuery): number {
  const [offset] = query.cursor ? decodeCursor(ownerOf(query), query.cursor, ['number']) : [0];
  if (Number.isInteger(offset) && offset >= 0) return offset;
  throw new AppError('cursor-invalid', 'Send the next_cursor of the page before, unchanged.');
}

function sortValue(row: StoreAppRow, sort: StoreSort): string {
  if (sort === 'name') return row.name;
  return (sort === 'newest' ? row.first_published_at : row.last_published_at) ?? '';
}
