import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, REQUIRED_CHECKS, Store, sha256 } from './support/store.js';

describe.each(OUTSIDERS)('%s, a version is not published', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  const expectNotPublished = (versionId: string, code: string | string[]) =>
    expectRefused(store.db, code, () => store.markPublished(versionId));

  it('without an approved review', () => {
    const { versionId } = store.sceneWith('review');
    expectRefused(store.db, 'version-not-approved', () =>
      store.update('app_versions', versionId, { status: 'approved' }),
    );
    expectNotPublished(versionId, ['version-transition', 'version-not-approved', 'review-subject-changed']);
  });

  it('with a review that was rejected', () => {
    const { versionId, reviewId, reviewerId } = store.sceneWith('review');
    store.decide(reviewId, 'rejected', reviewerId);
    expectRefused(store.db, 'version-not-approved', () =>
      store.update('app_versions', versionId, { status: 'approved' }),
    );
  });

  it.each(['withdrawn', 'superseded'])('with a review that was %s', (decision) => {
    const { versionId, reviewId } = store.sceneWith('review');
    store.update('reviews', reviewId, { decision, decided_at: LATER });
    expectRefused(store.db, 'version-not-approved', () =>
      store.update('app_versions', versionId, { status: 'approved' }),
    );
  });

  it('with the approved review of another version', () => {
    const { appId, keyId } = store.sceneWith('published');
    const second = store.upload(appId, keyId, 2);
    store.submit(second);
    expectRefused(store.db, 'version-not-approved', () => store.update('app_versions', second, { status: 'approved' }));
  });

  it('with a review of another subject', () => {
    const { versionId } = store.sceneWith('approved');
    expectRefused(store.db, 'version-immutable', () =>
      store.update('app_versions', versionId, { subject_sha256: sha256('other') }),
    );
    expectRefused(store.db, ['version-immutable', 'version-not-approved'], () =>
      store.update('app_versions', versionId, {
        status: 'published',
        published_at: LATER,
        subject_sha256: sha256('other'),
      }),
    );
  });

  it('when its subject changes on the way into the approval', () => {
    const { versionId, reviewId, reviewerId } = store.sceneWith('review');
    store.decide(reviewId, 'approved', reviewerId);
    expectRefused(store.db, ['version-immutable', 'version-not-approved'], () =>
      store.update('app_versions', versionId, { status: 'approved', subject_sha256: sha256('other') }),
    );
  });

  it('when it was submitted under another subject than its review has', () => {
    const { appId, versionId } = store.sceneWith('draft');
    const revisionId = store.revision(appId);
    store.insert('reviews', store.reviewRow('version', appId, revisionId, { version_id: versionId }));
    expectRefused(store.db, 'version-without-review', () =>
      store.update('app_versions', versionId, { status: 'review', subject_sha256: sha256('other') }),
    );
  });

  it('when the listing it was reviewed with was discarded', () => {
    const { versionId, revisionId } = store.sceneWith('approved');
    store.discard(revisionId);
    expectNotPublished(versionId, 'review-subject-changed');
  });

  it.each(REQUIRED_CHECKS)('when the check "%s" never ran', (missing) => {
    const { appId, keyId, reviewerId } = store.scene();
    const versionId = store.insert('app_versions', store.versionRow(appId, keyId, 1));
    for (const name of REQUIRED_CHECKS) if (name !== missing) store.check(versionId, name, 'passed');
    store.approve(versionId, store.submit(versionId).reviewId, reviewerId);
    expectNotPublished(versionId, 'checks-not-passed');
  });

  it.each(['queued', 'running', 'failed', 'errored', 'skipped'])('when the last run of a check is %s', (status) => {
    const { versionId } = store.sceneWith('approved');
    store.check(versionId, 'secrets', status, { run: 2 });
    expectNotPublished(versionId, 'checks-not-passed');
  });

  it('when a check passed for other bytes', () => {
    const { appId, keyId, reviewerId } = store.scene();
    const versionId = store.insert('app_versions', store.versionRow(appId, keyId, 1));
    for (const name of REQUIRED_CHECKS) {
      store.check(versionId, name, 'passed', name === 'images' ? { package_sha256: sha256('other bytes') } : {});
    }
    store.approve(versionId, store.submit(versionId).reviewId, reviewerId);
    expectNotPublished(versionId, 'checks-not-passed');
  });

  it('when a further check that was once required has not passed, although a later run calls it optional', () => {
    const { versionId } = store.sceneWith('approved');
    store.check(versionId, 'malware', 'errored');
    expectNotPublished(versionId, 'checks-not-passed');
    store.check(versionId, 'malware', 'failed', { run: 2, required: 0 });
    expectNotPublished(versionId, 'checks-not-passed');
  });

  it('when its signing key was deactivated', () => {
    const { versionId, keyId } = store.sceneWith('approved');
    store.deactivateKey(keyId);
    expectNotPublished(versionId, 'signing-key-inactive');
  });

  it('when its app is suspended', () => {
    const { versionId, appId, reviewerId } = store.sceneWith('approved');
    store.suspendApp(appId, reviewerId);
    expectNotPublished(versionId, 'app-suspended');
  });

  it('when its developer is suspended', () => {
    const { versionId, developerId } = store.sceneWith('approved');
    store.update('developers', developerId, { suspended_at: LATER, suspend_reason: 'fraud' });
    expectNotPublished(versionId, 'app-suspended');
  });

  it('when one statement publishes everything that was approved', () => {
    store.sceneWith('review');
    store.sceneWith('approved');
    expectRefused(store.db, ['version-transition', 'version-not-approved', 'review-subject-changed'], () =>
      store.run(`UPDATE app_versions SET status = 'published', published_at = @LATER`, { LATER }),
    );
  });

  it('by being inserted as published, approved or under review', () => {
    const { appId, keyId } = store.scene();
    for (const status of ['review', 'approved', 'published', 'rejected']) {
      const row = store.versionRow(appId, keyId, 1, {
        status,
        subject_sha256: sha256('x'),
        published_at: status === 'published' ? LATER : null,
      });
      expectRefused(store.db, 'version-starts-as-draft', () => store.insert('app_versions', row));
    }
  });

  it('on an app that then says so by itself', () => {
    const { appId, revisionId, keyId } = store.sceneWith('approved');
    const published = { first_published_at: LATER, bound_signing_key_id: keyId, live_revision_id: revisionId };
    expectRefused(store.db, 'listing-not-reviewed', () => store.update('app_revisions', revisionId, { state: 'live' }));
    expectRefused(store.db, 'app-without-version', () => store.update('apps', appId, { status: 'published' }));
    expectRefused(store.db, ['app-without-version', 'listing-not-reviewed'], () =>
      store.update('apps', appId, published),
    );
  });

  it('with another key bound than the one that signed it', () => {
    const { appId, versionId, developerId, revisionId } = store.sceneWith('approved');
    const other = store.signingKey(developerId);
    store.markPublished(versionId);
    expectRefused(store.db, 'app-without-version', () =>
      store.db.transaction(() =>
        store.goLive(appId, revisionId, {
          first_published_at: LATER,
          bound_signing_key_id: other,
          status: 'published',
        }),
      )(),
    );
  });
});
