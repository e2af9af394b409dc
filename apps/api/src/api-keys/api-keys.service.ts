import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, newId, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import type { Permission } from '../access/permissions.js';
import { AuditService, SYSTEM, auditActor, type AuditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, type Page, type PageRequest } from '../common/pagination.js';
import { sha256Hex } from '../common/secrets.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { MailService } from '../mail/mail.service.js';
import { toRecipient, type Recipient } from '../mail/recipient.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { toApiKeyResource, type ApiKeyResource, type CreateApiKey } from './api-keys.schemas.js';
import { KEY_LENGTH, isWellFormedKey, mintKey } from '../common/api-key-format.js';

const MAX_KEYS = 100;
/** Apps of a key that its audit row names: that row stays for ever, and a hundred names are as large as fifty other rows. */
const LOGGED_APPS = 10;

interface LeakNotice extends Recipient {
  name: string;
  keyName: string;
  keyPrefix: string;
  packageId: string;
  path: string;
}

/** API keys: minted once, never shown again, never granting more than what mints them. */
@Injectable()
export class ApiKeysService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: ApiKeysRepository,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly jobs: JobsService,
    private readonly mail: MailService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register('mail.key-revoked', (notice: LeakNotice) =>
      this.mail.send(notice, { template: 'key-revoked', ...notice }),
    );
  }

  /** @throws AppError `key-grants-too-much`, `key-limit-reached`, `validation-failed` */
  async create(actor: Actor, input: CreateApiKey): Promise<ApiKeyResource & { key: string }> {
    const now = this.clock.timestamp();
    const expiresAt = input.expires_at ? new Date(input.expires_at).toISOString() : null;
    if (expiresAt !== null && expiresAt <= now) {
      throw new AppError('validation-failed', 'expires_at: must lie in the future.', {
        errors: [{ pointer: '/expires_at', code: 'in-the-past', detail: 'Must lie in the future.' }],
      });
    }
    const packageIds = input.app_package_ids ?? null;
    assertGrantable(actor, input.permissions, packageIds, expiresAt);
    const { key, displayPrefix } = mintKey();
    const row: CoreRow<'api_keys'> = {
      id: newId(),
      developer_id: actor.developerId,
      name: input.name,
      key_hash: sha256Hex(key),
      key_prefix: displayPrefix,
      permissions: JSON.stringify(input.permissions),
      app_package_ids: packageIds && JSON.stringify(packageIds),
      last_used_at: null,
      expires_at: expiresAt,
      revoked_at: null,
      revoked_reason: null,
      created_at: now,
    };
    await this.db.write(async (trx) => {
      if ((await this.repository.countUsable(trx, actor.developerId, now)) >= MAX_KEYS) {
        throw new AppError(
          'key-limit-reached',
          `An account has at most ${MAX_KEYS} keys. Revoke one that is not used any more.`,
        );
      }
      await this.repository.insert(trx, row);
      await this.audit.append(trx, auditActor(actor), {
        action: 'api_key.created',
        subject: { kind: 'api_key', id: row.id },
        data: {
          permissions: input.permissions,
          app_package_ids: packageIds && packageIds.slice(0, LOGGED_APPS),
          app_count: packageIds && packageIds.length,
          expires_at: expiresAt,
        },
      });
      await this.idempotency.remember(trx, { ...toApiKeyResource(row), key: null });
    });
    return { ...toApiKeyResource(row), key };
  }

  /** The actor's keys, newest first; a limited key sees only keys that grant no more than itself. */
  async list(actor: Actor, page: PageRequest): Promise<Page<ApiKeyResource>> {
    const answer = await this.listOf(actor.developerId, page);
    return { ...answer, items: answer.items.filter((key) => covers(actor, key.permissions, key.app_package_ids)) };
  }

  /** An account's keys without their secrets, newest first; for staff. */
  async listOf(developerId: string, page: PageRequest): Promise<Page<ApiKeyResource>> {
    const owner = ['api-keys', developerId] as const;
    const before = page.cursor ? decodeCursor(owner, page.cursor, ['string', 'string']) : undefined;
    const rows = await this.repository.list(developerId, page.limit + 1, before);
    return toPage(owner, rows, page.limit, (row) => [row.created_at, row.id], toApiKeyResource);
  }

  /** @throws AppError `not-found`, `key-grants-too-much` */
  async revoke(actor: Actor, id: string): Promise<void> {
    await this.db.write(async (trx) => {
      const key = await this.repository.find(actor.developerId, id, trx);
      if (!key || key.revoked_at !== null) throw notFound('API key');
      const { permissions, app_package_ids } = toApiKeyResource(key);
      if (!covers(actor, permissions, app_package_ids)) {
        throw new AppError(
          'key-grants-too-much',
          'This key grants more than the one that wants to revoke it. Sign in to revoke it.',
        );
      }
      await this.revokeOne(trx, id, 'revoked', auditActor(actor));
    });
  }

  /** Ends every key of an account. */
  async revokeAll(trx: CoreTransaction, developerId: string, reason: string, by: AuditActor): Promise<void> {
    for (const id of await this.repository.listUsableIds(trx, developerId)) await this.revokeOne(trx, id, reason, by);
  }

  /**
   * Revokes the keys among `candidates` that exist, whoever owns them, and tells their owners: they lay in a package.
   *
   * @returns the display prefixes of those that were revoked
   */
  async revokeLeaked(candidates: readonly string[], packageId: string, path: string): Promise<string[]> {
    const wellFormed = [...new Set(candidates.map((candidate) => candidate.slice(0, KEY_LENGTH)))].filter(
      isWellFormedKey,
    );
    if (wellFormed.length === 0) return [];
    return this.db.write(async (trx) => {
      const revoked: string[] = [];
      for (const candidate of wellFormed) {
        const key = await this.repository.findByHash(sha256Hex(candidate), trx);
        if (!key || key.revoked_at !== null) continue;
        await this.revokeOne(trx, key.id, 'found-in-package', SYSTEM);
        const owner = await this.repository.findOwner(trx, key.developer_id);
        if (owner) {
          const found = { keyName: key.name, keyPrefix: key.key_prefix, packageId, path };
          const notice: LeakNotice = { ...toRecipient(owner), name: owner.name, ...found };
          await this.jobs.enqueue(trx, 'mail.key-revoked', notice);
        }
        revoked.push(key.key_prefix);
      }
      return revoked;
    });
  }

  /** Every key of an account as the API shows it. */
  async exportOf(developerId: string): Promise<ApiKeyResource[]> {
    return (await this.repository.list(developerId, 1_000)).map(toApiKeyResource);
  }

  private async revokeOne(trx: CoreTransaction, id: string, reason: string, by: AuditActor): Promise<void> {
    await this.repository.revoke(trx, id, reason, this.clock.timestamp());
    await this.audit.append(trx, by, { action: 'api_key.revoked', subject: { kind: 'api_key', id }, data: { reason } });
  }
}

/** Whether the actor has everything that a key with these rights would grant. */
function covers(actor: Actor, permissions: readonly Permission[], packageIds: readonly string[] | null): boolean {
  const { credential } = actor;
  if (credential.kind === 'session') return true;
  if (!permissions.every((permission) => credential.permissions.has(permission))) return false;
  const { appPackageIds } = credential;
  if (appPackageIds === null) return true;
  return packageIds !== null && packageIds.every((id) => appPackageIds.has(id.toLowerCase()));
}

function assertGrantable(
  actor: Actor,
  permissions: readonly Permission[],
  packageIds: readonly string[] | null,
  expiresAt: string | null,
): void {
  if (!covers(actor, permissions, packageIds)) {
    throw new AppError('key-grants-too-much', 'A key mints only keys with permissions and apps that it has itself.');
  }
  const { credential } = actor;
  if (
    credential.kind === 'api_key' &&
    credential.expiresAt !== null &&
    (expiresAt === null || expiresAt > credential.expiresAt)
  ) {
    throw new AppError(
      'key-grants-too-much',
      `A key that expires mints only keys that expire no later: ${credential.expiresAt}.`,
    );
  }
}
