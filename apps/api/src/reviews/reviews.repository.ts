import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction, type ReviewKind } from '@mosis/db';

/** All SQL of single reviews; the queue that staff reads is in `review-desk`. */
@Injectable()
export class ReviewsRepository {
  constructor(private readonly db: CoreDatabase) {}

  async insert(trx: CoreTransaction, review: Omit<CoreRow<'reviews'>, 'self_review'>): Promise<void> {
    await trx.insertInto('reviews').values(review).execute();
  }

  async findById(id: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'reviews'> | undefined> {
    return handle.selectFrom('reviews').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async findOpen(handle: CoreHandle, appId: string, kind: ReviewKind): Promise<CoreRow<'reviews'> | undefined> {
    return handle
      .selectFrom('reviews')
      .selectAll()
      .where('app_id', '=', appId)
      .where('kind', '=', kind)
      .where('decision', 'is', null)
      .executeTakeFirst();
  }

  async listOpen(handle: CoreHandle, appId: string): Promise<CoreRow<'reviews'>[]> {
    return handle.selectFrom('reviews').selectAll().where('app_id', '=', appId).where('decision', 'is', null).execute();
  }

  async hasAny(appId: string): Promise<boolean> {
    return (
      (await this.db.read
        .selectFrom('reviews')
        .select('id')
        .where('app_id', '=', appId)
        .limit(1)
        .executeTakeFirst()) !== undefined
    );
  }

  /** The newest review of a version. */
  async findLatestOfVersion(handle: CoreHandle, versionId: string): Promise<CoreRow<'reviews'> | undefined> {
    return handle
      .selectFrom('reviews')
      .selectAll()
      .where('version_id', '=', versionId)
      .orderBy('submitted_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  async update(trx: CoreTransaction, id: string, change: Partial<CoreRow<'reviews'>>): Promise<void> {
    await trx.updateTable('reviews').set(change).where('id', '=', id).execute();
  }

  async countRejections(handle: CoreHandle, appId: string): Promise<number> {
    const { count } = await handle
      .selectFrom('reviews')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where('decision', '=', 'rejected')
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Takes a version whose review ends without a decision back to draft. */
  async returnVersionToDraft(trx: CoreTransaction, versionId: string, now: string): Promise<void> {
    await trx
      .updateTable('app_versions')
      .set({ status: 'draft', subject_sha256: null, submitted_at: null, updated_at: now })
      .where('id', '=', versionId)
      .where('status', '=', 'review')
      .execute();
  }
}
