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

  /** Whether a version, an app or a listing snapshot names this digest. */
  async isNamed(sha256: string): Promise<boolean> {
    const version = await this.db.read
      .selectFrom('app_versions')
      .select('id')
      .where('package_sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    if (version) return true;
    const app = await this.db.read
      .selectFrom('apps')
      .select('id')
      .where('icon_sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    if (app) return true;
    const revision = await this.db.read
      .selectFrom('app_revisions')
      .select('id')
      .where('icon_sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    return revision !== undefined;
  }

  /** Packages of published versions after `sha256`, in order: what the nightly drill hashes again. */
  async listPublishedPackages(
    afterSha256: string,
    limit: number,
  ): Promise<{ package_sha256: string; package_size: number }[]> {
    return this.db.read
      .selectFrom('app_versions')
      .select(['package_sha256', 'package_size'])
      .distinct()
      .where('status', '=', 'published')
      .where('package_sha256', '>', afterSha256)
      .orderBy('package_sha256')
      .limit(limit)
      .execute();
  }
}
