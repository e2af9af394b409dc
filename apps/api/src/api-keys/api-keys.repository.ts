import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction } from '@mosis/db';

/** All SQL of API keys. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly db: CoreDatabase) {}

  async insert(trx: CoreTransaction, row: CoreRow<'api_keys'>): Promise<void> {
    await trx.insertInto('api_keys').values(row).execute();
  }

  async find(
    developerId: string,
    id: string,
    handle: CoreHandle = this.db.read,
  ): Promise<CoreRow<'api_keys'> | undefined> {
    return handle
      .selectFrom('api_keys')
      .selectAll()
      .where('id', '=', id)
      .where('developer_id', '=', developerId)
      .executeTakeFirst();
  }

  async findByHash(keyHash: string, handle: CoreHandle): Promise<CoreRow<'api_keys'> | undefined> {
    return handle.selectFrom('api_keys').selectAll().where('key_hash', '=', keyHash).executeTakeFirst();
  }

  /** Newest first, from before the given position. */
  async list(developerId: string, limit: number, before?: readonly [string, string]): Promise<CoreRow<'api_keys'>[]> {
    let query = this.db.read.selectFrom('api_keys').selectAll().where('developer_id', '=', developerId);
    if (before) {
      const [createdAt, id] = before;
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(createdAt, id)));
    }
    return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  async countUsable(trx: CoreTransaction, developerId: string, now: string): Promise<number> {
    const { count } = await trx
      .selectFrom('api_keys')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('developer_id', '=', developerId)
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .executeTakeFirstOrThrow();
    return count;
  }

  async listUsableIds(trx: CoreTransaction, developerId: string): Promise<string[]> {
    const rows = await trx
      .selectFrom('api_keys')
      .select('id')
      .where('developer_id', '=', developerId)
      .where('revoked_at', 'is', null)
      .execute();
    return rows.map(({ id }) => id);
  }

  async findOwner(
    trx: CoreTransaction,
    developerId: string,
  ): Promise<Pick<CoreRow<'developers'>, 'email' | 'name' | 'verified' | 'registration'> | undefined> {
    return trx
      .selectFrom('developers')
      .select(['email', 'name', 'verified', 'registration'])
      .where('id', '=', developerId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
  }

  async revoke(trx: CoreTransaction, id: string, reason: string, now: string): Promise<void> {
    await trx
      .updateTable('api_keys')
      .set({ revoked_at: now, revoked_reason: reason })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .execute();
  }
}
