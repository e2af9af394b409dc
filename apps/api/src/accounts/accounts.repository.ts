import { Injectable } from '@nestjs/common';
import {
  CoreDatabase,
  type CoreHandle,
  type CoreRow,
  type CoreTransaction,
  type Role,
  type TokenPurpose,
} from '@mosis/db';

/** An act of somebody's own. */
export type AuditRow = Pick<
  CoreRow<'audit_logs'>,
  'seq' | 'occurred_at' | 'actor_kind' | 'action' | 'subject_kind' | 'subject_id' | 'data'
>;

/** All SQL of accounts, sessions and one-time tokens. */
@Injectable()
export class AccountsRepository {
  constructor(private readonly db: CoreDatabase) {}

  async findByEmail(email: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'developers'> | undefined> {
    return handle
      .selectFrom('developers')
      .selectAll()
      .where('email', '=', email)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
  }

  async findById(id: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'developers'> | undefined> {
    return handle
      .selectFrom('developers')
      .selectAll()
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
  }

  async insert(
    trx: CoreTransaction,
    developer: {
      id: string;
      email: string;
      name: string;
      password_hash: string;
      verified: 0 | 1;
      role: Role;
      now: string;
    },
  ): Promise<void> {
    const { now, ...columns } = developer;
    await trx
      .insertInto('developers')
      .values({ ...columns, created_at: now, updated_at: now })
      .execute();
  }

  /** Changes an account; how its address was registered is settled when it is verified by it. */
  async update(trx: CoreTransaction, id: string, change: Partial<CoreRow<'developers'>>, now: string): Promise<void> {
    await trx
      .updateTable('developers')
      .set({ ...change, ...(change.verified === 1 ? { registration: null } : {}), updated_at: now })
      .where('id', '=', id)
      .execute();
  }

  /** Whether somebody can administer: an admin who is neither deleted nor suspended, other than `exceptId`. */
  async hasOtherAdmin(handle: CoreHandle, exceptId: string | null): Promise<boolean> {
    let query = handle
      .selectFrom('developers')
      .select('id')
      .where('role', '=', 'admin')
      .where('deleted_at', 'is', null)
      .where('suspended_at', 'is', null)
      .limit(1);
    if (exceptId !== null) query = query.where('id', '!=', exceptId);
    return (await query.executeTakeFirst()) !== undefined;
  }

  async hasAnyAdmin(): Promise<boolean> {
    return this.hasOtherAdmin(this.db.read, null);
  }

  async insertSession(trx: CoreTransaction, session: CoreRow<'sessions'>): Promise<void> {
    await trx.insertInto('sessions').values(session).execute();
  }

  async deleteSession(trx: CoreTransaction, idHash: string): Promise<void> {
    await trx.deleteFrom('sessions').where('id_hash', '=', idHash).execute();
  }

  async deleteSessionsOf(trx: CoreTransaction, developerId: string, exceptHash: string | null): Promise<void> {
    let query = trx.deleteFrom('sessions').where('developer_id', '=', developerId);
    if (exceptHash !== null) query = query.where('id_hash', '!=', exceptHash);
    await query.execute();
  }

  async insertToken(trx: CoreTransaction, token: CoreRow<'one_time_tokens'>): Promise<void> {
    await trx.insertInto('one_time_tokens').values(token).execute();
  }

  async findToken(
    trx: CoreTransaction,
    tokenHash: string,
    purpose: TokenPurpose,
    now: string,
  ): Promise<CoreRow<'one_time_tokens'> | undefined> {
    return trx
      .selectFrom('one_time_tokens')
      .selectAll()
      .where('token_hash', '=', tokenHash)
      .where('purpose', '=', purpose)
      .where('expires_at', '>', now)
      .executeTakeFirst();
  }

  async deleteTokensOf(trx: CoreTransaction, developerId: string, purpose?: TokenPurpose): Promise<void> {
    let query = trx.deleteFrom('one_time_tokens').where('developer_id', '=', developerId);
    if (purpose) query = query.where('purpose', '=', purpose);
    await query.execute();
  }

  async deleteTokensFor(trx: CoreTransaction, purpose: TokenPurpose): Promise<void> {
    await trx.deleteFrom('one_time_tokens').where('purpose', '=', purpose).execute();
  }

  /** Forgets what has run out: sessions and tokens. */
  async deleteExpired(trx: CoreTransaction, now: string): Promise<void> {
    await trx.deleteFrom('sessions').where('expires_at', '<=', now).execute();
    await trx.deleteFrom('one_time_tokens').where('expires_at', '<=', now).execute();
  }

  async listSessions(developerId: string): Promise<CoreRow<'sessions'>[]> {
    return this.db.read
      .selectFrom('sessions')
      .selectAll()
      .where('developer_id', '=', developerId)
      .orderBy('created_at')
      .execute();
  }

  /** What the audit log has of somebody's own acts, newest first, from behind a row on. */
  async listAuditOf(developerId: string, after: AuditRow | undefined, limit: number): Promise<AuditRow[]> {
    let query = this.db.scan
      .selectFrom('audit_logs')
      .select(['seq', 'occurred_at', 'actor_kind', 'action', 'subject_kind', 'subject_id', 'data'])
      .where('actor_id', '=', developerId);
    if (after) query = query.where('seq', '<', after.seq);
    return query.orderBy('seq', 'desc').limit(limit).execute();
  }
}
