import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction } from '@mosis/db';

/** All SQL of signing keys. */
@Injectable()
export class SigningKeysRepository {
  constructor(private readonly db: CoreDatabase) {}

  async insert(trx: CoreTransaction, row: CoreRow<'signing_keys'>): Promise<void> {
    await trx.insertInto('signing_keys').values(row).execute();
  }

  async find(
    developerId: string,
    id: string,
    handle: CoreHandle = this.db.read,
  ): Promise<CoreRow<'signing_keys'> | undefined> {
    return handle
      .selectFrom('signing_keys')
      .selectAll()
      .where('id', '=', id)
      .where('developer_id', '=', developerId)
      .executeTakeFirst();
  }

  async findByFingerprint(
    developerId: string,
    fingerprint: string,
    handle: CoreHandle,
  ): Promise<CoreRow<'signing_keys'> | undefined> {
    return handle
      .selectFrom('signing_keys')
      .selectAll()
      .where('developer_id', '=', developerId)
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst();
  }

  async list(
    developerId: string,
    limit: number,
    before?: readonly [string, string],
  ): Promise<CoreRow<'signing_keys'>[]> {
    let query = this.db.read.selectFrom('signing_keys').selectAll().where('developer_id', '=', developerId);
    if (before) {
      const [createdAt, id] = before;
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(createdAt, id)));
    }
    return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  async listActive(developerId: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'signing_keys'>[]> {
    return handle
      .selectFrom('signing_keys')
      .selectAll()
      .where('developer_id', '=', developerId)
      .where('is_active', '=', 1)
      .execute();
  }

  async deactivate(trx: CoreTransaction, id: string, now: string): Promise<void> {
    await trx
      .updateTable('signing_keys')
      .set({ is_active: 0, deactivated_at: now })
      .where('id', '=', id)
      .where('is_active', '=', 1)
      .execute();
  }
}
