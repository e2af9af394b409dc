import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CoreDatabase, type CoreHandle, type CoreRow, type ReviewKind } from '@mosis/db';

/** A review with what the desk shows beside it. */
export type DeskRow = CoreRow<'reviews'> & {
  package_id: string;
  app_name: string;
  owner_id: string;
  owner_name: string;
  version_code: number | null;
  version_name: string | null;
  claimed_by_name: string | null;
  reviewer_name: string | null;
};

/** What of two versions is compared. */
const COMPARED = [
  'id',
  'app_id',
  'version_code',
  'version_name',
  'package_size',
  'package_sha256',
  'permissions',
  'min_mosis_version',
  'files',
] as const;

/** A version with the key that signed it. */
export type SignedVersion = Pick<CoreRow<'app_versions'>, (typeof COMPARED)[number]> & {
  fingerprint: string;
  key_name: string;
  key_created_at: string;
  key_is_active: number;
};

/** Narrows the queue down. */
export interface QueueFilter {
  status: 'pending' | 'decided' | 'all';
  kind?: ReviewKind | undefined;
  /** Claimed by this reviewer, or with null by nobody. A claim from before `claimsFrom` has run out. */
  claimedBy?: string | null | undefined;
  claimsFrom: string;
  q?: string | undefined;
}

/** All SQL of the reviewers' desk. */
@Injectable()
export class ReviewDeskRepository {
  constructor(private readonly db: CoreDatabase) {}

  async find(id: string, handle: CoreHandle = this.db.read): Promise<DeskRow | undefined> {
    return this.desk(handle).where('r.id', '=', id).executeTakeFirst();
  }

  /** Pending: oldest due first. Decided and all: newest first. */
  async list(filter: QueueFilter, limit: number, after?: readonly [string, string]): Promise<DeskRow[]> {
    let query = this.desk(filter.q || filter.status === 'all' ? this.db.scan : this.db.read);
    if (filter.kind) query = query.where('r.kind', '=', filter.kind);
    const { claimedBy, claimsFrom } = filter;
    if (claimedBy === null)
      query = query.where((eb) => eb.or([eb('r.claimed_by', 'is', null), eb('r.claimed_at', '<=', claimsFrom)]));
    else if (claimedBy !== undefined)
      query = query.where('r.claimed_by', '=', claimedBy).where('r.claimed_at', '>', claimsFrom);
    if (filter.q) {
      const like = `%${filter.q.replaceAll(/[\\%_]/g, '\\$&')}%`;
      query = query.where(sql<boolean>`(a.package_id LIKE ${like} ESCAPE '\\' OR a.name LIKE ${like} ESCAPE '\\')`);
    }
    if (filter.status === 'pending') {
      query = query.where('r.decision', 'is', null);
      if (after) query = query.where((eb) => eb(eb.refTuple('r.due_at', 'r.id'), '>', eb.tuple(after[0], after[1])));
      return query.orderBy('r.due_at').orderBy('r.id').limit(limit).execute();
    }
    const column = filter.status === 'decided' ? ('r.decided_at' as const) : ('r.submitted_at' as const);
    if (filter.status === 'decided') query = query.where('r.decision', 'is not', null);
    if (after) query = query.where(sql<boolean>`(${sql.ref(column)}, r.id) < (${after[0]}, ${after[1]})`);
    return query.orderBy(column, 'desc').orderBy('r.id', 'desc').limit(limit).execute();
  }

  async findOpenVersionReviewId(packageId: string): Promise<string | undefined> {
    const row = await this.db.read
      .selectFrom('reviews as r')
      .innerJoin('apps as a', 'a.id', 'r.app_id')
      .select('r.id')
      .where('a.package_id', '=', packageId)
      .where('r.kind', '=', 'version')
      .where('r.decision', 'is', null)
      .executeTakeFirst();
    return row?.id;
  }

  async listHistory(appId: string, exceptId: string) {
    return this.db.read
      .selectFrom('reviews as r')
      .leftJoin('app_versions as v', 'v.id', 'r.version_id')
      .leftJoin('developers as w', 'w.id', 'r.reviewer_id')
      .select(['r.id', 'r.kind', 'v.version_code', 'v.version_name', 'r.submitted_at', 'r.decision'])
      .select(['w.name as reviewer_name', 'r.reason_code', 'r.notes', 'r.decided_at'])
      .where('r.app_id', '=', appId)
      .where('r.id', '!=', exceptId)
      .orderBy('r.submitted_at', 'desc')
      .limit(20)
      .execute();
  }

  async getDeveloperHistory(developerId: string) {
    const developer = await this.db.read
      .selectFrom('developers')
      .select(['created_at', 'verified'])
      .where('id', '=', developerId)
      .executeTakeFirstOrThrow();
    const { apps } = await this.db.read
      .selectFrom('apps')
      .select((eb) => eb.fn.countAll<number>().as('apps'))
      .where('developer_id', '=', developerId)
      .executeTakeFirstOrThrow();
    const decisions = await this.db.scan
      .selectFrom('reviews as r')
      .innerJoin('apps as a', 'a.id', 'r.app_id')
      .select((eb) => ['r.decision', eb.fn.countAll<number>().as('count')])
      .where('a.developer_id', '=', developerId)
      .groupBy('r.decision')
      .execute();
    const count = (decision: string) => decisions.find((row) => row.decision === decision)?.count ?? 0;
    return {
      registered_at: developer.created_at,
      verified: developer.verified === 1,
      apps,
      approved: count('approved'),
      rejected: count('rejected'),
    };
  }

  /** Where to write to an app's owner, unless the account is gone. */
  async findOwnerAddress(developerId: string): Promise<{ email: string; name: string } | undefined> {
    return this.db.read
      .selectFrom('developers')
      .select(['email', 'name'])
      .where('id', '=', developerId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
  }

  async getVersion(id: string): Promise<SignedVersion> {
    return this.signedVersions().where('v.id', '=', id).executeTakeFirstOrThrow();
  }

  /** The version to compare with: the highest approved or published one below this code. */
  async findLastApproved(appId: string, belowCode: number): Promise<SignedVersion | undefined> {
    return this.signedVersions()
      .where('v.app_id', '=', appId)
      .where('v.status', 'in', ['approved', 'published'])
      .where('v.version_code', '<', belowCode)
      .orderBy('v.version_code', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  async getRevision(id: string): Promise<CoreRow<'app_revisions'>> {
    return this.db.read.selectFrom('app_revisions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  /** The listing that was reviewed with a version. */
  async findListingOfVersion(versionId: string): Promise<CoreRow<'app_revisions'> | undefined> {
    return this.db.read
      .selectFrom('reviews as r')
      .innerJoin('app_revisions as l', 'l.id', 'r.revision_id')
      .selectAll('l')
      .where('r.version_id', '=', versionId)
      .where('r.decision', '=', 'approved')
      .orderBy('r.submitted_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** The reviewed listing before this one: the live one, or the newest past one when this one is live. */
  async findListingBefore(appId: string, revisionId: string): Promise<CoreRow<'app_revisions'> | undefined> {
    return this.db.read
      .selectFrom('app_revisions')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '!=', revisionId)
      .where('state', 'in', ['live', 'past'])
      .where('created_at', '<=', (eb) =>
        eb.selectFrom('app_revisions').select('created_at').where('id', '=', revisionId),
      )
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** The latest run of each check of the given versions. */
  async listChecks(versionIds: readonly string[]): Promise<CoreRow<'check_results'>[]> {
    if (versionIds.length === 0) return [];
    return this.db.read
      .selectFrom('check_results as c')
      .selectAll()
      .where('c.version_id', 'in', versionIds)
      .where(
        sql<boolean>`c.run = (SELECT MAX(l.run) FROM check_results l WHERE l.version_id = c.version_id AND l.name = c.name)`,
      )
      .orderBy('c.id')
      .execute();
  }

  async countPending(now: string): Promise<{ pending: number; overdue: number; oldestDueAt: string | null }> {
    const row = await this.db.read
      .selectFrom('reviews')
      .select((eb) => [
        eb.fn.countAll<number>().as('pending'),
        sql<number>`COUNT(CASE WHEN due_at < ${now} THEN 1 END)`.as('overdue'),
        eb.fn.min('due_at').as('oldest'),
      ])
      .where('decision', 'is', null)
      .executeTakeFirstOrThrow();
    return { pending: row.pending, overdue: row.overdue, oldestDueAt: row.oldest };
  }

  private signedVersions() {
    return this.db.read
      .selectFrom('app_versions as v')
      .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
      .select(COMPARED.map((column) => `v.${column}` as const))
      .select([
        'k.fingerprint',
        'k.name as key_name',
        'k.created_at as key_created_at',
        'k.is_active as key_is_active',
      ]);
  }

  private desk(handle: CoreHandle) {
    return handle
      .selectFrom('reviews as r')
      .innerJoin('apps as a', 'a.id', 'r.app_id')
      .innerJoin('developers as d', 'd.id', 'a.developer_id')
      .leftJoin('app_versions as v', 'v.id', 'r.version_id')
      .leftJoin('developers as c', 'c.id', 'r.claimed_by')
      .leftJoin('developers as w', 'w.id', 'r.reviewer_id')
      .selectAll('r')
      .select([
        'a.package_id',
        'a.name as app_name',
        'a.developer_id as owner_id',
        'd.name as owner_name',
        'v.version_code',
        'v.version_name',
        'c.name as claimed_by_name',
        'w.name as reviewer_name',
      ]);
  }
}
