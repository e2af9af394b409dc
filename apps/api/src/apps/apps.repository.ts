import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import {
  CoreDatabase,
  type AppStatus,
  type CoreHandle,
  type CoreRow,
  type CoreTransaction,
  type RevisionState,
} from '@mosis/db';

type AppRow = CoreRow<'apps'>;
type NewApp = Pick<
  AppRow,
  | 'id'
  | 'developer_id'
  | 'package_id'
  | 'name'
  | 'description'
  | 'category'
  | 'tags'
  | 'developer_name'
  | 'created_at'
  | 'updated_at'
>;

/** Where an export goes on. */
type ExportedVersion = Pick<CoreRow<'app_versions'>, 'version_code'> & Pick<AppRow, 'package_id'>;
type ExportedReview = Pick<CoreRow<'reviews'>, 'id' | 'submitted_at'>;

/** All SQL of apps and their listing revisions. */
@Injectable()
export class AppsRepository {
  /** What is asked all the time, compiled once. */
  private readonly prepared: ReturnType<AppsRepository['prepare']>;

  constructor(private readonly db: CoreDatabase) {
    this.prepared = this.prepare();
  }

  async findByPackageId(packageId: string, handle: CoreHandle = this.db.read): Promise<AppRow | undefined> {
    return handle.selectFrom('apps').selectAll().where('package_id', '=', packageId).executeTakeFirst();
  }

  async getById(id: string, handle: CoreHandle = this.db.read): Promise<AppRow> {
    return handle.selectFrom('apps').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  async findDeveloperName(handle: CoreHandle, developerId: string): Promise<string | undefined> {
    return (await handle.selectFrom('developers').select('name').where('id', '=', developerId).executeTakeFirst())
      ?.name;
  }

  async isRetired(packageId: string, handle: CoreHandle): Promise<boolean> {
    return (
      (await handle
        .selectFrom('tombstones')
        .select('package_id')
        .where('package_id', '=', packageId)
        .executeTakeFirst()) !== undefined
    );
  }

  async countOf(handle: CoreHandle, developerId: string): Promise<number> {
    const { count } = await handle
      .selectFrom('apps')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('developer_id', '=', developerId)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** How many apps of a developer were never published. */
  async countUnpublishedOf(handle: CoreHandle, developerId: string): Promise<number> {
    const { count } = await handle
      .selectFrom('apps')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('developer_id', '=', developerId)
      .where('first_published_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  async insert(trx: CoreTransaction, app: NewApp): Promise<void> {
    await trx.insertInto('apps').values(app).execute();
  }

  async update(trx: CoreTransaction, id: string, change: Partial<AppRow>, now: string): Promise<void> {
    await trx
      .updateTable('apps')
      .set({ ...change, updated_at: now })
      .where('id', '=', id)
      .execute();
  }

  async delete(trx: CoreTransaction, id: string): Promise<void> {
    await trx.deleteFrom('apps').where('id', '=', id).execute();
  }

  /** A developer's apps, newest first; with `packageIds` only those (lower case). */
  async list(
    developerId: string,
    filter: { status?: AppStatus | undefined; packageIds: readonly string[] | null },
    limit: number,
    before?: readonly [string, string],
  ): Promise<AppRow[]> {
    if (!filter.status && !filter.packageIds && !before) return this.prepared.newestOf.execute({ developerId, limit });
    let query = this.ofDeveloper(developerId);
    if (filter.status) query = query.where('status', '=', filter.status);
    if (filter.packageIds) query = query.where('package_id', 'in', filter.packageIds);
    if (before) {
      const [createdAt, id] = before;
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(createdAt, id)));
    }
    return query.limit(limit).execute();
  }

  /** Apps of a developer that were published once. */
  async listPublishedOf(handle: CoreHandle, developerId: string): Promise<AppRow[]> {
    return handle
      .selectFrom('apps')
      .selectAll()
      .where('developer_id', '=', developerId)
      .where('first_published_at', 'is not', null)
      .orderBy('id')
      .execute();
  }

  /** Some apps of a developer that were never published. */
  async listUnpublishedOf(handle: CoreHandle, developerId: string, limit: number): Promise<AppRow[]> {
    return handle
      .selectFrom('apps')
      .selectAll()
      .where('developer_id', '=', developerId)
      .where('first_published_at', 'is', null)
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** Whether any version of the app waits for a decision or for its publication. */
  async hasFrozenVersion(handle: CoreHandle, appId: string): Promise<boolean> {
    const frozen = await handle
      .selectFrom('app_versions')
      .select('id')
      .where('app_id', '=', appId)
      .where('status', 'in', ['review', 'approved'])
      .limit(1)
      .executeTakeFirst();
    return frozen !== undefined;
  }

  async findRevision(handle: CoreHandle, id: string): Promise<CoreRow<'app_revisions'> | undefined> {
    return handle.selectFrom('app_revisions').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async findWaitingRevision(
    appId: string,
    handle: CoreHandle = this.db.read,
  ): Promise<CoreRow<'app_revisions'> | undefined> {
    return handle
      .selectFrom('app_revisions')
      .selectAll()
      .where('app_id', '=', appId)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
  }

  async listWaitingRevisions(appIds: readonly string[]): Promise<CoreRow<'app_revisions'>[]> {
    if (appIds.length === 0) return [];
    return this.prepared.waiting.execute({ appIds: JSON.stringify(appIds) });
  }

  async insertRevision(trx: CoreTransaction, revision: CoreRow<'app_revisions'>): Promise<void> {
    await trx.insertInto('app_revisions').values(revision).execute();
  }

  async setRevisionState(trx: CoreTransaction, id: string, state: RevisionState): Promise<void> {
    await trx.updateTable('app_revisions').set({ state }).where('id', '=', id).execute();
  }

  /** Digests of every package and icon of an app, for the collector. */
  async listObjects(handle: CoreHandle, appId: string): Promise<{ packages: string[]; icons: string[] }> {
    const packages = await handle
      .selectFrom('app_versions')
      .select('package_sha256')
      .where('app_id', '=', appId)
      .execute();
    const icons = await handle
      .selectFrom('app_revisions')
      .select('icon_sha256')
      .where('app_id', '=', appId)
      .where('icon_sha256', 'is not', null)
      .execute();
    const app = await handle.selectFrom('apps').select('icon_sha256').where('id', '=', appId).executeTakeFirst();
    return {
      packages: packages.map((row) => row.package_sha256),
      icons: [...icons.map((row) => row.icon_sha256), app?.icon_sha256].filter((sha256) => sha256 != null),
    };
  }

  /** Whether the icon belongs to the app: its current one or one of a revision. */
  async hasIcon(appId: string, sha256: string): Promise<boolean> {
    const app = await this.db.read
      .selectFrom('apps')
      .select('id')
      .where('id', '=', appId)
      .where('icon_sha256', '=', sha256)
      .executeTakeFirst();
    if (app) return true;
    const revision = await this.db.read
      .selectFrom('app_revisions')
      .select('id')
      .where('app_id', '=', appId)
      .where('icon_sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    return revision !== undefined;
  }

  /** The next versions of a developer's apps, for their export. */
  async listVersionsForExport(developerId: string, after: ExportedVersion | undefined, limit: number) {
    let query = this.db.scan
      .selectFrom('app_versions as v')
      .innerJoin('apps as a', 'a.id', 'v.app_id')
      .select([
        'a.package_id',
        'v.version_code',
        'v.version_name',
        'v.package_sha256',
        'v.package_size',
        'v.status',
        'v.release_notes',
        'v.review_notes',
        'v.published_at',
        'v.created_at',
      ])
      .where('a.developer_id', '=', developerId);
    if (after) {
      query = query.where((eb) =>
        eb(eb.refTuple('a.package_id', 'v.version_code'), '>', eb.tuple(after.package_id, after.version_code)),
      );
    }
    return query.orderBy('a.package_id').orderBy('v.version_code').limit(limit).execute();
  }

  /** The next reviews of a developer's apps, for their export. */
  async listReviewsForExport(developerId: string, after: ExportedReview | undefined, limit: number) {
    let query = this.db.scan
      .selectFrom('reviews as r')
      .innerJoin('apps as a', 'a.id', 'r.app_id')
      .select(['r.id', 'a.package_id', 'r.kind', 'r.subject_sha256', 'r.submitted_at', 'r.decision', 'r.notes'])
      .select('r.decided_at')
      .where('a.developer_id', '=', developerId);
    if (after)
      query = query.where((eb) =>
        eb(eb.refTuple('r.submitted_at', 'r.id'), '>', eb.tuple(after.submitted_at, after.id)),
      );
    return query.orderBy('r.submitted_at').orderBy('r.id').limit(limit).execute();
  }

  /** The next apps of a developer, oldest first, for their export. */
  async listForExport(developerId: string, after: AppRow | undefined, limit: number): Promise<AppRow[]> {
    let query = this.db.read.selectFrom('apps').selectAll().where('developer_id', '=', developerId);
    if (after)
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.created_at, after.id)));
    return query.orderBy('created_at').orderBy('id').limit(limit).execute();
  }

  private prepare() {
    const { db } = this;
    return {
      newestOf: db.prepareRead(({ developerId, limit }: { developerId: string; limit: number }) =>
        this.ofDeveloper(developerId).limit(limit),
      ),
      waiting: db.prepareRead(({ appIds }: { appIds: string }) =>
        db.read
          .selectFrom('app_revisions')
          .selectAll()
          .where(sql<boolean>`app_id IN (SELECT value FROM json_each(${appIds}))`)
          .where('state', '=', 'waiting'),
      ),
    };
  }

  private ofDeveloper(developerId: string) {
    return this.db.read
      .selectFrom('apps')
      .selectAll()
      .where('developer_id', '=', developerId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc');
  }
}
