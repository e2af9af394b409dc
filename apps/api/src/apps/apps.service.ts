import { Inject, Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type AppStatus, type CoreRow, type CoreTransaction } from '@mosis/db';
import { assertAppInScope, isStaff, ownApp, ownChangeableApp, type Actor } from '../access/actor.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, walkPages, type Page, type PageRequest } from '../common/pagination.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { ReviewsService } from '../reviews/reviews.service.js';
import { AppsRepository } from './apps.repository.js';
import { toAppResource, type AppResource, type CreateApp } from './apps.schemas.js';

type AppRow = CoreRow<'apps'>;
type ExportedRow<Name extends 'listVersionsForExport' | 'listReviewsForExport'> = Awaited<
  ReturnType<AppsRepository[Name]>
>[number];

/** Bounds what one account can put into the catalogue. */
const MAX_APPS = 10_000;
/** Nobody has looked at these: what an account does to all of them at once (a new name, its end) must take moments. */
const MAX_UNPUBLISHED_APPS = 1_000;
/** Rows of an export that are in memory at a time; an app is up to 40 KB. */
const EXPORT_PAGE = 100;

/** Apps: creating them, showing them to their owner, taking them out of the store and back. */
@Injectable()
export class AppsService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AppsRepository,
    private readonly reviews: ReviewsService,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws AppError `package-id-taken`, `package-id-retired`, `app-limit-reached`, `app-not-in-scope` */
  async create(actor: Actor, input: CreateApp): Promise<AppResource> {
    assertAppInScope(actor, input.package_id);
    const id = newId();
    return this.db.write(async (trx) => {
      if (await this.repository.findByPackageId(input.package_id, trx)) {
        throw new AppError(
          'package-id-taken',
          `${input.package_id} belongs to an app already; upper and lower case are the same here.`,
        );
      }
      if (await this.repository.isRetired(input.package_id, trx)) {
        throw new AppError(
          'package-id-retired',
          `${input.package_id} was used by an app that was deleted. Ids are never used again; choose another.`,
        );
      }
      if ((await this.repository.countOf(trx, actor.developerId)) >= MAX_APPS) {
        throw new AppError('app-limit-reached', `An account has at most ${MAX_APPS} apps.`);
      }
      if ((await this.repository.countUnpublishedOf(trx, actor.developerId)) >= MAX_UNPUBLISHED_APPS) {
        throw new AppError(
          'app-limit-reached',
          `An account has at most ${MAX_UNPUBLISHED_APPS} apps that were never published. Publish or delete some of them first.`,
        );
      }
      const now = this.clock.timestamp();
      await this.repository.insert(trx, {
        id,
        developer_id: actor.developerId,
        package_id: input.package_id,
        name: input.name,
        description: input.description,
        category: input.category,
        tags: JSON.stringify(input.tags),
        developer_name: (await this.repository.findDeveloperName(trx, actor.developerId)) ?? '',
        created_at: now,
        updated_at: now,
      });
      await this.audit.append(trx, auditActor(actor), {
        action: 'app.created',
        subject: { kind: 'app', id },
        data: { package_id: input.package_id },
      });
      const resource = toAppResource(await this.repository.getById(id, trx), undefined, this.settings.publicUrl);
      await this.idempotency.remember(trx, resource);
      return resource;
    });
  }

  /** The actor's apps, newest first; a limited key sees the apps of its scope. */
  async list(actor: Actor, page: PageRequest & { status?: AppStatus | undefined }): Promise<Page<AppResource>> {
    const owner = ['apps', actor.developerId, page.status] as const;
    const before = page.cursor ? decodeCursor(owner, page.cursor, ['string', 'string']) : undefined;
    const scope = actor.credential.kind === 'api_key' ? actor.credential.appPackageIds : null;
    const rows = await this.repository.list(
      actor.developerId,
      { status: page.status, packageIds: scope && [...scope] },
      page.limit + 1,
      before,
    );
    const waiting = await this.listWaiting(rows);
    return toPage(
      owner,
      rows,
      page.limit,
      (row) => [row.created_at, row.id],
      (row) => toAppResource(row, waiting.get(row.id), this.settings.publicUrl),
    );
  }

  /** One app, to whoever may read it. @throws AppError `not-found` */
  async get(actor: Actor, packageId: string): Promise<AppResource> {
    return this.resource(await this.getReadable(actor, packageId));
  }

  /** The row of an app of the actor's own. @throws AppError `not-found`, `app-not-in-scope` */
  async getOwn(actor: Actor, packageId: string, trx?: CoreTransaction): Promise<AppRow> {
    return ownApp(actor, await this.repository.findByPackageId(packageId, trx));
  }

  /** The row of an app that the actor may change. @throws AppError as `getOwn`, and `app-suspended` */
  async getOwnChangeable(actor: Actor, packageId: string, trx?: CoreTransaction): Promise<AppRow> {
    return ownChangeableApp(actor, await this.repository.findByPackageId(packageId, trx));
  }

  /** The row of an app that the actor owns, or that staff may read because it was submitted. @throws AppError `not-found` */
  async getReadable(actor: Actor, packageId: string): Promise<AppRow> {
    const app = await this.repository.findByPackageId(packageId);
    if (app && isStaff(actor) && app.developer_id !== actor.developerId) {
      if (actor.role === 'admin' || (await this.reviews.wasSubmitted(app.id))) return app;
    }
    return ownApp(actor, app);
  }

  /** Any app, for staff. @throws AppError `not-found` */
  async getAny(packageId: string, trx?: CoreTransaction): Promise<AppRow> {
    const app = await this.repository.findByPackageId(packageId, trx);
    if (!app) throw notFound('app');
    return app;
  }

  /** Takes a published app out of the store. @throws AppError `app-not-published`, `app-withdrawn` */
  async withdraw(actor: Actor, packageId: string): Promise<AppResource> {
    return this.change(actor, packageId, 'app.withdrawn', (app) => {
      if (app.first_published_at === null)
        throw new AppError('app-not-published', 'Only an app that is in the store can be taken out of it.');
      if (app.withdrawn_at !== null)
        throw new AppError('app-withdrawn', 'The app is withdrawn already. "restore" brings it back.');
      return { withdrawn_at: this.clock.timestamp() };
    });
  }

  /** Brings a withdrawn app back. @throws AppError `app-not-withdrawn` */
  async restore(actor: Actor, packageId: string): Promise<AppResource> {
    return this.change(actor, packageId, 'app.restored', (app) => {
      if (app.withdrawn_at === null) throw new AppError('app-not-withdrawn', 'The app is not withdrawn.');
      return { withdrawn_at: null };
    });
  }

  /** What an account's export says of its apps, page by page. */
  async *exportApps(developerId: string): AsyncGenerator<AppResource[]> {
    for await (const rows of walkPages(EXPORT_PAGE, (last?: AppRow) =>
      this.repository.listForExport(developerId, last, EXPORT_PAGE),
    ))
      yield this.resources(rows);
  }

  /** What an account's export says of its versions, page by page. */
  exportVersions(developerId: string) {
    return walkPages(EXPORT_PAGE, (last?: ExportedRow<'listVersionsForExport'>) =>
      this.repository.listVersionsForExport(developerId, last, EXPORT_PAGE),
    );
  }

  /** What an account's export says of its reviews, page by page. */
  async *exportReviews(developerId: string) {
    for await (const rows of walkPages(EXPORT_PAGE, (last?: ExportedRow<'listReviewsForExport'>) =>
      this.repository.listReviewsForExport(developerId, last, EXPORT_PAGE),
    ))
      yield rows.map(({ id: _id, ...review }) => review);
  }

  /** An app's row as its owner sees it. */
  async resource(app: AppRow): Promise<AppResource> {
    return toAppResource(app, await this.repository.findWaitingRevision(app.id), this.settings.publicUrl);
  }

  private async resources(apps: readonly AppRow[]): Promise<AppResource[]> {
    const waiting = await this.listWaiting(apps);
    return apps.map((app) => toAppResource(app, waiting.get(app.id), this.settings.publicUrl));
  }

  private async listWaiting(apps: readonly AppRow[]): Promise<Map<string, CoreRow<'app_revisions'>>> {
    const waiting = await this.repository.listWaitingRevisions(apps.map((app) => app.id));
    return new Map(waiting.map((revision) => [revision.app_id, revision]));
  }

  private async change(
    actor: Actor,
    packageId: string,
    action: string,
    decide: (app: AppRow) => Partial<AppRow>,
  ): Promise<AppResource> {
    await this.db.write(async (trx) => {
      const app = await this.getOwnChangeable(actor, packageId, trx);
      await this.repository.update(trx, app.id, decide(app), this.clock.timestamp());
      await this.audit.append(trx, auditActor(actor), { action, subject: { kind: 'app', id: app.id } });
    });
    return this.get(actor, packageId);
  }
}
