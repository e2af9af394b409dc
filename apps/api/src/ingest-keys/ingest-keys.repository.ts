import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction } from '@mosis/db';

/** All SQL of ingest keys. */
@Injectable()
export class IngestKeysRepository {
  constructor(private readonly db: CoreDatabase) {}

  async insert(trx: CoreTransaction, row: CoreRow<'ingest_keys'>): Promise<void> {
    await trx.insertInto('ingest_keys').values(row).execute();
  }

  async find(handle: CoreHandle, appId: string, id: string): Promise<CoreRow<'ingest_keys'> | undefined> {
    return handle
      .selectFrom('ingest_keys')
      .selectAll()
      .where('id', '=', id)
      .where('app_id', '=', appId)
      .executeTakeFirst();
  }

  async countUsable(handle: CoreHandle, appId: string): Promise<number> {
    const { count } = await handle
      .selectFrom('ingest_keys')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Newest first, from before the given position. */
  async list(appId: string, limit: number, before?: readonly [string, string]): Promise<CoreRow<'ingest_keys'>[]> {
    let query = this.db.read.selectFrom('ingest_keys').selectAll().where('app_id', '=', appId);
    if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before[0], before[1])));
    return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  async revoke(trx: CoreTransaction, id: string, now: string): Promise<void> {
    await trx.updateTable('ingest_keys').set({ revoked_at: now }).where('id', '=', id).execute();
  }
}
