import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { toListingFields } from '../apps/apps.schemas.js';
import { ListingsService } from '../apps/listings.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock, MINUTE_MS } from '../common/clock.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { JobsService } from '../jobs/jobs.service.js';
import { MailService } from '../mail/mail.service.js';
import { ReviewsService, type ReviewReason } from '../reviews/reviews.service.js';
import { toCheckResource, type PackageFile } from '../versions/versions.schemas.js';
import { VersionsService } from '../versions/versions.service.js';
import { ReviewDeskRepository, type DeskRow } from './review-desk.repository.js';
import type { Decision, QueueQuery, QueueSummary, ReviewDetail, ReviewResource } from './review-desk.schemas.js';

/** A claim that is older than this binds nobody: its holder has gone home. */
const CLAIM_LIFE_MS = 30 * MINUTE_MS;

interface DecisionNotice {
  kind: 'version' | 'listing';
  email: string;
  name: string;
  packageId: string;
  version: string;
  decision: 'approved' | 'rejected';
  notes: string;
}

/** The reviewers' desk: what waits, everything needed to decide on it, and the decision. */
@Injectable()
export class ReviewDeskService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: ReviewDeskRepository,
    private readonly reviews: ReviewsService,
    private readonly versions: VersionsService,
    private readonly listings: ListingsService,
    private readonly audit: AuditService,
    private readonly jobs: JobsService,
    private readonly mail: MailService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.jobs.register('mail.review-decided', (payload: { review_id: string }) => this.mailDecision(payload.review_id));
  }

  /** The queue: what is pending, oldest due first; or what was decided, newest first. */
  async list(actor: Actor, query: QueueQuery): Promise<Page<ReviewResource>> {
    const owner = ['reviews', query.status, query.kind, query.claimed, query.q] as const;
    const after = query.cursor ? decodeCursor(owner, query.cursor, ['string', 'string']) : undefined;
    const claimedBy = query.claimed === undefined ? undefined : query.claimed === 'me' ? actor.developerId : null;
    const rows = await this.repository.list(
      {
        status: query.status,
        kind: query.kind,
        claimedBy,
        claimsFrom: this.clock.timestampIn(-CLAIM_LIFE_MS),
        q: query.q,
      },
      query.limit + 1,
      after,
    );
    const checks = await this.repository.listChecks(rows.flatMap((row) => row.version_id ?? []));
    const position = (row: DeskRow) =>
      [
        query.status === 'pending'
          ? row.due_at
          : query.status === 'decided'
            ? (row.decided_at ?? '')
            : row.submitted_at,
        row.id,
      ] as const;
    return toPage(owner, rows, query.limit, position, (row) => this.resource(actor, row, checks));
  }

  /** How much waits, above the queue. */
  async summarize(): Promise<QueueSummary> {
    const { pending, overdue, oldestDueAt } = await this.countPending();
    return { pending, overdue, oldest_due_at: oldestDueAt };
  }

  /** One review with everything needed to decide. @throws AppError `not-found` */
  async get(actor: Actor, id: string): Promise<ReviewDetail> {
    const row = await this.repository.find(id);
    if (!row) throw notFound('review');
    const checks = await this.repository.listChecks(row.version_id === null ? [] : [row.version_id]);
    const revision = await this.repository.getRevision(row.revision_id);
    const changes = row.version_id === null ? null : await this.compareVersion(row.version_id);
    const before = changes?.previousId
      ? await this.repository.findListingOfVersion(changes.previousId)
      : await this.repository.findListingBefore(row.app_id, row.revision_id);
    return {
      ...this.resource(actor, row, checks),
      listing: toListingFields(revision),
      listing_changes: before ? compareListings(toListingFields(before), toListingFields(revision)) : [],
      changes: changes && changes.version,
      history: await this.repository.listHistory(row.app_id, row.id),
      developer_history: await this.repository.getDeveloperHistory(row.owner_id),
    };
  }

  /** Says that the actor works on a review. @throws AppError `review-claimed`, `review-decided`, `own-review` */
  async claim(actor: Actor, id: string): Promise<ReviewResource> {
    await this.db.write(async (trx) => {
      const row = await this.open(trx, actor, id);
      this.assertNotClaimed(actor, row);
      await this.reviews.claim(trx, id, actor.developerId);
      await this.audit.append(trx, auditActor(actor), { action: 'review.claimed', subject: { kind: 'review', id } });
    });
    return this.getOne(actor, id);
  }

  /** Gives a claim back. @throws AppError `review-claimed` when it is somebody else's */
  async release(actor: Actor, id: string): Promise<ReviewResource> {
    await this.db.write(async (trx) => {
      const row = await this.open(trx, actor, id);
      this.assertNotClaimed(actor, row);
      if (row.claimed_by === null) return;
      await this.reviews.claim(trx, id, null);
      await this.audit.append(trx, auditActor(actor), { action: 'review.released', subject: { kind: 'review', id } });
    });
    return this.getOne(actor, id);
  }

  /**
   * Decides: the review's row, what it leads to, and the audit row are one transaction.
   *
   * @throws AppError `own-review`, `review-decided`, `review-claimed`, `review-subject-changed`, `checks-not-passed`
   */
  async decide(actor: Actor, id: string, input: Decision): Promise<ReviewResource> {
    const decision = input.decision === 'approve' ? 'approved' : 'rejected';
    await this.db.write(async (trx) => {
      const row = await this.open(trx, actor, id);
      this.assertNotClaimed(actor, row);
      if (input.subject_sha256 !== undefined && input.subject_sha256 !== row.subject_sha256) {
        throw new AppError(
          'review-subject-changed',
          'What you decided on is not what is submitted now. Load the review again.',
        );
      }
      if (decision === 'approved' && row.kind === 'version') await this.versions.assertSubjectUnchanged(trx, row);
      const selfReview = row.owner_id === actor.developerId;
      await this.reviews.decide(trx, row, {
        decision,
        reviewerId: actor.developerId,
        selfReview,
        reasonCode: input.reason_code ?? null,
        notes: input.notes,
      });
      if (row.kind === 'version') await this.versions.decide(trx, row, decision, input.notes);
      else await this.listings.decide(trx, row, decision);
      await this.audit.append(trx, auditActor(actor), {
        action: `review.${decision}`,
        subject: { kind: 'review', id },
        data: {
          kind: row.kind,
          app_id: row.app_id,
          version_id: row.version_id,
          subject_sha256: row.subject_sha256,
          self_review: selfReview,
        },
      });
      await this.jobs.enqueue(trx, 'mail.review-decided', { review_id: id });
    });
    return this.getOne(actor, id);
  }

  /** The id of the version review of an app that is open. @throws AppError `not-found` */
  async getOpenReviewId(packageId: string): Promise<string> {
    const id = await this.repository.findOpenVersionReviewId(packageId);
    if (id === undefined) throw notFound('review');
    return id;
  }

  /** How much waits, for the system page and the metrics. */
  async countPending(): Promise<{ pending: number; overdue: number; oldestDueAt: string | null }> {
    return this.repository.countPending(this.clock.timestamp());
  }

  private async getOne(actor: Actor, id: string): Promise<ReviewResource> {
    const row = await this.repository.find(id);
    if (!row) throw notFound('review');
    return this.resource(actor, row, await this.repository.listChecks(row.version_id === null ? [] : [row.version_id]));
  }

  private async open(trx: CoreTransaction, actor: Actor, id: string): Promise<DeskRow> {
    const row = await this.repository.find(id, trx);
    if (!row) throw notFound('review');
    if (row.decision !== null)
      throw new AppError('review-decided', `This review is ${row.decision} already. Load the queue again.`);
    if (row.owner_id === actor.developerId && !this.settings.allowSelfReview) {
      throw new AppError('own-review', 'This app is your own. Another reviewer has to decide.');
    }
    return row;
  }

  private assertNotClaimed(actor: Actor, row: DeskRow): void {
    if (row.claimed_by === actor.developerId || !this.isClaimed(row)) return;
    throw new AppError(
      'review-claimed',
      `${row.claimed_by_name ?? 'Somebody else'} works on this review since ${row.claimed_at}. A claim lasts 30 minutes.`,
    );
  }

  private isClaimed(row: DeskRow): boolean {
    return row.claimed_at !== null && row.claimed_at > this.clock.timestampIn(-CLAIM_LIFE_MS);
  }

  private resource(actor: Actor, row: DeskRow, checks: readonly CoreRow<'check_results'>[]): ReviewResource {
    // What was claimed when it was decided is history; what waits is claimed only as long as that binds anybody.
    const claim = row.decision !== null || this.isClaimed(row) ? row : undefined;
    return {
      id: row.id,
      kind: row.kind,
      package_id: row.package_id,
      app_name: row.app_name,
      version_code: row.version_code,
      version_name: row.version_name,
      developer: { id: row.owner_id, name: row.owner_name },
      subject_sha256: row.subject_sha256,
      submitted_at: row.submitted_at,
      due_at: row.due_at,
      reasons: JSON.parse(row.reasons) as ReviewReason[],
      checks: checks.filter((check) => check.version_id === row.version_id).map(toCheckResource),
      claimed_by: claim?.claimed_by ?? null,
      claimed_by_name: claim?.claimed_by_name ?? null,
      claimed_at: claim?.claimed_at ?? null,
      own: row.owner_id === actor.developerId,
      decision: row.decision,
      reviewer_id: row.reviewer_id,
      reviewer_name: row.reviewer_name,
      self_review: row.self_review === 1,
      reason_code: row.reason_code,
      notes: row.notes,
      decided_at: row.decided_at,
    };
  }

  private async compareVersion(
    versionId: string,
  ): Promise<{ previousId: string | undefined; version: NonNullable<ReviewDetail['changes']> }> {
    const version = await this.repository.getVersion(versionId);
    const previous = await this.repository.findLastApproved(version.app_id, version.version_code);
    const before = previous ? (JSON.parse(previous.permissions) as string[]) : [];
    const after = JSON.parse(version.permissions) as string[];
    const changes = {
      against: previous
        ? {
            version_code: previous.version_code,
            version_name: previous.version_name,
            package_sha256: previous.package_sha256,
          }
        : null,
      permissions: {
        added: after.filter((permission) => !before.includes(permission)),
        removed: before.filter((permission) => !after.includes(permission)),
        unchanged: after.filter((permission) => before.includes(permission)),
      },
      files: this.versions.compareFiles(
        previous ? (JSON.parse(previous.files) as PackageFile[]) : [],
        JSON.parse(version.files) as PackageFile[],
      ),
      package_size: { before: previous?.package_size ?? null, after: version.package_size },
      min_mosis_version: { before: previous?.min_mosis_version ?? null, after: version.min_mosis_version },
      signing_key: {
        before: previous?.fingerprint ?? null,
        after: version.fingerprint,
        changed: previous !== undefined && previous.fingerprint !== version.fingerprint,
        name: version.key_name,
        registered_at: version.key_created_at,
        is_active: version.key_is_active === 1,
      },
    };
    return { previousId: previous?.id, version: changes };
  }

  private async mailDecision(reviewId: string) {
    const notice = await this.findNotice(reviewId);
    if (!notice) return undefined;
    const { kind, email, version, ...content } = notice;
    // Only a verified account submits, and what its packages are called is under review.
    const recipient = { email, isProven: true };
    if (kind === 'version') return this.mail.send(recipient, { template: 'version-decided', version, ...content });
    return this.mail.send(recipient, { template: 'listing-decided', ...content });
  }

  private async findNotice(reviewId: string): Promise<DecisionNotice | undefined> {
    const row = await this.repository.find(reviewId);
    const owner = row && (await this.repository.findOwnerAddress(row.owner_id));
    if (!row || !owner || (row.decision !== 'approved' && row.decision !== 'rejected')) return undefined;
    return {
      kind: row.kind,
      ...owner,
      packageId: row.package_id,
      version: row.version_name ?? '',
      decision: row.decision,
      notes: row.notes ?? '',
    };
  }
}

type ListingFields = ReturnType<typeof toListingFields>;

function compareListings(before: ListingFields, after: ListingFields): ReviewDetail['listing_changes'] {
  return (Object.keys(after) as (keyof ListingFields)[])
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ field, before: before[field], after: after[field] }));
}
