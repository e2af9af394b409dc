import { Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type CoreTransaction } from '@mosis/db';

/** Records of objects that are being stored, and who names an object. */
@Injectable()
export class ObjectsRepository {
  constructor(private readonly db: CoreDatabase) {}

  async addPending(trx: CoreTransaction, objectKey: string, now: string): Promise<string> {
    const id = newId();
    await trx.insertInto('pending_objects').values({ id, object_key: objectKey, created_at: now }).execute();
    return id;
  }

  async removePending(trx: CoreTransaction, id: string): Promise<void> {
    await trx.deleteFrom('pending_objects').where('id', '=', id).execute();
  }

  async listPending(): Promise<{ id: string; object_key: string }[]> {
    return this.db.read.selectFrom('pending_objects').select(['id', 'object_key']).orderBy('id').execute();
  }

  /** Whether a version names the package with this digest. */
  async isPackageNamed(sha256: string): Promise<boolean> {
    const version = await this.db.read
      .selectFrom('app_versions')
      .select('id')
      .where('package_sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    return version !== undefined;
  }

  /** Whether an app or a listing snapshot names the icon with this digest; looks through all of them, so elsewhere. */
  async isIconNamed(sha256: string): Promise<boolean> {
    for (const table of ['apps', 'app_revisions'] as const) {
      const row = await this.db.scan
        .selectFrom(table)
        .select('id')
        .where('icon_sha256', '=', sha256)
        .limit(1)
        .executeTakeFirst();
      if (row) return true;
    }
    return false;
  }

  /** Whether rows of the audit log were moved to the object with this key. */
  async isSegmentNamed(objectKey: string): Promise<boolean> {
    const segment = await this.db.read
      .selectFrom('audit_segments')
      .select('first_seq')
      .where('object_key', '=', objectKey)
      .limit(1)
      .executeTakeFirst();
    return segment !== undefined;
  }

  /** Packages of versions in any state after `sha256`, in order. */
  async listPackages(afterSha256: string, limit: number): Promise<{ package_sha256: string; package_size: number }[]> {
    return this.db.read
      .selectFrom('app_versions')
      .select(['package_sha256', 'package_size'])
      .distinct()
      .where('package_sha256', '>', afterSha256)
      .orderBy('package_sha256')
      .limit(limit)
      .execute();
  }

  /** Icons that apps (or listing snapshots) after `id` name, in order of those. */
  async listIcons(
    table: 'apps' | 'app_revisions',
    afterId: string,
    limit: number,
  ): Promise<{ id: string; icon_sha256: string }[]> {
    const rows = await this.db.read
      .selectFrom(table)
      .select(['id', 'icon_sha256'])
      .where('id', '>', afterId)
      .where('icon_sha256', 'is not', null)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, icon_sha256 }) => ({ id, icon_sha256: icon_sha256 ?? '' }));
  }
}
