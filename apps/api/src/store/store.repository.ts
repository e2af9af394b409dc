import { Injectable } from '@nestjs/common';
import { sql, type Expression, type ExpressionBuilder } from 'kysely';
import { CoreDatabase, type CoreRow, type CoreSchema } from '@mosis/db';
import { isListed, orderOf, visibleApps, type StoreFilter, type StoreSort } from './visible-apps.repository.js';

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

/** An app that a device has. */
export interface InstalledApp {
  package_id: string;
  version_code: number;
}

/** A version, and the place among the installed apps of the one that it updates. */
export type NewerVersionRow = OfferedVersionRow & { place: number };

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

const OFFERED = [
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
] as const;

/** The condition that a version, `v`, is on offer: reviewed, published, and not yanked. */
function isOffered(eb: ExpressionBuilder<CoreSchema & { v: CoreSchema['app_versions'] }, 'v'>) {
  return eb.and([eb('v.status', '=', 'published'), eb('v.yanked_at', 'is', null)]);
}

/** All SQL of the store. Each query sees only what is published, in the store, and not suspended. */
@Injectable()
export class StoreRepository {
  /** What devices ask all the time, compiled once. */
  private readonly prepared: ReturnType<StoreRepository['prepare']>;

  constructor(private readonly db: CoreDatabase) {
    this.prepared = this.prepare();
  }

  /** An app with the newest version of it that is on offer. */
  async findOffer(packageId: string): Promise<(StoreAppRow & OfferedVersionRow) | undefined> {
    return this.prepared.offer.executeTakeFirst({ packageId });
  }

  /** Apps by their rows' numbers, in no particular order. */
  async listBySeq(seqs: readonly number[]): Promise<StoreAppRow[]> {
    return this.prepared.bySeq.execute({ seqs: JSON.stringify(seqs) });
  }

  /** The store in a plain order, from after a position. */
  async list(
    filter: StoreFilter,
    sort: StoreSort,
    limit: number,
    after?: readonly [string, number],
  ): Promise<StoreAppRow[]> {
    const { column, direction } = orderOf(sort);
    let query = visibleApps(this.db.scan, filter).select(SHOWN);
    if (after)
      query = query.where(
        sql<boolean>`(${column}, a.seq) ${sql.raw(sort === 'name' ? '>' : '<')} (${after[0]}, ${after[1]})`,
      );
    return query.orderBy(column, direction).orderBy('a.seq', direction).limit(limit).execute();
  }

  /** Categories of what is in the store, with how many apps each has. */
  async listCategories(): Promise<{ name: string; count: number }[]> {
    return visibleApps(this.db.scan, {})
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
    return this.prepared.latest.execute({ appIds: JSON.stringify(appIds) });
  }

  /** Of apps with the version that is installed, those that have a newer one on offer, with the newest. */
  async listNewer(installed: readonly InstalledApp[]): Promise<NewerVersionRow[]> {
    const pairs = installed.map(({ package_id, version_code }) => [package_id, version_code]);
    return this.prepared.newer.execute({ installed: JSON.stringify(pairs) });
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
      (await visibleApps(this.db.read, {})
        .select('a.id')
        .where('a.icon_sha256', '=', sha256)
        .limit(1)
        .executeTakeFirst()) !== undefined
    );
  }

  private prepare() {
    const { db } = this;
    return {
      // That a version is on offer is what makes the app visible, so it is looked for once.
      offer: db.prepareRead(({ packageId }: { packageId: string }) =>
        this.offered()
          .innerJoin('apps as a', 'a.id', 'v.app_id')
          .innerJoin('developers as d', 'd.id', 'a.developer_id')
          .select(SHOWN)
          .where(isListed)
          .where('a.package_id', '=', packageId)
          .orderBy('v.version_code', 'desc')
          .limit(1),
      ),
      bySeq: db.prepareRead(({ seqs }: { seqs: string }) =>
        visibleApps(db.read, {})
          .select(SHOWN)
          .where(sql<boolean>`a.seq IN (SELECT value FROM json_each(${seqs}))`),
      ),
      newer: db.prepareRead(({ installed }: { installed: string }) => this.newer(installed)),
      latest: db.prepareRead(({ appIds }: { appIds: string }) => this.latest(appIds)),
      offered: db.prepareRead((asked: { appId: string; aboveCode: number; belowCode: number; limit: number }) =>
        this.offered()
          .where('v.app_id', '=', asked.appId)
          .where('v.version_code', '>', asked.aboveCode)
          .where('v.version_code', '<', asked.belowCode)
          .orderBy('v.version_code', 'desc')
          .limit(asked.limit),
      ),
      package: db.prepareRead(({ sha256 }: { sha256: string }) =>
        visibleApps(db.read, {})
          .innerJoin('app_versions as v', 'v.app_id', 'a.id')
          .select(['v.package_size', 'a.package_id', 'v.version_code'])
          .where('v.package_sha256', '=', sha256)
          .where(isOffered)
          .limit(1),
      ),
    };
  }

  /** Joined in this order: a device has few apps, and each is an index look-up from there. */
  private newer(installed: string) {
    return (
      this.db.read
        .selectFrom(sql<{ key: number; value: string }>`json_each(${installed})`.as('i'))
        .crossJoin('apps as a')
        .crossJoin('app_versions as v')
        .innerJoin('developers as d', 'd.id', 'a.developer_id')
        .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
        .select(OFFERED)
        .select(['i.key as place', 'k.public_key', 'k.fingerprint'])
        .where(isListed)
        .where(sql<boolean>`a.package_id = i.value ->> 0`)
        .whereRef('v.app_id', '=', 'a.id')
        .where(isOffered)
        .where((eb) => eb('v.version_code', '=', this.highestCode(eb.ref('a.id'))))
        // With a plus, so that the version is looked up by the one code instead of walking all newer ones.
        .where(sql<boolean>`+v.version_code > i.value ->> 1`)
    );
  }

  /** An app at a time, so that its highest code is looked up once, and not for each of its versions. */
  private latest(appIds: string) {
    return this.db.read
      .selectFrom(sql<{ value: string }>`json_each(${appIds})`.as('i'))
      .crossJoin('app_versions as v')
      .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
      .select(OFFERED)
      .select(['k.public_key', 'k.fingerprint'])
      .whereRef('v.app_id', '=', 'i.value')
      .where(isOffered)
      .where((eb) => eb('v.version_code', '=', this.highestCode(eb.ref('i.value'))));
  }

  private highestCode(appId: Expression<string>) {
    return this.db.read
      .selectFrom('app_versions as x')
      .select((eb) => eb.fn.max('x.version_code').as('code'))
      .where('x.app_id', '=', appId)
      .where('x.status', '=', 'published')
      .where('x.yanked_at', 'is', null);
  }

  private offered() {
    return this.db.read
      .selectFrom('app_versions as v')
      .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
      .select(OFFERED)
      .select(['k.public_key', 'k.fingerprint'])
      .where(isOffered);
  }
}
