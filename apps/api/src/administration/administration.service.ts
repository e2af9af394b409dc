import { Inject, Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { toDeveloperResource } from '../accounts/accounts.schemas.js';
import { AccountsService } from '../accounts/accounts.service.js';
import type { ApiKeyResource } from '../api-keys/api-keys.schemas.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { toAppResource, type AppResource } from '../apps/apps.schemas.js';
import { AppsService } from '../apps/apps.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, type Page, type PageRequest } from '../common/pagination.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { SigningKeyResource } from '../signing-keys/signing-keys.schemas.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';
import { AdministrationRepository } from './administration.repository.js';
import type { AdminAppResource, AdminDeveloperResource } from './administration.schemas.js';

/** What only admins do: roles, verification, suspension, and lists over everything. */
@Injectable()
export class AdministrationService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AdministrationRepository,
    private readonly accounts: AccountsService,
    private readonly apps: AppsService,
    private readonly signingKeys: SigningKeysService,
    private readonly apiKeys: ApiKeysService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Accounts, newest first. Asked for by a whole e-mail address, the account that has it, alone. */
  async listDevelopers(
    query: PageRequest & { q?: string | undefined; role?: 'developer' | 'reviewer' | 'admin' | undefined },
  ): Promise<Page<AdminDeveloperResource>> {
    const owner = ['developers', query.q, query.role] as const;
    const before = query.cursor ? decodeCursor(owner, query.cursor, ['string', 'string']) : undefined;
    if (!before && query.q?.includes('@')) {
      const named = await this.repository.findDeveloperByEmail(query.q.trim());
      if (named) {
        const items = query.role === undefined || named.role === query.role ? [toAdminDeveloper(named)] : [];
        return { items, next_cursor: null };
      }
    }
    const rows = await this.repository.listDevelopers(query, query.limit + 1, before);
    return toPage(owner, rows, query.limit, (row) => [row.created_at, row.id], toAdminDeveloper);
  }

  /** One account. @throws AppError `not-found` */
  async getDeveloper(id: string): Promise<AdminDeveloperResource> {
    const row = await this.repository.findDeveloper(id);
    if (!row) throw notFound('developer');
    return toAdminDeveloper(row);
  }

  /** An account's signing keys, newest first. @throws AppError `not-found` */
  async listSigningKeys(id: string, page: PageRequest): Promise<Page<SigningKeyResource>> {
    await this.getDeveloper(id);
    return this.signingKeys.listOf(id, page);
  }

  /** An account's API keys without their secrets, newest first. @throws AppError `not-found` */
  async listApiKeys(id: string, page: PageRequest): Promise<Page<ApiKeyResource>> {
    await this.getDeveloper(id);
    return this.apiKeys.listOf(id, page);
  }

  /** Apps, newest first. */
  async listApps(
    query: PageRequest & {
      q?: string | undefined;
      status?: 'draft' | 'published' | 'suspended' | undefined;
      developer_id?: string | undefined;
    },
  ): Promise<Page<AdminAppResource>> {
    const owner = ['all-apps', query.q, query.status, query.developer_id] as const;
    const [before] = query.cursor ? decodeCursor(owner, query.cursor, ['number']) : [undefined];
    const rows = await this.repository.listApps(
      { q: query.q, status: query.status, developerId: query.developer_id },
      query.limit + 1,
      before,
    );
    return toPage(
      owner,
      rows,
      query.limit,
      (row) => [row.seq],
      (row) => ({
        ...toAppResource(row, undefined, this.settings.publicUrl),
        developer: { id: row.developer_id, name: row.owner_name, email: row.owner_email },
      }),
    );
  }

  /**
   * Changes an account's role or verification. One whose address was registered more than once is handed over to whoever has
   * the address when it is verified: its credentials are of whoever registered last.
   *
   * @throws AppError `not-found`, `last-admin`, `role-not-allowed`
   */
  async updateDeveloper(
    actor: Actor,
    id: string,
    change: { verified?: boolean | undefined; role?: 'developer' | 'reviewer' | 'admin' | undefined },
  ): Promise<AdminDeveloperResource> {
    await this.db.write(async (trx) => {
      const developer = await this.active(trx, id);
      const verified = change.verified === undefined ? developer.verified : change.verified ? 1 : 0;
      const role = change.role ?? developer.role;
      if (developer.role === 'admin' && role !== 'admin') await this.assertOtherAdmin(trx, id);
      if (role !== 'developer' && verified === 0) {
        throw new AppError(
          'role-not-allowed',
          'Only a verified account can be a reviewer or an admin. Verify it first, or in the same request.',
        );
      }
      if (verified === developer.verified && role === developer.role) return;
      const isContested = verified === 1 && developer.registration === 'again';
      if (isContested) await this.accounts.handOver(trx, id, auditActor(actor));
      const isTakenBack = verified === 0 && developer.verified === 1;
      const registration = verified === 1 ? null : isTakenBack ? ('closed' as const) : developer.registration;
      await this.repository.updateDeveloper(trx, id, { verified, role, registration }, this.clock.timestamp());
      await this.audit.append(trx, auditActor(actor), {
        action: 'developer.changed_by_admin',
        subject: { kind: 'developer', id },
        data: { verified: verified === 1, role, before: { verified: developer.verified === 1, role: developer.role } },
      });
    });
    return this.getDeveloper(id);
  }

  /** Shuts an account out, and its apps out of the store. @throws AppError `already-suspended`, `last-admin` */
  async suspendDeveloper(actor: Actor, id: string, reason: string): Promise<AdminDeveloperResource> {
    await this.db.write(async (trx) => {
      const developer = await this.active(trx, id);
      if (developer.suspended_at !== null)
        throw new AppError('already-suspended', `The account is suspended since ${developer.suspended_at}.`);
      if (developer.role === 'admin') await this.assertOtherAdmin(trx, id);
      const now = this.clock.timestamp();
      await this.repository.updateDeveloper(
        trx,
        id,
        { suspended_at: now, suspended_by: actor.developerId, suspend_reason: reason },
        now,
      );
      await this.audit.append(trx, auditActor(actor), {
        action: 'developer.suspended',
        subject: { kind: 'developer', id },
      });
    });
    return this.getDeveloper(id);
  }

  /** Lets an account in again; everything is as it was. @throws AppError `not-suspended` */
  async unsuspendDeveloper(actor: Actor, id: string): Promise<AdminDeveloperResource> {
    await this.db.write(async (trx) => {
      const developer = await this.active(trx, id);
      if (developer.suspended_at === null) throw new AppError('not-suspended', 'The account is not suspended.');
      await this.repository.updateDeveloper(
        trx,
        id,
        { suspended_at: null, suspended_by: null, suspend_reason: null },
        this.clock.timestamp(),
      );
      await this.audit.append(trx, auditActor(actor), {
        action: 'developer.unsuspended',
        subject: { kind: 'developer', id },
      });
    });
    return this.getDeveloper(id);
  }

  /** Takes an app out of the store and stops all work on it. @throws AppError `already-suspended` */
  async suspendApp(actor: Actor, packageId: string, reason: string): Promise<AppResource> {
    return this.changeApp(actor, packageId, 'app.suspended', (app) => {
      if (app.suspended_at !== null)
        throw new AppError('already-suspended', `The app is suspended since ${app.suspended_at}.`);
      return {
        status: 'suspended',
        suspended_at: this.clock.timestamp(),
        suspended_by: actor.developerId,
        suspend_reason: reason,
      };
    });
  }

  /** Restores what was before the suspension. @throws AppError `not-suspended` */
  async unsuspendApp(actor: Actor, packageId: string): Promise<AppResource> {
    return this.changeApp(actor, packageId, 'app.unsuspended', (app) => {
      if (app.suspended_at === null) throw new AppError('not-suspended', 'The app is not suspended.');
      const status = app.first_published_at === null ? 'draft' : 'published';
      return { status, suspended_at: null, suspended_by: null, suspend_reason: null };
    });
  }

  private async changeApp(
    actor: Actor,
    packageId: string,
    action: string,
    decide: (app: CoreRow<'apps'>) => Partial<CoreRow<'apps'>>,
  ): Promise<AppResource> {
    await this.db.write(async (trx) => {
      const app = await this.apps.getAny(packageId, trx);
      await this.repository.updateApp(trx, app.id, decide(app), this.clock.timestamp());
      await this.audit.append(trx, auditActor(actor), { action, subject: { kind: 'app', id: app.id } });
    });
    return this.apps.resource(await this.apps.getAny(packageId));
  }

  private async active(trx: CoreTransaction, id: string): Promise<CoreRow<'developers'>> {
    const developer = await this.repository.findDeveloper(id, trx);
    if (!developer || developer.deleted_at !== null) throw notFound('developer');
    return developer;
  }

  private async assertOtherAdmin(trx: CoreTransaction, exceptId: string): Promise<void> {
    if (!(await this.repository.hasOtherAdmin(trx, exceptId))) {
      throw new AppError('last-admin', 'Make somebody else an admin first: a store without one cannot be run.');
    }
  }
}

function toAdminDeveloper(row: CoreRow<'developers'>): AdminDeveloperResource {
  return { ...toDeveloperResource(row), deleted_at: row.deleted_at };
}
