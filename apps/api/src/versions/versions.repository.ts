import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction, type VersionStatus } from '@mosis/db';
import type { PackageFile, VersionContent, VersionWithKey } from './versions.schemas.js';

type VersionRow = CoreRow<'app_versions'>;

/** A row without its content: a page of a hundred versions would otherwise be hundreds of megabytes. */
const COLUMNS = [
  'v.id',
  'v.app_id',
  'v.version_code',
  'v.version_name',
  'v.package_url',
  'v.package_size',
  'v.package_sha256',
  'v.signature',
  'v.signing_key_id',
  'v.permissions',
  'v.min_mosis_version',
  'v.release_notes',
  'v.status',
  'v.review_notes',
  'v.subject_sha256',
  'v.submitted_at',
  'v.published_at',
  'v.yanked_at',
  'v.yanked_by',
  'v.yank_reason',
  'v.created_at',
  'v.updated_at',
] as const;

/** All SQL of versions and their checks. */
@Injectable()
export class VersionsRepository {
  constructor(private readonly db: CoreDatabase) {}

  async insert(
    trx: CoreTransaction,
    version: Omit<
      VersionRow,
      | 'release_notes'
      | 'status'
      | 'review_notes'
      | 'subject_sha256'
      | 'submitted_at'
      | 'published_at'
      | 'yanked_at'
      | 'yanked_by'
      | 'yank_reason'
    >,
  ): Promise<void> {
    await trx.insertInto('app_versions').values(version).execute();
  }

  async insertCheck(trx: CoreTransaction, check: CoreRow<'check_results'>): Promise<void> {
    await trx.insertInto('check_results').values(check).execute();
  }

  async find(
    appId: string,
    versionCode: number,
    handle: CoreHandle = this.db.read,
  ): Promise<VersionWithKey | undefined> {
    return this.withKey(handle)
      .where('v.app_id', '=', appId)
      .where('v.version_code', '=', versionCode)
      .executeTakeFirst();
  }

  async findById(id: string, handle: CoreHandle = this.db.read): Promise<VersionWithKey | undefined> {
    return this.withKey(handle).where('v.id', '=', id).executeTakeFirst();
  }

  /** What a version's package says and holds. */
  async getContent(id: string, handle: CoreHandle = this.db.read): Promise<VersionContent> {
    return handle
      .selectFrom('app_versions')
      .select(['manifest', 'files'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
  }

  /** How many bytes the list of a version's files has as JSON. */
  async getFilesSize(id: string): Promise<number> {
    const { bytes } = await this.db.read
      .selectFrom('app_versions')
      .select(sql<number>`octet_length(files)`.as('bytes'))
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return bytes;
  }

  /** Some bytes of that list; fails when the version is gone. */
  async readFilesPart(id: string, fromByte: number, maxBytes: number): Promise<Buffer> {
    const { part } = await this.db.read
      .selectFrom('app_versions')
      .select(sql<Buffer>`substr(CAST(files AS BLOB), ${fromByte + 1}, ${maxBytes})`.as('part'))
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return part;
  }

  /** What is known of one file of a version's package; the database goes through the list, which stays there. */
  async findFile(id: string, path: string): Promise<PackageFile | undefined> {
    const { rows } = await sql<PackageFile>`
      SELECT file.value ->> 'path' AS path, file.value ->> 'size_bytes' AS size_bytes, file.value ->> 'sha256' AS sha256
        FROM app_versions v, json_each(v.files) file WHERE v.id = ${id} AND file.value ->> 'path' = ${path}
       LIMIT 1`.execute(this.db.read);
    return rows[0];
  }

  /** Newest code first, from below `belowCode`. */
  async list(
    appId: string,
    limit: number,
    filter: { status?: VersionStatus | undefined; belowCode?: number | undefined },
  ): Promise<VersionWithKey[]> {
    let query = this.withKey(this.db.read).where('v.app_id', '=', appId);
    if (filter.status) query = query.where('v.status', '=', filter.status);
    if (filter.belowCode !== undefined) query = query.where('v.version_code', '<', filter.belowCode);
    return query.orderBy('v.version_code', 'desc').limit(limit).execute();
  }

  /** Bytes of packages of a developer that are drafts or in review: those a developer can delete. */
  async sumUndecidedBytes(developerId: string): Promise<number> {
    const { bytes } = await this.db.read
      .selectFrom('apps as a')
      .innerJoin('app_versions as v', 'v.app_id', 'a.id')
      .select((eb) => eb.fn.coalesce(eb.fn.sum<number>('v.package_size'), sql<number>`0`).as('bytes'))
      .where('a.developer_id', '=', developerId)
      // Written out, so that the index is used that has only these.
      .where(sql<boolean>`v.status IN ('draft', 'review')`)
      .executeTakeFirstOrThrow();
    return bytes;
  }

  async update(trx: CoreTransaction, id: string, change: Partial<VersionRow>, now: string): Promise<void> {
    await trx
      .updateTable('app_versions')
      .set({ ...change, updated_at: now })
      .where('id', '=', id)
      .execute();
  }

  async delete(trx: CoreTransaction, id: string): Promise<void> {
    await trx.deleteFrom('app_versions').where('id', '=', id).execute();
  }

  /** The latest run of each check of the given versions. */
  async listChecks(
    versionIds: readonly string[],
    handle: CoreHandle = this.db.read,
  ): Promise<CoreRow<'check_results'>[]> {
    if (versionIds.length === 0) return [];
    return handle
      .selectFrom('check_results as c')
      .selectAll()
      .where('c.version_id', 'in', versionIds)
      .where((eb) =>
        eb(
          'c.run',
          '=',
          eb
            .selectFrom('check_results as l')
            .select((inner) => inner.fn.max('l.run').as('run'))
            .whereRef('l.version_id', '=', 'c.version_id')
            .whereRef('l.name', '=', 'c.name'),
        ),
      )
      .orderBy('c.id')
      .execute();
  }

  /** The approved or published version before this one, to compare with. */
  async findLastApproved(handle: CoreHandle, appId: string, belowCode: number): Promise<VersionWithKey | undefined> {
    return this.withKey(handle)
      .where('v.app_id', '=', appId)
      .where('v.status', 'in', ['approved', 'published'])
      .where('v.version_code', '<', belowCode)
      .orderBy('v.version_code', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Whether these bytes were rejected for this app. */
  async wasRejected(handle: CoreHandle, appId: string, packageSha256: string): Promise<boolean> {
    const row = await handle
      .selectFrom('app_versions')
      .select('id')
      .where('app_id', '=', appId)
      .where('package_sha256', '=', packageSha256)
      .where('status', '=', 'rejected')
      .executeTakeFirst();
    return row !== undefined;
  }

  async isKeyActive(handle: CoreHandle, signingKeyId: string): Promise<boolean> {
    const row = await handle
      .selectFrom('signing_keys')
      .select('is_active')
      .where('id', '=', signingKeyId)
      .executeTakeFirst();
    return row?.is_active === 1;
  }

  private withKey(handle: CoreHandle) {
    return handle
      .selectFrom('app_versions as v')
      .innerJoin('signing_keys as k', 'k.id', 'v.signing_key_id')
      .innerJoin('apps as a', 'a.id', 'v.app_id')
      .select(COLUMNS)
      .select(['k.fingerprint as signing_key_fingerprint', 'a.package_id']);
  }
}
