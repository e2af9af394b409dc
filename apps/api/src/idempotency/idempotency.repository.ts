import { Injectable } from '@nestjs/common';
import type { CoreRow, CoreTransaction } from '@mosis/db';
import { sql } from 'kysely';

/** Which request an idempotency key stands for. */
export interface IdempotencyScope {
  actor: string;
  route: string;
  key: string;
}

/** All SQL of idempotency keys. */
@Injectable()
export class IdempotencyRepository {
  async find(trx: CoreTransaction, scope: IdempotencyScope): Promise<CoreRow<'idempotency_keys'> | undefined> {
    return trx
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('actor', '=', scope.actor)
      .where('route', '=', scope.route)
      .where('key', '=', scope.key)
      .executeTakeFirst();
  }

  async insert(trx: CoreTransaction, row: CoreRow<'idempotency_keys'>): Promise<void> {
    await trx.insertInto('idempotency_keys').values(row).execute();
  }

  async finish(
    trx: CoreTransaction,
    scope: IdempotencyScope,
    requestSha256: string,
    statusCode: number,
    response: string,
  ): Promise<void> {
    await trx
      .updateTable('idempotency_keys')
      .set({ state: 'done', request_sha256: requestSha256, status_code: statusCode, response })
      .where('actor', '=', scope.actor)
      .where('route', '=', scope.route)
      .where('key', '=', scope.key)
      .execute();
  }

  async delete(trx: CoreTransaction, scope: IdempotencyScope): Promise<void> {
    await this.deletion(trx, scope).execute();
  }

  /** Takes a claim back, unless its answer has been remembered. */
  async deleteIfRunning(trx: CoreTransaction, scope: IdempotencyScope): Promise<void> {
    await this.deletion(trx, scope).where('state', '=', 'running').execute();
  }

  /** Every answer kept for an account, signed in or by one of its keys. */
  async deleteOf(trx: CoreTransaction, developerId: string): Promise<void> {
    await trx
      .deleteFrom('idempotency_keys')
      .where((eb) =>
        eb.or([
          eb('actor', '=', `developer:${developerId}`),
          eb(
            'actor',
            'in',
            eb
              .selectFrom('api_keys')
              .select(sql<string>`'key:' || id`.as('actor'))
              .where('developer_id', '=', developerId),
          ),
        ]),
      )
      .execute();
  }

  async deleteRunning(trx: CoreTransaction): Promise<void> {
    await trx.deleteFrom('idempotency_keys').where('state', '=', 'running').execute();
  }

  async deleteExpired(trx: CoreTransaction, now: string): Promise<void> {
    await trx.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute();
  }

  private deletion(trx: CoreTransaction, { actor, route, key }: IdempotencyScope) {
    return trx
      .deleteFrom('idempotency_keys')
      .where('actor', '=', actor)
      .where('route', '=', route)
      .where('key', '=', key);
  }
}
