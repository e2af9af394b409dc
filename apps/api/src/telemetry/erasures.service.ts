import { Injectable } from '@nestjs/common';
import { CoreDatabase } from '@mosis/db';
import { TelemetryEngine, type ErasureState } from '@mosis/telemetry';
import type { Actor } from '../access/actor.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { notFound } from '../common/app-error.js';
import { MINUTE_MS } from '../common/clock.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ReportsService } from './reports.service.js';
import { ERASURES_JOB } from './telemetry-jobs.service.js';

/** Forgetting single devices. */
@Injectable()
export class ErasuresService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly engine: TelemetryEngine,
    private readonly reports: ReportsService,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly jobs: JobsService,
  ) {}

  /** Asks for a device to be forgotten; the wish is on disk when this resolves. @throws AppError `not-found` */
  async request(actor: Actor, packageId: string, deviceId: string): Promise<ErasureState> {
    const id = await this.reports.getReadablePackageId(actor, packageId);
    // Two files have no common transaction. The audit row comes first, so that nothing is erased without one; it says that
    // erasing was asked for, and nothing of the device.
    await this.db.write(async (trx) => {
      await this.audit.append(trx, auditActor(actor), {
        action: 'telemetry.erasure_requested',
        subject: { kind: 'telemetry', id },
      });
      // Should the process die before the work is begun.
      await this.jobs.ensureQueued(trx, ERASURES_JOB, MINUTE_MS);
    });
    const erasure = await this.engine.erase(id, deviceId);
    await this.db.write(async (trx) => {
      await this.jobs.ensureQueued(trx, ERASURES_JOB);
      // Killed before this, a repeated request asks once more: to forget a device twice is as good as once.
      await this.idempotency.remember(trx, erasure);
    });
    return erasure;
  }

  /** How an erasure stands. @throws AppError `not-found` */
  async get(actor: Actor, packageId: string, erasure: string): Promise<ErasureState> {
    const id = await this.reports.getReadablePackageId(actor, packageId);
    const state = await this.engine.findErasure(id, erasure);
    if (!state) throw notFound('erasure');
    return state;
  }
}
