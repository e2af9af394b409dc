import { Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type CoreRow } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { AppsService } from '../apps/apps.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, type Page, type PageRequest } from '../common/pagination.js';
import { randomBase62 } from '../common/secrets.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { IngestKeysRepository } from './ingest-keys.repository.js';
import { toIngestKeyResource, type IngestKeyResource } from './ingest-keys.schemas.js';

const MAX_KEYS_PER_APP = 20;
const KEY_LENGTH = 32;

/** Keys with which an app's telemetry is sent: public, write-only, per app. */
@Injectable()
export class IngestKeysService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: IngestKeysRepository,
    private readonly apps: AppsService,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `not-found`, `key-limit-reached` */
  async create(actor: Actor, packageId: string, name: string): Promise<IngestKeyResource> {
    return this.db.write(async (trx) => {
      const app = await this.apps.getOwnChangeable(actor, packageId, trx);
      if ((await this.repository.countUsable(trx, app.id)) >= MAX_KEYS_PER_APP) {
        throw new AppError(
          'key-limit-reached',
          `An app has at most ${MAX_KEYS_PER_APP} ingest keys. Revoke one first.`,
        );
      }
      const row: CoreRow<'ingest_keys'> = {
        id: newId(),
        app_id: app.id,
        name,
        key: `mi_${randomBase62(KEY_LENGTH)}`,
        revoked_at: null,
        created_at: this.clock.timestamp(),
      };
      await this.repository.insert(trx, row);
      await this.audit.append(trx, auditActor(actor), {
        action: 'ingest_key.created',
        subject: { kind: 'ingest_key', id: row.id },
        data: { app_id: app.id },
      });
      const resource = toIngestKeyResource(row);
      await this.idempotency.remember(trx, resource);
      return resource;
    });
  }

  /** The keys of an app, newest first. @throws AppError `not-found` */
  async list(actor: Actor, packageId: string, page: PageRequest): Promise<Page<IngestKeyResource>> {
    const app = await this.apps.getOwn(actor, packageId);
    const owner = ['ingest-keys', app.id] as const;
    const before = page.cursor ? decodeCursor(owner, page.cursor, ['string', 'string']) : undefined;
    const rows = await this.repository.list(app.id, page.limit + 1, before);
    return toPage(owner, rows, page.limit, (row) => [row.created_at, row.id], toIngestKeyResource);
  }

  /** @throws AppError `not-found` */
  async revoke(actor: Actor, packageId: string, id: string): Promise<void> {
    await this.db.write(async (trx) => {
      const app = await this.apps.getOwnChangeable(actor, packageId, trx);
      const key = await this.repository.find(trx, app.id, id);
      if (!key || key.revoked_at !== null) throw notFound('ingest key');
      await this.repository.revoke(trx, id, this.clock.timestamp());
      await this.audit.append(trx, auditActor(actor), {
        action: 'ingest_key.revoked',
        subject: { kind: 'ingest_key', id },
        data: { app_id: app.id },
      });
    });
  }
}
