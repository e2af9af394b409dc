import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { AppsService } from '../apps/apps.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { transition } from './life-cycle.js';
import { VersionsRepository } from './versions.repository.js';
import type { VersionResource, VersionWithKey } from './versions.schemas.js';
import { VersionsService, parseVersionCode } from './versions.service.js';

/** Who stopped offering a version decides who may offer it again. */
type YankedBy = 'owner' | 'admin';

/** Taking published versions off the offer, and putting them back. */
@Injectable()
export class YanksService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly apps: AppsService,
    private readonly versions: VersionsService,
    private readonly repository: VersionsRepository,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Stops offering a published version. @throws AppError `version-not-published`, `version-already-yanked` */
  async yank(actor: Actor, packageId: string, versionCode: string, reason: string): Promise<VersionResource> {
    return this.asOwner(actor, packageId, versionCode, (trx, version) =>
      this.take(trx, actor, version, 'owner', reason),
    );
  }

  /** Offers a version again that its owner yanked. @throws AppError `version-not-yanked`, `yanked-by-admin` */
  async unyank(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    return this.asOwner(actor, packageId, versionCode, (trx, version) => this.giveBack(trx, actor, version, 'owner'));
  }

  /** As `yank`, by an admin: the owner cannot undo it. */
  async yankAsAdmin(actor: Actor, packageId: string, versionCode: string, reason: string): Promise<VersionResource> {
    return this.asAdmin(packageId, versionCode, (trx, version) => this.take(trx, actor, version, 'admin', reason));
  }

  /** Undoes an admin's yank. @throws AppError `version-not-yanked`, `yanked-by-owner` */
  async unyankAsAdmin(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    return this.asAdmin(packageId, versionCode, (trx, version) => this.giveBack(trx, actor, version, 'admin'));
  }

  private async take(
    trx: CoreTransaction,
    actor: Actor,
    version: VersionWithKey,
    by: YankedBy,
    reason: string,
  ): Promise<void> {
    transition(version.status, 'yank');
    // An admin may take over an owner's yank, so that it lasts.
    if (version.yanked_at !== null && !(by === 'admin' && version.yanked_by === 'owner')) {
      throw new AppError('version-already-yanked', 'The version is yanked already.');
    }
    const now = this.clock.timestamp();
    await this.repository.update(trx, version.id, { yanked_at: now, yanked_by: by, yank_reason: reason }, now);
    await this.record(trx, actor, 'version.yanked', version, by);
  }

  private async giveBack(trx: CoreTransaction, actor: Actor, version: VersionWithKey, by: YankedBy): Promise<void> {
    transition(version.status, 'unyank');
    if (version.yanked_at === null) throw new AppError('version-not-yanked', 'The version is not yanked.');
    if (version.yanked_by !== by) {
      throw by === 'owner'
        ? new AppError(
            'yanked-by-admin',
            'An admin yanked this version; only an admin can undo that. Publish a mended one.',
          )
        : new AppError('yanked-by-owner', 'The owner yanked this version; only the owner can undo that.');
    }
    const change = { yanked_at: null, yanked_by: null, yank_reason: null };
    await this.repository.update(trx, version.id, change, this.clock.timestamp());
    await this.record(trx, actor, 'version.unyanked', version, by);
  }

  private async asOwner(
    actor: Actor,
    packageId: string,
    versionCode: string,
    work: (trx: CoreTransaction, version: VersionWithKey) => Promise<void>,
  ): Promise<VersionResource> {
    return this.db.write(async (trx) =>
      this.step(trx, await this.apps.getOwnChangeable(actor, packageId, trx), versionCode, work),
    );
  }

  private async asAdmin(
    packageId: string,
    versionCode: string,
    work: (trx: CoreTransaction, version: VersionWithKey) => Promise<void>,
  ): Promise<VersionResource> {
    return this.db.write(async (trx) => this.step(trx, await this.apps.getAny(packageId, trx), versionCode, work));
  }

  private async step(
    trx: CoreTransaction,
    app: CoreRow<'apps'>,
    versionCode: string,
    work: (trx: CoreTransaction, version: VersionWithKey) => Promise<void>,
  ): Promise<VersionResource> {
    const version = await this.repository.find(app.id, parseVersionCode(versionCode), trx);
    if (!version) throw notFound('version');
    await work(trx, version);
    return this.versions.getResource(version.id, trx);
  }

  private async record(
    trx: CoreTransaction,
    actor: Actor,
    action: string,
    version: VersionWithKey,
    by: YankedBy,
  ): Promise<void> {
    await this.audit.append(trx, auditActor(actor), {
      action,
      subject: { kind: 'version', id: version.id },
      data: { app_id: version.app_id, version_code: version.version_code, by },
    });
  }
}
