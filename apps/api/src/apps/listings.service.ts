import { Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type CoreRow, type CoreTransaction } from '@mosis/db';
import { iconKey } from '@mosis/object-store';
import { PackageError } from '@mosis/package';
import { ownChangeableApp, type Actor } from '../access/actor.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { sha256Hex } from '../common/secrets.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService } from '../objects/objects.service.js';
import { ReviewsService, type ReviewReason } from '../reviews/reviews.service.js';
import { AppsRepository } from './apps.repository.js';
import type { UpdateApp } from './apps.schemas.js';
import { IconEncoder } from './icon-encoder.js';
import { hashListing, hashSubject, isIntact, listingOf, sameListing, type Listing } from './listing.js';

type AppRow = CoreRow<'apps'>;
type RevisionRow = CoreRow<'app_revisions'>;

/** Listings: free while drafted, frozen while submitted, and once live only ever replaced by a reviewed revision. */
@Injectable()
export class ListingsService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AppsRepository,
    private readonly reviews: ReviewsService,
    private readonly objects: ObjectsService,
    private readonly audit: AuditService,
    private readonly jobs: JobsService,
    private readonly icons: IconEncoder,
    private readonly clock: Clock,
  ) {}

  /** Changes what the store page says, or proposes the change when the app was published. @throws AppError `listing-frozen` */
  async update(actor: Actor, packageId: string, change: UpdateApp): Promise<void> {
    await this.db.write(async (trx) => {
      const app = ownChangeableApp(actor, await this.repository.findByPackageId(packageId, trx));
      const { tags, ...texts } = change;
      await this.apply(trx, actor, app, { ...texts, ...(tags ? { tags: JSON.stringify(tags) } : {}) });
    });
  }

  /** Re-encodes an image and makes it the icon. @throws AppError `icon-invalid`, `listing-frozen`, `overloaded` */
  async setIcon(actor: Actor, packageId: string, image: Buffer): Promise<void> {
    ownChangeableApp(actor, await this.repository.findByPackageId(packageId));
    const icon = await this.reencode(image);
    await this.storeIcon(icon, async (trx, sha256) => {
      const app = ownChangeableApp(actor, await this.repository.findByPackageId(packageId, trx));
      await this.apply(trx, actor, app, { icon_sha256: sha256 });
    });
  }

  /** Removes the icon, or proposes that. @throws AppError `listing-frozen` */
  async removeIcon(actor: Actor, packageId: string): Promise<void> {
    await this.db.write(async (trx) => {
      const app = ownChangeableApp(actor, await this.repository.findByPackageId(packageId, trx));
      await this.apply(trx, actor, app, { icon_sha256: null });
    });
  }

  /** Takes the icon of a first package for an app that has none of its own yet. */
  async adoptPackageIcon(actor: Actor, app: AppRow, icon: Buffer): Promise<void> {
    if (app.icon_sha256 !== null || app.first_published_at !== null) return;
    await this.storeIcon(icon, async (trx, sha256) => {
      const current = await this.repository.getById(app.id, trx);
      const isFree =
        current.icon_sha256 === null && current.first_published_at === null && current.suspended_at === null;
      if (isFree && !(await this.repository.hasFrozenVersion(trx, app.id)))
        await this.apply(trx, actor, current, { icon_sha256: sha256 });
      else await this.discardIcon(trx, sha256);
    });
  }

  /** Proposes a developer's new name for each of their published apps. */
  async proposeDeveloperName(trx: CoreTransaction, actor: Actor, name: string): Promise<void> {
    for (const app of await this.repository.listPublishedOf(trx, actor.developerId))
      await this.propose(trx, actor, app, { developer_name: name });
  }

  /**
   * The listing that a submitted version ships with: the live one, or before the first publication a snapshot that
   * freezes the draft.
   */
  async freezeForVersion(trx: CoreTransaction, app: AppRow): Promise<RevisionRow> {
    if (app.live_revision_id !== null) {
      const live = await this.repository.findRevision(trx, app.live_revision_id);
      if (live) return live;
    }
    const waiting = await this.repository.findWaitingRevision(app.id, trx);
    return waiting ?? this.insertWaiting(trx, app.id, listingOf(app));
  }

  /** Gives the draft free again after a submission that did not lead to a publication. */
  async thaw(trx: CoreTransaction, app: AppRow): Promise<void> {
    if (app.first_published_at !== null || (await this.repository.hasFrozenVersion(trx, app.id))) return;
    const waiting = await this.repository.findWaitingRevision(app.id, trx);
    if (waiting) await this.repository.setRevisionState(trx, waiting.id, 'discarded');
    // While it was frozen the developer may have been renamed.
    const name = await this.repository.findDeveloperName(trx, app.developer_id);
    if (name !== undefined && name !== app.developer_name)
      await this.repository.update(trx, app.id, { developer_name: name }, this.clock.timestamp());
  }

  /** The subject of a version's review: one digest over the package's and the listing's. */
  subjectOf(packageSha256: string, revision: RevisionRow): string {
    return hashSubject(packageSha256, revision.listing_sha256);
  }

  /**
   * The reviewed listing with which a version is published first. @throws AppError `review-subject-changed` when the app's
   * own columns are not what was frozen
   */
  async getReviewed(trx: CoreTransaction, app: AppRow, revisionId: string): Promise<RevisionRow> {
    const revision = await this.repository.findRevision(trx, revisionId);
    if (
      !revision ||
      !isIntact(revision) ||
      (app.first_published_at === null && !sameListing(listingOf(app), listingOf(revision)))
    ) {
      throw new AppError(
        'review-subject-changed',
        'The listing is not the one that was reviewed. Upload and submit a new version.',
      );
    }
    return revision;
  }

  /** Makes a revision the live one; its review must have been approved. */
  async makeLive(trx: CoreTransaction, app: AppRow, revision: RevisionRow, more: Partial<AppRow> = {}): Promise<void> {
    if (app.live_revision_id !== revision.id) {
      if (app.live_revision_id !== null) await this.repository.setRevisionState(trx, app.live_revision_id, 'past');
      await this.repository.setRevisionState(trx, revision.id, 'live');
    }
    await this.repository.update(
      trx,
      app.id,
      { ...listingOf(revision), live_revision_id: revision.id, ...more },
      this.clock.timestamp(),
    );
  }

  /** After a first publication: proposes what changed while the listing was frozen (only the developer's name can have). */
  async catchUp(trx: CoreTransaction, actor: Actor, appId: string): Promise<void> {
    const app = await this.repository.getById(appId, trx);
    const name = await this.repository.findDeveloperName(trx, app.developer_id);
    if (name !== undefined && name !== app.developer_name)
      await this.propose(trx, actor, app, { developer_name: name });
  }

  /** Carries out the decision on a changed listing. @throws AppError `review-subject-changed` */
  async decide(trx: CoreTransaction, review: CoreRow<'reviews'>, decision: 'approved' | 'rejected'): Promise<void> {
    const app = await this.repository.getById(review.app_id, trx);
    const revision = await this.repository.findRevision(trx, review.revision_id);
    if (!revision || !isIntact(revision) || hashSubject(null, revision.listing_sha256) !== review.subject_sha256) {
      throw new AppError(
        'review-subject-changed',
        'The listing is not the one that was submitted. Ask the developer to change it again.',
      );
    }
    if (decision === 'approved') await this.makeLive(trx, app, revision);
    else await this.repository.setRevisionState(trx, revision.id, 'discarded');
  }

  private async apply(trx: CoreTransaction, actor: Actor, app: AppRow, change: Partial<Listing>): Promise<void> {
    if (app.first_published_at !== null) {
      await this.propose(trx, actor, app, change);
      return;
    }
    const next = { ...listingOf(app), ...change };
    if (sameListing(next, app)) return;
    if (await this.repository.hasFrozenVersion(trx, app.id)) {
      throw new AppError(
        'listing-frozen',
        'The listing is frozen with a version. Withdraw it from review to change the listing; one that is approved is published first, and later changes are reviewed by themselves.',
      );
    }
    await this.repository.update(trx, app.id, change, this.clock.timestamp());
    if (app.icon_sha256 !== null && next.icon_sha256 !== app.icon_sha256) await this.discardIcon(trx, app.icon_sha256);
    await this.audit.append(trx, auditActor(actor), {
      action: 'app.listing_changed',
      subject: { kind: 'app', id: app.id },
      data: { fields: Object.keys(change), listing_sha256: hashListing(next) },
    });
  }

  /** Replaces what waits by the live listing plus all changes so far; a change back to the live one takes it off the queue. */
  private async propose(trx: CoreTransaction, actor: Actor, app: AppRow, change: Partial<Listing>): Promise<void> {
    const live = listingOf(app);
    const waiting = await this.repository.findWaitingRevision(app.id, trx);
    const next: Listing = { ...(waiting ? listingOf(waiting) : live), ...change };
    if (waiting && sameListing(next, waiting)) return;
    let dueAt: string | undefined;
    if (waiting) {
      dueAt = await this.reviews.closeOpen(
        trx,
        app.id,
        'listing',
        sameListing(next, live) ? 'withdrawn' : 'superseded',
      );
      await this.repository.setRevisionState(trx, waiting.id, 'discarded');
    }
    const by = auditActor(actor);
    if (sameListing(next, live)) {
      if (waiting)
        await this.audit.append(trx, by, { action: 'listing.withdrawn', subject: { kind: 'app', id: app.id } });
      return;
    }
    const revision = await this.insertWaiting(trx, app.id, next);
    const reviewId = await this.reviews.open(trx, {
      kind: 'listing',
      appId: app.id,
      versionId: null,
      revisionId: revision.id,
      subjectSha256: hashSubject(null, revision.listing_sha256),
      reasons: changedFields(live, next),
      submittedBy: actor.developerId,
      dueAt,
    });
    await this.audit.append(trx, by, {
      action: 'listing.submitted',
      subject: { kind: 'app', id: app.id },
      data: { review_id: reviewId, listing_sha256: revision.listing_sha256 },
    });
  }

  private async insertWaiting(trx: CoreTransaction, appId: string, listing: Listing): Promise<RevisionRow> {
    const revision: RevisionRow = {
      id: newId(),
      app_id: appId,
      state: 'waiting',
      ...listing,
      listing_sha256: hashListing(listing),
      created_at: this.clock.timestamp(),
    };
    await this.repository.insertRevision(trx, revision);
    return revision;
  }

  /** Queues the removal of an icon that a draft had; where a snapshot or another app has it, it stays. */
  private async discardIcon(trx: CoreTransaction, sha256: string): Promise<void> {
    await this.jobs.enqueue(trx, 'objects.discard', { keys: [{ key: iconKey(sha256), sha256 }] });
  }

  private async reencode(image: Buffer): Promise<Buffer> {
    try {
      return await this.icons.encode(image);
    } catch (error) {
      if (!(error instanceof PackageError)) throw error;
      throw new AppError('icon-invalid', error.detail, {
        errors: [{ pointer: '', code: error.code, detail: error.detail }],
        cause: error,
      });
    }
  }

  private async storeIcon(icon: Buffer, work: (trx: CoreTransaction, sha256: string) => Promise<void>): Promise<void> {
    const sha256 = sha256Hex(icon);
    const key = iconKey(sha256);
    await this.objects.storeNamed(
      key,
      sha256,
      () => this.objects.store.putBytes(key, icon, { contentType: 'image/png' }),
      (trx) => work(trx, sha256),
    );
  }
}

function changedFields(before: Listing, after: Listing): ReviewReason[] {
  const fields = Object.keys(before) as (keyof Listing)[];
  return fields
    .filter((field) => before[field] !== after[field])
    .map((field) => ({
      code: `listing-${field.replace('_sha256', '').replaceAll('_', '-')}-changed`,
      detail: describeChange(field, before[field], after[field]),
    }));
}

const FIELD_NAMES = {
  name: 'The name',
  category: 'The category',
  tags: 'The list of tags',
  developer_name: 'The developer’s name',
};

function quoteField(field: keyof Listing, value: string | null): string {
  const text = field === 'tags' ? (JSON.parse(value ?? '[]') as string[]).join(', ') : (value ?? '');
  return text === '' ? 'empty' : `“${text}”`;
}

function describeChange(field: keyof Listing, before: string | null, after: string | null): string {
  if (field === 'description') return 'The description was changed.';
  if (field === 'icon_sha256') return after === null ? 'The icon was removed.' : 'There is a new icon.';
  return `${FIELD_NAMES[field]} was ${quoteField(field, before)} and would be ${quoteField(field, after)}.`;
}
