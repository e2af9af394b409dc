import { Inject, Injectable } from '@nestjs/common';
import { newId, type CoreHandle, type CoreRow, type CoreTransaction, type ReviewKind } from '@mosis/db';
import { AppError } from '../common/app-error.js';
import { Clock, HOUR_MS } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { ReviewsRepository } from './reviews.repository.js';

/** Why a human is needed: a stable code and a sentence. */
export interface ReviewReason {
  code: string;
  detail: string;
}

/** A submission. */
export interface NewReview {
  kind: ReviewKind;
  appId: string;
  versionId: string | null;
  revisionId: string;
  subjectSha256: string;
  reasons: ReviewReason[];
  submittedBy: string;
  /** Kept from the submission that this one replaces; absent for a new one. */
  dueAt?: string | undefined;
}

/** A decision as it is written down. */
export interface Verdict {
  decision: 'approved' | 'rejected';
  reviewerId: string;
  selfReview: boolean;
  reasonCode: string | null;
  notes: string;
}

/** Reviews as rows: opened by a submission, closed once. What a decision leads to is up to versions and listings. */
@Injectable()
export class ReviewsService {
  constructor(
    private readonly repository: ReviewsRepository,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Opens a review and answers its id. @throws AppError `submission-open` when one of this kind is open */
  async open(trx: CoreTransaction, review: NewReview): Promise<string> {
    if (await this.repository.findOpen(trx, review.appId, review.kind)) {
      throw new AppError(
        'submission-open',
        'Another version of this app is in review. Withdraw that one, or wait for its decision.',
      );
    }
    const id = newId();
    await this.repository.insert(trx, {
      id,
      kind: review.kind,
      app_id: review.appId,
      version_id: review.versionId,
      revision_id: review.revisionId,
      subject_sha256: review.subjectSha256,
      reasons: JSON.stringify(review.reasons),
      submitted_by: review.submittedBy,
      submitted_at: this.clock.timestamp(),
      due_at: review.dueAt ?? this.clock.timestampIn(this.settings.reviewDueHours * HOUR_MS),
      claimed_by: null,
      claimed_at: null,
      decision: null,
      reviewer_id: null,
      reason_code: null,
      notes: null,
      decided_at: null,
    });
    return id;
  }

  /** Ends the open review of a kind without a decision; answers when it was due. */
  async closeOpen(
    trx: CoreTransaction,
    appId: string,
    kind: ReviewKind,
    decision: 'withdrawn' | 'superseded',
  ): Promise<string | undefined> {
    const open = await this.repository.findOpen(trx, appId, kind);
    if (!open) return undefined;
    await this.repository.update(trx, open.id, { decision, decided_at: this.clock.timestamp() });
    return open.due_at;
  }

  /** Ends every open review of an app, whose versions go back to draft; answers those reviews. */
  async withdrawAllOpen(trx: CoreTransaction, appId: string): Promise<CoreRow<'reviews'>[]> {
    const open = await this.repository.listOpen(trx, appId);
    for (const review of open) {
      await this.repository.update(trx, review.id, { decision: 'withdrawn', decided_at: this.clock.timestamp() });
      if (review.version_id !== null)
        await this.repository.returnVersionToDraft(trx, review.version_id, this.clock.timestamp());
    }
    return open;
  }

  /** Writes a verdict on an open review. @throws AppError `review-decided` */
  async decide(trx: CoreTransaction, review: CoreRow<'reviews'>, verdict: Verdict): Promise<void> {
    if (review.decision !== null)
      throw new AppError('review-decided', `This review is ${review.decision}. A new submission gets a new review.`);
    await this.repository.update(trx, review.id, {
      decision: verdict.decision,
      reviewer_id: verdict.reviewerId,
      self_review: verdict.selfReview ? 1 : 0,
      reason_code: verdict.reasonCode,
      notes: verdict.notes,
      decided_at: this.clock.timestamp(),
    });
  }

  /** Notes who works on a review, or (with null) that nobody does. */
  async claim(trx: CoreTransaction, id: string, reviewerId: string | null): Promise<void> {
    await this.repository.update(trx, id, { claimed_by: reviewerId, claimed_at: reviewerId && this.clock.timestamp() });
  }

  async find(id: string, handle?: CoreHandle): Promise<CoreRow<'reviews'> | undefined> {
    return this.repository.findById(id, handle);
  }

  /** The newest review of a version, if it was ever submitted. */
  async findLatestOfVersion(handle: CoreHandle, versionId: string): Promise<CoreRow<'reviews'> | undefined> {
    return this.repository.findLatestOfVersion(handle, versionId);
  }

  async hasOpen(handle: CoreHandle, appId: string): Promise<boolean> {
    return (await this.repository.listOpen(handle, appId)).length > 0;
  }

  /** Whether anything of the app was ever submitted: from then on staff may read it. */
  async wasSubmitted(appId: string): Promise<boolean> {
    return this.repository.hasAny(appId);
  }

  async countRejections(handle: CoreHandle, appId: string): Promise<number> {
    return this.repository.countRejections(handle, appId);
  }
}
