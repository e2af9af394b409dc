import { Inject, Injectable, Logger } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction, type VersionStatus } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { AppRemovalService } from '../apps/app-removal.service.js';
import { AppsService } from '../apps/apps.service.js';
import { ListingsService } from '../apps/listings.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decodeCursor, toPage, type Page, type PageRequest } from '../common/pagination.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { ObjectsService } from '../objects/objects.service.js';
import { ReviewsService } from '../reviews/reviews.service.js';
import { transition } from './life-cycle.js';
import { compareFiles, findReviewReasons, type FileChanges } from './review-reasons.js';
import { VersionsRepository } from './versions.repository.js';
import { toVersionResource, type PackageFile, type VersionResource, type VersionWithKey } from './versions.schemas.js';

/** The checks without which nothing is submitted or published. */
export const REQUIRED_CHECKS = ['archive', 'signature', 'manifest', 'secrets', 'images'] as const;

type AppRow = CoreRow<'apps'>;

/** Versions from draft to store: every step checks what it rests on inside its own transaction. */
@Injectable()
export class VersionsService {
  private readonly logger = new Logger('versions');

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: VersionsRepository,
    private readonly apps: AppsService,
    private readonly listings: ListingsService,
    private readonly removal: AppRemovalService,
    private readonly reviews: ReviewsService,
    private readonly objects: ObjectsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Versions of an app that the actor may read, highest code first. */
  async list(
    actor: Actor,
    packageId: string,
    page: PageRequest & { status?: VersionStatus | undefined },
  ): Promise<Page<VersionResource>> {
    const app = await this.apps.getReadable(actor, packageId);
    const owner = ['versions', app.id, page.status] as const;
    const [belowCode] = page.cursor ? decodeCursor(owner, page.cursor, ['number']) : [undefined];
    const rows = await this.repository.list(app.id, page.limit + 1, { status: page.status, belowCode });
    const checks = await this.repository.listChecks(rows.map((row) => row.id));
    return toPage(
      owner,
      rows,
      page.limit,
      (row) => [row.version_code],
      (row) =>
        toVersionResource(
          row,
          checks.filter((check) => check.version_id === row.id),
          this.settings.publicUrl,
        ),
    );
  }

  /** One version. @throws AppError `not-found` */
  async get(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    return this.getResource((await this.getReadable(actor, packageId, versionCode)).id);
  }

  /** The row of a version that the actor may read. @throws AppError `not-found` */
  async getReadable(actor: Actor, packageId: string, versionCode: string): Promise<VersionWithKey> {
    const app = await this.apps.getReadable(actor, packageId);
    const version = await this.repository.find(app.id, parseVersionCode(versionCode));
    if (!version) throw notFound('version');
    return version;
  }

  /** A version as the API shows it. */
  async getResource(id: string, trx?: CoreTransaction): Promise<VersionResource> {
    const version = await this.repository.findById(id, trx);
    if (!version) throw notFound('version');
    return toVersionResource(version, await this.repository.listChecks([id], trx), this.settings.publicUrl);
  }

  /** Changes the release notes of a draft. @throws AppError `version-not-draft` */
  async update(
    actor: Actor,
    packageId: string,
    versionCode: string,
    change: { release_notes?: string | undefined },
  ): Promise<VersionResource> {
    return this.step(actor, packageId, versionCode, async (trx, _app, version) => {
      transition(version.status, 'edit');
      if (change.release_notes === undefined || change.release_notes === version.release_notes) return;
      await this.repository.update(trx, version.id, { release_notes: change.release_notes }, this.clock.timestamp());
      await this.record(trx, actor, 'version.notes_changed', version);
    });
  }

  /** Deletes a draft; its version code stays used. @throws AppError `version-not-draft` */
  async remove(actor: Actor, packageId: string, versionCode: string): Promise<void> {
    await this.db.write(async (trx) => {
      const { version } = await this.own(trx, actor, packageId, versionCode);
      transition(version.status, 'delete');
      await this.repository.delete(trx, version.id);
      await this.removal.discardPackage(trx, version.package_sha256);
      await this.record(trx, actor, 'version.deleted', version);
    });
  }

  /**
   * Hands a draft, together with the listing it ships with, to the reviewers. From here on neither changes.
   *
   * @throws AppError `email-unverified`, `version-not-draft`, `submission-open`, `checks-not-passed`, `signing-key-inactive`
   */
  async submit(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    if (!actor.verified) {
      throw new AppError(
        'email-unverified',
        'Verify your e-mail address first: the link is in the mail you got when you registered.',
      );
    }
    return this.step(actor, packageId, versionCode, async (trx, app, version) => {
      const status = transition(version.status, 'submit');
      const checks = await this.getPassedChecks(trx, version);
      await this.assertKeyActive(trx, version);
      const previous = await this.repository.findLastApproved(trx, app.id, version.version_code);
      const revision = await this.listings.freezeForVersion(trx, app);
      const subject = this.listings.subjectOf(version.package_sha256, revision);
      const archive = checks.find((check) => check.name === 'archive');
      const reviewId = await this.reviews.open(trx, {
        kind: 'version',
        appId: app.id,
        versionId: version.id,
        revisionId: revision.id,
        subjectSha256: subject,
        reasons: findReviewReasons({
          app,
          version: { ...version, ...(await this.repository.getContent(version.id, trx)) },
          previous: previous && { ...previous, ...(await this.repository.getContent(previous.id, trx)) },
          rejectionsBefore: await this.reviews.countRejections(trx, app.id),
          notes: archive?.evidence ? (JSON.parse(archive.evidence) as { code: string; detail: string }[]) : [],
        }),
        submittedBy: actor.developerId,
      });
      const now = this.clock.timestamp();
      await this.repository.update(trx, version.id, { status, subject_sha256: subject, submitted_at: now }, now);
      await this.record(trx, actor, 'version.submitted', version, { review_id: reviewId, subject_sha256: subject });
    });
  }

  /** Takes a submission back; the version is a draft again. @throws AppError `version-not-in-review` */
  async withdraw(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    return this.step(actor, packageId, versionCode, async (trx, app, version) => {
      const status = transition(version.status, 'withdraw');
      await this.reviews.closeOpen(trx, app.id, 'version', 'withdrawn');
      await this.repository.update(
        trx,
        version.id,
        { status, subject_sha256: null, submitted_at: null },
        this.clock.timestamp(),
      );
      await this.listings.thaw(trx, app);
      await this.record(trx, actor, 'version.withdrawn', version);
    });
  }

  /**
   * Puts an approved version into the store: its object is hashed again, and everything that was reviewed is compared
   * with what is stored now, inside the transaction that publishes.
   *
   * @throws AppError `version-not-approved`, `review-subject-changed`, `signing-key-inactive`, `checks-not-passed`,
   *   `app-withdrawn`
   */
  async publish(actor: Actor, packageId: string, versionCode: string): Promise<VersionResource> {
    const app = await this.apps.getOwnChangeable(actor, packageId);
    const candidate = await this.repository.find(app.id, parseVersionCode(versionCode));
    if (!candidate) throw notFound('version');
    transition(candidate.status, 'publish');
    await this.assertPackageIntact(candidate);
    return this.step(actor, packageId, versionCode, async (trx, current, version) => {
      const status = transition(version.status, 'publish');
      if (current.withdrawn_at !== null) throw new AppError('app-withdrawn', 'The app is withdrawn. Restore it first.');
      if (version.package_sha256 !== candidate.package_sha256) throw subjectChanged('The package');
      await this.getPassedChecks(trx, version);
      await this.assertKeyActive(trx, version);
      const review = await this.reviews.findLatestOfVersion(trx, version.id);
      if (review?.decision !== 'approved')
        throw new AppError('version-not-approved', 'No reviewer has approved this version.');
      const revision = await this.listings.getReviewed(trx, current, review.revision_id);
      const subject = this.listings.subjectOf(version.package_sha256, revision);
      if (subject !== review.subject_sha256 || subject !== version.subject_sha256)
        throw subjectChanged('What is stored');
      const now = this.clock.timestamp();
      await this.repository.update(trx, version.id, { status, published_at: now }, now);
      const isFirst = current.first_published_at === null;
      const first = isFirst
        ? { first_published_at: now, bound_signing_key_id: version.signing_key_id, status: 'published' as const }
        : {};
      const live = isFirst
        ? revision
        : await this.listings.getReviewed(trx, current, current.live_revision_id ?? review.revision_id);
      await this.listings.makeLive(trx, current, live, { ...first, last_published_at: now });
      await this.record(trx, actor, 'version.published', version, {
        package_sha256: version.package_sha256,
        subject_sha256: subject,
      });
      if (isFirst) await this.listings.catchUp(trx, actor, current.id);
    });
  }

  /** Carries out the decision on a version; the review's row has been written in the same transaction. */
  async decide(
    trx: CoreTransaction,
    review: CoreRow<'reviews'>,
    decision: 'approved' | 'rejected',
    notes: string,
  ): Promise<void> {
    const version = review.version_id === null ? undefined : await this.repository.findById(review.version_id, trx);
    if (!version) throw notFound('version');
    const status = transition(version.status, decision === 'approved' ? 'approve' : 'reject');
    await this.repository.update(trx, version.id, { status, review_notes: notes || null }, this.clock.timestamp());
    if (decision === 'rejected') await this.listings.thaw(trx, await this.apps.getAny(version.package_id, trx));
  }

  /** Refuses a review whose version is not what was submitted. @throws AppError `review-subject-changed`, `checks-not-passed` */
  async assertSubjectUnchanged(trx: CoreTransaction, review: CoreRow<'reviews'>): Promise<void> {
    const version = review.version_id === null ? undefined : await this.repository.findById(review.version_id, trx);
    if (!version) throw notFound('version');
    const app = await this.apps.getAny(version.package_id, trx);
    const revision = await this.listings.getReviewed(trx, app, review.revision_id);
    const subject = this.listings.subjectOf(version.package_sha256, revision);
    if (subject !== review.subject_sha256 || version.subject_sha256 !== subject) throw subjectChanged('What is stored');
    await this.getPassedChecks(trx, version);
  }

  /** How the files of two packages differ. */
  compareFiles(before: readonly PackageFile[], after: readonly PackageFile[]): FileChanges {
    return compareFiles(before, after);
  }

  private async step(
    actor: Actor,
    packageId: string,
    versionCode: string,
    work: (trx: CoreTransaction, app: AppRow, version: VersionWithKey) => Promise<void>,
  ): Promise<VersionResource> {
    return this.db.write(async (trx) => {
      const { app, version } = await this.own(trx, actor, packageId, versionCode);
      await work(trx, app, version);
      return this.getResource(version.id, trx);
    });
  }

  private async own(
    trx: CoreTransaction,
    actor: Actor,
    packageId: string,
    versionCode: string,
  ): Promise<{ app: AppRow; version: VersionWithKey }> {
    const app = await this.apps.getOwnChangeable(actor, packageId, trx);
    const version = await this.repository.find(app.id, parseVersionCode(versionCode), trx);
    if (!version) throw notFound('version');
    return { app, version };
  }

  /** The latest runs of all checks. @throws AppError when a required one has not passed for these very bytes */
  private async getPassedChecks(trx: CoreTransaction, version: VersionWithKey): Promise<CoreRow<'check_results'>[]> {
    const checks = await this.repository.listChecks([version.id], trx);
    const missing = REQUIRED_CHECKS.filter(
      (name) =>
        !checks.some(
          (check) =>
            check.name === name && check.status === 'passed' && check.package_sha256 === version.package_sha256,
        ),
    );
    if (missing.length > 0) {
      throw new AppError(
        'checks-not-passed',
        `These checks have not passed for this package: ${missing.join(', ')}. Upload it again as a new version.`,
      );
    }
    return checks;
  }

  private async assertKeyActive(trx: CoreTransaction, version: VersionWithKey): Promise<void> {
    if (!(await this.repository.isKeyActive(trx, version.signing_key_id))) {
      throw new AppError(
        'signing-key-inactive',
        'The key that signed this version was deactivated. Sign a new version with an active key.',
      );
    }
  }

  private async assertPackageIntact(version: VersionWithKey): Promise<void> {
    const problem = await this.objects.findPackageProblem(version.package_sha256, version.package_size);
    if (!problem) return;
    this.logger.error({
      msg: `a stored package is not what was reviewed: ${problem}`,
      'package.sha256': version.package_sha256,
      'version.id': version.id,
    });
    throw subjectChanged('The stored package');
  }

  private async record(
    trx: CoreTransaction,
    actor: Actor,
    action: string,
    version: VersionWithKey,
    data: Record<string, unknown> = {},
  ): Promise<void> {
    await this.audit.append(trx, auditActor(actor), {
      action,
      subject: { kind: 'version', id: version.id },
      data: { app_id: version.app_id, version_code: version.version_code, ...data },
    });
  }
}

/** A version code of a URL. @throws AppError `not-found` for anything that cannot be one */
export function parseVersionCode(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text) || Number(text) > 2_147_483_647) throw notFound('version');
  return Number(text);
}

function subjectChanged(what: string): AppError {
  return new AppError(
    'review-subject-changed',
    `${what} is not what was reviewed, so it is not published. Upload and submit a new version.`,
  );
}
