import { newId } from '../src/ids.js';
import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, Store, sha256 } from './support/store.js';

describe.each(OUTSIDERS)('%s, a review', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  it('is not decided by the owner of the app', () => {
    const { reviewId, developerId } = store.sceneWith('review');
    store.update('developers', developerId, { role: 'admin' });
    for (const decision of ['approved', 'rejected'] as const) {
      expectRefused(store.db, 'own-review', () => store.decide(reviewId, decision, developerId));
    }
  });

  it('is not decided by whoever submitted it', () => {
    const { appId, versionId, reviewerId } = store.sceneWith('draft');
    const revisionId = store.revision(appId);
    const subject = store.subjectOf(versionId, revisionId);
    const about = { version_id: versionId, subject_sha256: subject, submitted_by: reviewerId };
    const reviewId = store.insert('reviews', store.reviewRow('version', appId, revisionId, about));
    store.update('app_versions', versionId, { status: 'review', subject_sha256: subject });
    expectRefused(store.db, 'own-review', () => store.decide(reviewId, 'approved', reviewerId));
  });

  it('is not dodged by moving the app to somebody else', () => {
    const { appId } = store.sceneWith('review');
    const other = store.developer();
    expectRefused(store.db, 'app-owner-immutable', () => store.update('apps', appId, { developer_id: other }));
  });

  it('is not filed under another app, whose owner is somebody else', () => {
    const mine = store.sceneWith('draft');
    const other = store.sceneWith('draft');
    const subject = { version_id: mine.versionId, subject_sha256: sha256('any') };
    const [myRevision, otherRevision] = [store.revision(mine.appId), store.revision(other.appId)];
    for (const [appId, revisionId] of [
      [other.appId, otherRevision],
      [other.appId, myRevision],
      [mine.appId, otherRevision],
    ] as const) {
      expectRefused(store.db, 'review-subject-mismatch', () =>
        store.insert('reviews', store.reviewRow('version', appId, revisionId, subject)),
      );
    }
  });

  it('of a listing is about one that waits, of an app that has a live one', () => {
    const draft = store.sceneWith('draft');
    const waiting = store.revision(draft.appId);
    expectRefused(store.db, 'review-subject-mismatch', () =>
      store.insert('reviews', store.reviewRow('listing', draft.appId, waiting)),
    );
    const published = store.sceneWith('published');
    expectRefused(store.db, 'review-subject-mismatch', () =>
      store.insert('reviews', store.reviewRow('listing', published.appId, published.revisionId)),
    );
    const other = store.sceneWith('published');
    const foreign = store.revision(other.appId);
    expectRefused(store.db, 'review-subject-mismatch', () =>
      store.insert('reviews', store.reviewRow('listing', published.appId, foreign)),
    );
  });

  it('of a version of a published app is about the live listing, not about one that waits', () => {
    const { appId, keyId } = store.sceneWith('published');
    const second = store.upload(appId, keyId, 2);
    const waiting = store.revision(appId, { name: 'Your bank' });
    expectRefused(store.db, 'review-subject-mismatch', () =>
      store.insert('reviews', store.reviewRow('version', appId, waiting, { version_id: second })),
    );
  });

  it('starts without a decision', () => {
    const { appId, versionId, reviewerId } = store.sceneWith('draft');
    const row = store.reviewRow('version', appId, store.revision(appId), { version_id: versionId });
    for (const decision of ['approved', 'withdrawn']) {
      expectRefused(store.db, 'review-starts-open', () =>
        store.insert('reviews', { ...row, decision, reviewer_id: reviewerId, decided_at: LATER }),
      );
    }
    expectRefused(store.db, 'review-starts-open', () => store.insert('reviews', { ...row, self_review: 1 }));
  });

  it('is opened for a draft only', () => {
    for (const status of ['rejected', 'approved'] as const) {
      const { appId, versionId } = store.sceneWith(status);
      const find = `SELECT id FROM app_revisions WHERE app_id = ? AND state = 'waiting'`;
      const revisionId = (store.db.prepare(find).pluck().get(appId) as string | undefined) ?? store.revision(appId);
      expectRefused(store.db, 'review-subject-mismatch', () =>
        store.insert('reviews', store.reviewRow('version', appId, revisionId, { version_id: versionId })),
      );
    }
  });

  it('is the only open one of its app and kind', () => {
    const { appId, keyId, revisionId, reviewId } = store.sceneWith('review');
    const second = store.upload(appId, keyId, 2);
    for (const verb of ['INSERT', 'INSERT OR REPLACE', 'INSERT OR IGNORE']) {
      expectRefused(store.db, 'submission-open', () =>
        store.insert('reviews', store.reviewRow('version', appId, revisionId, { version_id: second }), verb),
      );
    }
    expect(store.get('reviews', reviewId)['decision']).toBeNull();
  });

  it.each(['approved', 'published', 'rejected'] as const)('that led to %s is not replaced', (status) => {
    const { appId, keyId, reviewId, revisionId } = store.sceneWith(status);
    const second = store.upload(appId, keyId, 2);
    const row = store.reviewRow('version', appId, revisionId, { id: reviewId, version_id: second });
    expectRefused(store.db, 'review-exists', () => store.insert('reviews', row, 'INSERT OR REPLACE'));
  });

  it.each([null, '', '   ', ' \n\t\r '])('is not a rejection when its notes are %j', (notes) => {
    const { reviewId, reviewerId } = store.sceneWith('review');
    expectRefused(store.db, 'CHECK constraint failed', () => store.decide(reviewId, 'rejected', reviewerId, { notes }));
  });

  it('is decided by a reviewer or an admin who is in office', () => {
    const { reviewId } = store.sceneWith('review');
    const [plain, suspended, deleted] = [
      store.developer(),
      store.reviewer({ suspended_at: LATER, suspend_reason: 'fraud' }),
      store.reviewer({ deleted_at: LATER }),
    ];
    for (const reviewer of [plain, suspended, deleted]) {
      expectRefused(store.db, 'review-without-reviewer', () => store.decide(reviewId, 'approved', reviewer));
    }
    expectRefused(store.db, 'review-without-reviewer', () => store.decide(reviewId, 'approved', newId()));
    expectRefused(store.db, 'review-without-reviewer', () =>
      store.update('reviews', reviewId, { decision: 'approved', decided_at: LATER }),
    );
    expect(() => store.decide(reviewId, 'approved', store.developer({ role: 'admin' }))).not.toThrow();
  });

  it('is not approved when its version is not under review', () => {
    const { appId, versionId, reviewerId } = store.sceneWith('draft');
    const row = store.reviewRow('version', appId, store.revision(appId), { version_id: versionId });
    store.insert('reviews', row);
    expectRefused(store.db, 'review-subject-changed', () => store.decide(row['id'] as string, 'approved', reviewerId));
  });

  it('is not approved when the listing it is about was discarded', () => {
    const version = store.sceneWith('review');
    store.discard(version.revisionId);
    const published = store.sceneWith('published');
    const listing = store.submitListing(published.appId, { name: 'Chess II' });
    store.discard(listing.revisionId);
    for (const { reviewId, reviewerId } of [version, { ...listing, reviewerId: published.reviewerId }]) {
      expectRefused(store.db, 'review-subject-changed', () => store.decide(reviewId, 'approved', reviewerId));
    }
    expect(() => store.decide(version.reviewId, 'rejected', version.reviewerId)).not.toThrow();
  });

  const SUBJECT = {
    id: newId(),
    kind: 'listing',
    app_id: newId(),
    version_id: newId(),
    revision_id: newId(),
    subject_sha256: sha256('other'),
    submitted_by: newId(),
    submitted_at: LATER,
  };
  it.each(Object.keys(SUBJECT))('keeps its %s, open or decided', (column) => {
    for (const status of ['review', 'approved'] as const) {
      const { reviewId } = store.sceneWith(status);
      expectRefused(store.db, 'review-immutable', () =>
        store.update('reviews', reviewId, { [column]: SUBJECT[column as keyof typeof SUBJECT] }, 'UPDATE OR REPLACE'),
      );
    }
  });

  const DECISION = {
    decision: 'withdrawn',
    reviewer_id: null,
    reasons: '["none"]',
    reason_code: 'other',
    notes: 'other',
    decided_at: '2027-01-01',
    self_review: 1,
  };
  it.each(Object.keys(DECISION))('keeps its %s once decided', (column) => {
    for (const status of ['approved', 'rejected'] as const) {
      const { reviewId } = store.sceneWith(status);
      expectRefused(store.db, 'review-decided', () =>
        store.update('reviews', reviewId, { [column]: DECISION[column as keyof typeof DECISION] }),
      );
    }
  });

  it('is not opened again', () => {
    const { reviewId } = store.sceneWith('rejected');
    expectRefused(store.db, 'review-decided', () =>
      store.update('reviews', reviewId, { decision: null, decided_at: null }, 'UPDATE OR REPLACE'),
    );
  });

  it.each(['review', 'approved', 'rejected', 'published'] as const)(
    'of a version that is %s is not deleted',
    (status) => {
      const { reviewId } = store.sceneWith(status);
      expectRefused(store.db, 'review-final', () =>
        store.run('DELETE FROM reviews WHERE id = @reviewId', { reviewId }),
      );
    },
  );

  it('of a listing is not deleted', () => {
    const { appId } = store.sceneWith('published');
    const { reviewId } = store.submitListing(appId, { name: 'Chess II' });
    expectRefused(store.db, 'review-final', () => store.run('DELETE FROM reviews WHERE id = @reviewId', { reviewId }));
  });
});

describe.each(OUTSIDERS)('%s, the result of a check', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));
  const checkId = (versionId: string): string =>
    store.db
      .prepare(`SELECT id FROM check_results WHERE version_id = ? AND name = 'secrets'`)
      .pluck()
      .get(versionId) as string;

  it.each(['passed', 'failed', 'errored', 'skipped'])('that says %s is not rewritten', (status) => {
    const { versionId } = store.sceneWith('draft');
    const id = store.check(versionId, 'secrets', status, { run: 2 });
    for (const changes of [{ status: 'passed' }, { status: 'running' }, { required: 0 }, { detail: 'fine' }]) {
      expectRefused(store.db, 'check-final', () => store.update('check_results', id, changes, 'UPDATE OR REPLACE'));
    }
  });

  it('that is still running keeps what it is about', () => {
    const { versionId } = store.sceneWith('draft');
    const other = store.sceneWith('draft');
    const id = store.check(versionId, 'secrets', 'running', { run: 2 });
    for (const changes of [
      { id: newId() },
      { version_id: other.versionId },
      { package_sha256: sha256('other') },
      { name: 'archive' },
      { required: 0 },
      { run: 1 },
    ]) {
      expectRefused(store.db, 'check-final', () => store.update('check_results', id, changes, 'UPDATE OR REPLACE'));
    }
  });

  it('is not replaced, neither by its id nor by its run', () => {
    const { versionId } = store.sceneWith('approved');
    store.check(versionId, 'secrets', 'failed', { run: 2 });
    const sameRun = store.checkRow(versionId, 'secrets', 'passed', { run: 2 });
    const sameId = store.checkRow(versionId, 'secrets', 'passed', { run: 3, id: checkId(versionId) });
    for (const row of [sameRun, sameId]) {
      expectRefused(store.db, 'check-final', () => store.insert('check_results', row, 'INSERT OR REPLACE'));
    }
    expectRefused(store.db, ['checks-not-passed'], () => store.markPublished(versionId));
  });

  it('is not deleted while its version is there', () => {
    const { versionId } = store.sceneWith('draft');
    store.check(versionId, 'secrets', 'failed', { run: 2 });
    expectRefused(store.db, 'check-final', () => store.run('DELETE FROM check_results'));
  });
});
