import { Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type CoreRow, type CoreTransaction } from '@mosis/db';
import { PackageError, decodePublicKeyPem, fingerprint, parsePublicKeyPem } from '@mosis/package';
import type { Actor } from '../access/actor.js';
import { AuditService, auditActor, type AuditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, type Page, type PageRequest } from '../common/pagination.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { toSigningKeyResource, type SigningKeyResource } from './signing-keys.schemas.js';

const MAX_ACTIVE_KEYS = 20;

/** A key that may verify a package: the row's id and the 32 bytes. */
export interface VerifyingKey {
  id: string;
  publicKey: Buffer;
}

/** The public keys whose signatures make a package a developer's own. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: SigningKeysRepository,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `public-key-unreadable`, `public-key-weak`, `signing-key-exists`, `key-limit-reached` */
  async create(actor: Actor, name: string, pem: string): Promise<SigningKeyResource> {
    const publicKey = readPublicKey(pem);
    const row: CoreRow<'signing_keys'> = {
      id: newId(),
      developer_id: actor.developerId,
      name,
      public_key: pem.replaceAll('\r\n', '\n').trim() + '\n',
      fingerprint: fingerprint(publicKey),
      is_active: 1,
      deactivated_at: null,
      created_at: this.clock.timestamp(),
    };
    return this.db.write(async (trx) => {
      if (await this.repository.findByFingerprint(actor.developerId, row.fingerprint, trx)) {
        throw new AppError(
          'signing-key-exists',
          'You registered this key before. A deactivated key stays so: make a new one.',
        );
      }
      if ((await this.repository.listActive(actor.developerId, trx)).length >= MAX_ACTIVE_KEYS) {
        throw new AppError(
          'key-limit-reached',
          `An account has at most ${MAX_ACTIVE_KEYS} active signing keys. Deactivate one first.`,
        );
      }
      await this.repository.insert(trx, row);
      await this.audit.append(trx, auditActor(actor), {
        action: 'signing_key.created',
        subject: { kind: 'signing_key', id: row.id },
        data: { fingerprint: row.fingerprint },
      });
      const resource = toSigningKeyResource(row);
      await this.idempotency.remember(trx, resource);
      return resource;
    });
  }

  /** The actor's keys, newest first. */
  async list(actor: Actor, page: PageRequest): Promise<Page<SigningKeyResource>> {
    return this.listOf(actor.developerId, page);
  }

  /** An account's keys, newest first; for staff. */
  async listOf(developerId: string, page: PageRequest): Promise<Page<SigningKeyResource>> {
    const owner = ['signing-keys', developerId] as const;
    const before = page.cursor ? decodeCursor(owner, page.cursor, ['string', 'string']) : undefined;
    const rows = await this.repository.list(developerId, page.limit + 1, before);
    return toPage(owner, rows, page.limit, (row) => [row.created_at, row.id], toSigningKeyResource);
  }

  /** A deactivated key verifies nothing new; what it signed and was published stays. @throws AppError `not-found` */
  async deactivate(actor: Actor, id: string): Promise<void> {
    await this.db.write(async (trx) => {
      const key = await this.repository.find(actor.developerId, id, trx);
      if (!key || key.is_active === 0) throw notFound('active signing key');
      await this.deactivateOne(trx, id, auditActor(actor));
    });
  }

  /** Deactivates every key of an account. */
  async deactivateAll(trx: CoreTransaction, developerId: string, by: AuditActor): Promise<void> {
    for (const { id } of await this.repository.listActive(developerId, trx)) await this.deactivateOne(trx, id, by);
  }

  /** The keys that may verify a package of this developer now. */
  async listVerifying(developerId: string): Promise<VerifyingKey[]> {
    const rows = await this.repository.listActive(developerId);
    return rows.map((row) => ({ id: row.id, publicKey: decodePublicKeyPem(row.public_key) }));
  }

  /** Every key of an account as the API shows it. */
  async exportOf(developerId: string): Promise<SigningKeyResource[]> {
    return (await this.repository.list(developerId, 1_000)).map(toSigningKeyResource);
  }

  private async deactivateOne(trx: CoreTransaction, id: string, by: AuditActor): Promise<void> {
    await this.repository.deactivate(trx, id, this.clock.timestamp());
    await this.audit.append(trx, by, { action: 'signing_key.deactivated', subject: { kind: 'signing_key', id } });
  }
}

function readPublicKey(pem: string): Buffer {
  try {
    return parsePublicKeyPem(pem);
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    const code = error.code === 'public-key-weak' ? 'public-key-weak' : 'public-key-unreadable';
    throw new AppError(code, error.detail, {
      errors: [{ pointer: '/public_key', code, detail: error.detail }],
      cause: error,
    });
  }
}
