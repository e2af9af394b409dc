import { setImmediate } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { AppRemovalService } from '../apps/app-removal.service.js';
import { ListingsService } from '../apps/listings.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { MailService } from '../mail/mail.service.js';
import { toRecipient, type Recipient } from '../mail/recipient.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';
import { AccountsRepository } from './accounts.repository.js';
import { toDeveloperResource, type DeveloperResource } from './accounts.schemas.js';

/** One's own account: what it says, what it holds, and its end. */
@Injectable()
export class ProfileService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AccountsRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly signingKeys: SigningKeysService,
    private readonly removal: AppRemovalService,
    private readonly listings: ListingsService,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly jobs: JobsService,
    private readonly mail: MailService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register('mail.account-deleted', (payload: Recipient & { name: string }) =>
      this.mail.send(payload, { template: 'account-deleted', name: payload.name }),
    );
  }

  /** The actor's account. */
  async get(actor: Actor): Promise<DeveloperResource> {
    return toDeveloperResource(await this.account(actor));
  }

  /**
   * Renames the account at once. The store goes on showing the reviewed name: for each published app the new one becomes
   * a listing revision that waits for a review.
   */
  async rename(actor: Actor, name: string | undefined): Promise<DeveloperResource> {
    await this.db.write(async (trx) => {
      const account = await this.repository.findById(actor.developerId, trx);
      if (!account || name === undefined || name === account.name) return;
      await this.repository.update(trx, account.id, { name }, this.clock.timestamp());
      await this.audit.append(trx, auditActor(actor), {
        action: 'developer.renamed',
        subject: { kind: 'developer', id: account.id },
      });
      await this.listings.proposeDeveloperName(trx, actor, name);
    });
    return this.get(actor);
  }

  /**
   * Deletes the account: its credentials, its name and address, and every app that was never published. Published apps
   * stay in the store as they were reviewed. What was never published goes first, a few apps at a time, so that others are
   * answered in between: a server that is ended meanwhile leaves an account with fewer of them, to be deleted again.
   *
   * @throws AppError `last-admin`
   */
  async delete(actor: Actor): Promise<void> {
    const removeSome = async (trx: CoreTransaction) => {
      await this.getDeletable(trx, actor);
      return this.removal.removeSomeOf(trx, actor);
    };
    while (await this.db.write(removeSome)) await setImmediate();
    await this.db.write(async (trx) => {
      const account = await this.getDeletable(trx, actor);
      const by = auditActor(actor);
      await this.removal.removeAllOf(trx, actor);
      await this.apiKeys.revokeAll(trx, account.id, 'account-deleted', by);
      await this.signingKeys.deactivateAll(trx, account.id, by);
      await this.repository.deleteSessionsOf(trx, account.id, null);
      await this.repository.deleteTokensOf(trx, account.id);
      await this.idempotency.forgetAllOf(trx, account.id);
      const now = this.clock.timestamp();
      await this.repository.update(
        trx,
        account.id,
        {
          email: `deleted-${account.id}@deleted.invalid`,
          name: 'Deleted developer',
          password_hash: null,
          oauth_provider: null,
          oauth_id: null,
          role: 'developer',
          verified: 0,
          deleted_at: now,
        },
        now,
      );
      await this.audit.append(trx, by, { action: 'developer.deleted', subject: { kind: 'developer', id: account.id } });
      await this.jobs.enqueue(trx, 'mail.account-deleted', { ...toRecipient(account), name: account.name });
    });
  }

  private async getDeletable(trx: CoreTransaction, actor: Actor): Promise<CoreRow<'developers'>> {
    const account = await this.repository.findById(actor.developerId, trx);
    if (!account) throw notFound('account');
    if (account.role === 'admin' && !(await this.repository.hasOtherAdmin(trx, account.id))) {
      throw new AppError('last-admin', 'Make somebody else an admin first: a store without one cannot be run.');
    }
    return account;
  }

  private async account(actor: Actor): Promise<CoreRow<'developers'>> {
    const account = await this.repository.findById(actor.developerId);
    if (!account) throw notFound('account');
    return account;
  }
}
