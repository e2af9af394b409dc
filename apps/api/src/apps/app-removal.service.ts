import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import { iconKey, packageKey } from '@mosis/object-store';
import { ownChangeableApp, type Actor } from '../access/actor.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError } from '../common/app-error.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService } from '../objects/objects.service.js';
import { ReviewsService } from '../reviews/reviews.service.js';
import { AppsRepository } from './apps.repository.js';

/** Apps that one transaction deletes: each takes a millisecond, in which nobody else is answered. */
const REMOVED_AT_ONCE = 25;

/** The end of apps that were never published, and of what an account leaves open. */
@Injectable()
export class AppRemovalService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AppsRepository,
    private readonly reviews: ReviewsService,
    private readonly objects: ObjectsService,
    private readonly audit: AuditService,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    this.jobs.register('objects.discard', (payload: { keys: { key: string; sha256: string }[] }) =>
      this.objects.discardUnnamed(payload.keys),
    );
  }

  /** Deletes an app that was never published; its package id is never used again. @throws AppError `app-was-published`, `submission-open` */
  async remove(actor: Actor, packageId: string): Promise<void> {
    await this.db.write(async (trx) => {
      const app = ownChangeableApp(actor, await this.repository.findByPackageId(packageId, trx));
      if (app.first_published_at !== null) {
        throw new AppError(
          'app-was-published',
          'An app that was published is never deleted: devices have it. Withdraw it instead.',
        );
      }
      if (await this.reviews.hasOpen(trx, app.id)) {
        throw new AppError('submission-open', 'A version of this app is in review. Withdraw the submission first.');
      }
      await this.removeOne(trx, actor, app);
    });
  }

  /**
   * Deletes some apps of an account that were never published, withdrawing what of them is submitted; answers whether there may
   * be more.
   */
  async removeSomeOf(trx: CoreTransaction, actor: Actor): Promise<boolean> {
    const apps = await this.repository.listUnpublishedOf(trx, actor.developerId, REMOVED_AT_ONCE);
    for (const app of apps) {
      await this.withdrawOpen(trx, actor, app);
      await this.removeOne(trx, actor, app);
    }
    return apps.length === REMOVED_AT_ONCE;
  }

  /** Ends everything of an account that is open: submissions are withdrawn, apps that were never published deleted. */
  async removeAllOf(trx: CoreTransaction, actor: Actor): Promise<void> {
    while (await this.removeSomeOf(trx, actor));
    for (const app of await this.repository.listPublishedOf(trx, actor.developerId)) {
      await this.withdrawOpen(trx, actor, app);
      const waiting = await this.repository.findWaitingRevision(app.id, trx);
      if (waiting) await this.repository.setRevisionState(trx, waiting.id, 'discarded');
    }
  }

  /** Queues the removal of a package that no version names any more. */
  async discardPackage(trx: CoreTransaction, sha256: string): Promise<void> {
    await this.jobs.enqueue(trx, 'objects.discard', { keys: [{ key: packageKey(sha256), sha256 }] });
  }

  private async withdrawOpen(trx: CoreTransaction, actor: Actor, app: CoreRow<'apps'>): Promise<void> {
    for (const { id, version_id } of await this.reviews.withdrawAllOpen(trx, app.id)) {
      await this.audit.append(trx, auditActor(actor), {
        ...(version_id === null
          ? { action: 'listing.withdrawn', subject: { kind: 'app', id: app.id } }
          : { action: 'version.withdrawn', subject: { kind: 'version', id: version_id } }),
        data: { app_id: app.id, review_id: id },
      });
    }
  }

  private async removeOne(trx: CoreTransaction, actor: Actor, app: CoreRow<'apps'>): Promise<void> {
    const { packages, icons } = await this.repository.listObjects(trx, app.id);
    await this.repository.delete(trx, app.id);
    await this.audit.append(trx, auditActor(actor), {
      action: 'app.deleted',
      subject: { kind: 'app', id: app.id },
      data: { package_id: app.package_id },
    });
    const keys = [
      ...packages.map((sha256) => ({ key: packageKey(sha256), sha256 })),
      ...icons.map((sha256) => ({ key: iconKey(sha256), sha256 })),
    ];
    if (keys.length > 0) await this.jobs.enqueue(trx, 'objects.discard', { keys });
  }
}
