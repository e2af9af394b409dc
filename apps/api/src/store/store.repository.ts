import { Injectable } from '@nestjs/common';
import { sql, type SelectQueryBuilder } from 'kysely';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreSchema } from '@mosis/db';

/** What the store shows of an app. */
export type StoreAppRow = Pick<
  CoreRow<'apps'>,
  | 'seq'
  | 'id'
  | 'package_id'
  | 'name'
  | 'description'
  | 'category'
  | 'tags'
  | 'icon_sha256'
  | 'developer_name'
  | 'first_published_at'
  | 'last_published_at'
>;

/** A version that devices are offered. */
export type OfferedVersionRow = Pick<
  CoreRow<'app_versions'>,
  | 'app_id'
  | 'version_code'
  | 'version_name'
  | 'package_url'
  | 'package_size'
  | 'package_sha256'
  | 'signature'
  | 'permissions'
  | 'min_mosis_version'
  | 'release_notes'
  | 'published_at'
> & { public_key: string; fingerprint: string };

/** Narrows the store down. */
export interface StoreFilter {
  category?: string | undefined;
  tag?: string | undefined;
}

export type StoreSort = 'newest' | 'updated' | 'name';

/** Weights of the columns of `apps_fts`: name, package id, description, tags, developer. */
const BM25 = sql<number>`bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0)`;
/** Ranking looks at no more rows than this: a word that half the catalogue has ranks nothing anyway. */
export const MAX_CANDIDATES = 1_000;

const SHOWN = [
  'a.seq',
  'a.id',
  'a.package_id',
  'a.name',
  'a.description',
  'a.category',
  'a.tags',
  'a.icon_sha256',
  'a.developer_name',
  'a.first_published_at',
  'a.last_published_at',
] as const;

type Tables = { a: CoreSchema['apps']; d: CoreSchema['developers'] };

/** All SQL of the store. Each query sees only what is published, in the store, and not suspended. */
@Injectable()
export class StoreRepository {
  /** What devices ask all the time, compiled once. */
  private readonly prepared: ReturnType<StoreRepository['prepare']>;

  constructor(private readonly db: CoreDatabase) {
    this.prepared = this.prepare();
  }

  async findApp(packageId: string): Promise<StoreAppRow | undefined> {
    return this.prepared.app.executeTakeFirst({ packageId });
  }

  /** Apps by their rows' numbers, in no particular order. */
  async listBySeq(seqs: readonly number[]): Promise<StoreAppRow[]> {
    if (seqs.length === 0) return [];
    return this.visible(this.db.read, {}).select(SHOWN).where('a.seq', 'in', seqs).execute();
  }

  /** The store in a plain order, from after a position. */
  async list(
    filter: StoreFilter,
    sort: StoreSort,
    limit: number,
    after?: readonly [string, number],
  ): Promise<StoreAppRow[]> {
    const column =
      sort === 'name'
        ? sql<string>`a.name COLLATE NOCASE`
        : sql<string>`${sql.ref(sort === 'newest' ? 'a.first_published_at' : 'a.last_published_at')}`;
    const direction = sort === 'name' ? 'asc' : 'desc';
    let query = this.visible(this.db.scan, filter).select(SHOWN);
    if (after)
      query = query.where(
        sql<boolean>`(${column}, a.seq) ${sql.raw(sort === 'name' ? '>' : '<')} (${after[0]}, ${after[1]})`,
      );
    return query.orderBy(column, direction).orderBy('a.seq', direction).limit(limit).execute();
  }

  /** Apps whose package id or name is exactly this, ignoring case. */
  async findExact(text: string, filter: StoreFilter): Promise<number[]> {
    const rows = await this.visible(this.db.scan, filter)
      .select('a.seq')
      .where((eb) => eb.or([eb('a.package_id', '=', text), sql<boolean>`a.name = ${text} COLLATE NOCASE`]))
      .orderBy('a.seq')
      .limit(50)
      .execute();
    return rows.map(({ seq }) => seq);
  }

  /** Apps that match a full-text expression, best first. */
  async match(expression: string, filter: StoreFilter): Promise<{ seq: number; name: string; package_id: string }[]> {
    return this.visible(this.db.scan, filter)
      .innerJoin(sql<{ rowid: number }>`apps_fts`.as('apps_fts'), 'apps_fts.rowid', 'a.seq')
      .select(['a.seq', 'a.name', 'a.package_id'])
      .where(sql<boolean>`apps_fts MATCH ${expression}`)
      .orderBy(BM25)
      .orderBy('a.seq')
      .limit(MAX_CANDIDATES)
      .execute();
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
    return this.visible(this.db.scan, filter)
      .innerJoin(best.as('hit'), 'hit.seq', 'a.seq')
      .select(['a.seq', 'a.name', 'a.package_id', 'hit.shared'])
      .orderBy('hit.shared', 'desc')
      .orderBy('a.seq')
      .execute();
  }

  /** Categories of what is in the store, with how many apps each has. */
  async listCategories(): Promise<{ name: string; count: number }[]> {
    return this.visible(this.db.scan, {})
      .select((eb) => ['a.category as name', eb.fn.countAll<number>().as('count')])
      .where('a.category', '!=', '')
      .groupBy('a.category')
      .orderBy('count', 'desc')
      .orderBy('a.category')
      .limit(1_000)
      .execute();
  }

  /** The newest version on offer of each app. */
  async listLatestVersions(appIds: readonly string[]): Promise<OfferedVersionRow[]> {
    const [appId] = appIds;
    if (appId === undefined) return [];
    if (appIds.length === 1) return this.prepared.latest.execute({ appId });
    return this.latest().where('v.app_id', 'in', appIds).execute();
  }

  /** The id of a visible app. */
  async findVisibleAppId(packageId: string): Promise<string | undefined> {
    return (await this.prepared.appId.executeTakeFirst({ packageId }))?.id;
  }

  /** Versions on offer between two codes, highest first. */
  async listOffered(appId: string, aboveCode: number, belowCode: number, limit: number): Promise<OfferedVersionRow[]> {
    return this.prepared.offered.execute({ appId, aboveCode, belowCode, limit });
  }

  /** Whether devices may download these bytes now; answers their size. */
  async findPackage(
    sha256: string,
  ): Promise<{ package_size: number; package_id: string; version_code: number } | undefined> {
    return this.prepared.package.executeTakeFirst({ sha256 });
  }

  /** Whether an icon is on a store page now. */
  async isIconShown(sha256: string): Promise<boolean> {
    return (
      (await this.visible(this.db.read, {})
        .select('a.id')
        .where('a.icon_sha256', '=', sha256)
        .limit(1)
        .executeTakeFirst()) !== undefined
    );
  }

  private prepare() {
    const { db } = this;
    return {
      app: db.prepareRead(({ packageId }: { packageId: string }) =>
        this.visible(db.read, {}).select(SHOWN).where('a.package_id', '=', packageId),
      ),
      appId: db.prepareRead(({ packageId }: { packageId: string }) =>
        this.visible(db.read, {}).select('a.id').where('a.package_id', '=', packageId),
      ),
      latest: db.prepareRead(({ appId }: { appId: string }) => this.latest().where('v.app_id', '=', appId)),
      offered: db.prepareRead((asked: { appId: string; aboveCode: number; belowCode: number; limit: number }) =>
        this.offered()
          .where('v.app_id', '=', asked.appId)
          .where('v.version_code', '>', asked.aboveCode)
          .where('v.version_code', '<', asked.belowCode)
          .orderBy('v.version_code', 'desc')
          .limit(asked.limit),
      ),
      package: db.prepareRead(({ sha256 }: { sha256: string }) =>
        this.visible(db.read, {})
          .innerJoin('app_versions as v', 'v.app_id', 'a.id')
          .select(['v.package_size', 'a.package_id', 'v.version_code'])
          .where('v.package_sha256', '=', sha256)
          .where('v.status', '=', 'published')
          .where('v.yanked_at', 'is', null)
          .limit(1),
      ),
    };
  }

  private latest() {
    return this.offered().where((eb) =>
      eb(
        'v.version_code',
        '=',
        eb
          .selectFrom('app_versions as x')
          .select((inner) => inner.fn.max('x.version_code').as('code'))
          .whereRef('x.app_id', '=', 'v.app_id')
          .where('x.status', '=', 'published')
          .where('x.yanked_at', 'is', null),
      ),
    );
  }

  private offered() {
    return this.db.read
      .selectFrom('app_versions as v')
      .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
      .select([
        'v.app_id',
        'v.version_code',
        'v.version_name',
        'v.package_url',
        'v.package_size',
        'v.package_sha256',
        'v.signature',
        'v.permissions',
        'v.min_mosis_version',
        'v.release_notes',
        'v.published_at',
      ])
      .select(['k.public_key', 'k.fingerprint'])
      .where('v.status', '=', 'published')
      .where('v.yanked_at', 'is', null);
  }

  private visible(handle: CoreHandle, filter: StoreFilter): SelectQueryBuilder<CoreSchema & Tables, 'a' | 'd', object> {
    let query = handle
      .selectFrom('apps as a')
      .innerJoin('developers as d', 'd.id', 'a.developer_id')
      .where('a.status', '=', 'published')
      .where('a.withdrawn_at', 'is', null)
      .where('d.suspended_at', 'is', null)
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
    if (filter.tag)
      query = query.where(
        sql<boolean>`EXISTS (SELECT 1 FROM json_each(a.tags) WHERE json_each.value = ${filter.tag} COLLATE NOCASE)`,
      );
    return query;
  }
}
