import { sql, type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import type { CoreHandle, CoreSchema } from '@mosis/db';

/** Narrows the store down. */
export interface StoreFilter {
  category?: string | undefined;
  tag?: string | undefined;
}

type Tables = { a: CoreSchema['apps']; d: CoreSchema['developers'] };

export type StoreSort = 'newest' | 'updated' | 'name';

/** What the store's lists are in order of; rows that are equal follow each other by `a.seq` in the same direction. */
export function orderOf(sort: StoreSort): { column: RawBuilder<string>; direction: 'asc' | 'desc' } {
  if (sort === 'name') return { column: sql<string>`a.name COLLATE NOCASE`, direction: 'asc' };
  const column = sort === 'newest' ? 'a.first_published_at' : 'a.last_published_at';
  return { column: sql<string>`${sql.ref(column)}`, direction: 'desc' };
}

/** Apps that devices see, narrowed down, with their owners as `d`. */
export function visibleApps(
  handle: CoreHandle,
  filter: StoreFilter,
): SelectQueryBuilder<CoreSchema & Tables, 'a' | 'd', object> {
  let query = handle
    .selectFrom('apps as a')
    .innerJoin('developers as d', 'd.id', 'a.developer_id')
    .where(isListed)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('app_versions as o')
          .select('o.id')
          .whereRef('o.app_id', '=', 'a.id')
          .where('o.status', '=', 'published')
          .where('o.yanked_at', 'is', null),
      ),
    );
  if (filter.category) query = query.where('a.category', '=', filter.category);
  if (filter.tag) query = query.where(hasTag(filter.tag));
  return query;
}

/** The condition that an app, `a`, is in the store as far as it and its owner, `d`, are concerned: a version is needed as well. */
export function isListed(eb: ExpressionBuilder<CoreSchema & Tables, 'a' | 'd'>) {
  return eb.and([eb('a.status', '=', 'published'), eb('a.withdrawn_at', 'is', null), eb('d.suspended_at', 'is', null)]);
}

/** Of tags like these the full-text index has the words, and the column the letters, as they stand. */
export const PLAIN_TAG = /^[\p{L}\p{N} .+#-]*[\p{L}\p{N}][\p{L}\p{N} .+#-]*$/u;

/** The condition that an app, `a`, has a tag, ignoring case. */
export function hasTag(tag: string) {
  // Nothing in a plain tag is escaped in JSON or special to LIKE, and only a whole tag stands between quotes: reading the
  // column as text takes a tenth of the time.
  if (PLAIN_TAG.test(tag)) return sql<boolean>`a.tags LIKE ${`%"${tag}"%`}`;
  return sql<boolean>`EXISTS (SELECT 1 FROM json_each(a.tags) WHERE json_each.value = ${tag} COLLATE NOCASE)`;
}
