import { openAsOutsider } from './support/outsider.js';
import { LATER, Store } from './support/store.js';

/** What the services do passes the guards, on a connection as the server opens it. */
describe('the guards let through', () => {
  let store: Store;
  beforeEach(() => {
    const connection = openAsOutsider({ foreignKeys: true });
    connection.pragma('recursive_triggers = ON');
    connection.pragma('trusted_schema = OFF');
    store = new Store(connection);
  });

  it('the first publication of an app, and what its page says afterwards', () => {
    const { appId, versionId, keyId, revisionId } = store.sceneWith('published');
    expect(store.get('app_versions', versionId)['status']).toBe('published');
    expect(store.get('apps', appId)).toMatchObject({
      status: 'published',
      live_revision_id: revisionId,
      bound_signing_key_id: keyId,
      first_published_at: LATER,
    });
    expect(store.get('app_revisions', revisionId)['state']).toBe('live');
  });

  it('a second version that ships with the live listing', () => {
    const { appId, keyId, reviewerId } = store.sceneWith('published');
    const second = store.upload(appId, keyId, 2);
    store.approve(second, store.submit(second).reviewId, reviewerId);
    store.publish(second);
    expect(store.get('app_versions', second)['status']).toBe('published');
  });

  it('two versions that wait for the first publication with one listing', () => {
    const { appId, keyId, reviewerId, versionId } = store.sceneWith('approved');
    const second = store.upload(appId, keyId, 2);
    store.approve(second, store.submit(second).reviewId, reviewerId);
    store.publish(versionId);
    store.publish(second);
    expect(store.get('app_versions', second)['status']).toBe('published');
  });

  it('a withdrawn submission, changed and submitted again', () => {
    const { versionId, reviewId, revisionId, appId, reviewerId } = store.sceneWith('review');
    store.withdraw(versionId, { reviewId, revisionId });
    store.update('apps', appId, { name: 'Better chess' });
    store.update('app_versions', versionId, { release_notes: 'Better.' });
    store.approve(versionId, store.submit(versionId).reviewId, reviewerId);
    store.publish(versionId);
    expect(store.get('apps', appId)).toMatchObject({ status: 'published', name: 'Better chess' });
  });

  it('a rejected version, followed by a new upload', () => {
    const { appId, keyId, reviewerId } = store.sceneWith('rejected');
    const second = store.upload(appId, keyId, 2);
    store.approve(second, store.submit(second).reviewId, reviewerId);
    store.publish(second);
    expect(store.get('apps', appId)['status']).toBe('published');
  });

  it('a new listing of a published app, after its own review', () => {
    const { appId, reviewerId, revisionId } = store.sceneWith('published');
    const listing = store.submitListing(appId, { name: 'Chess II', icon_sha256: 'e'.repeat(64) });
    store.decide(listing.reviewId, 'approved', reviewerId);
    store.goLive(appId, listing.revisionId);
    expect(store.get('apps', appId)).toMatchObject({ name: 'Chess II', live_revision_id: listing.revisionId });
    expect(store.get('app_revisions', revisionId)['state']).toBe('past');
  });

  it('a version submitted with one listing and published after another one, with its own review, went live', () => {
    const { appId, keyId, reviewerId } = store.sceneWith('published');
    const [second, third] = [store.upload(appId, keyId, 2), store.upload(appId, keyId, 3)];
    store.approve(second, store.submit(second).reviewId, reviewerId);
    const { reviewId } = store.submit(third);
    const listing = store.submitListing(appId, { name: 'Chess II' });
    store.decide(listing.reviewId, 'approved', reviewerId);
    store.goLive(appId, listing.revisionId);
    store.approve(third, reviewId, reviewerId);
    store.publish(second);
    store.publish(third);
    expect(store.get('app_versions', third)['status']).toBe('published');
    expect(store.get('apps', appId)['name']).toBe('Chess II');
  });

  it('a new listing that is rejected, and the next one', () => {
    const { appId, reviewerId } = store.sceneWith('published');
    const listing = store.submitListing(appId, { name: 'Chess II' });
    store.decide(listing.reviewId, 'rejected', reviewerId);
    store.discard(listing.revisionId);
    store.submitListing(appId, { name: 'Chess III' });
    expect(store.get('apps', appId)['name']).toBe('Chess');
  });

  it('a new listing that replaces the one that waits', () => {
    const { appId } = store.sceneWith('published');
    const listing = store.submitListing(appId, { name: 'Chess II' });
    store.update('reviews', listing.reviewId, { decision: 'superseded', decided_at: LATER });
    store.discard(listing.revisionId);
    expect(() => store.submitListing(appId, { name: 'Chess III' })).not.toThrow();
  });

  it('a check that failed, run again and passed', () => {
    const { versionId, appId } = store.sceneWith('approved');
    store.check(versionId, 'secrets', 'failed', { run: 2 });
    const third = store.check(versionId, 'secrets', 'running', { run: 3, finished_at: null });
    store.update('check_results', third, { status: 'passed', finished_at: LATER });
    store.publish(versionId);
    expect(store.get('apps', appId)['status']).toBe('published');
  });

  it('suspending and unsuspending, which restores what was', () => {
    const draft = store.sceneWith('draft');
    const published = store.sceneWith('published');
    for (const { appId, reviewerId } of [draft, published]) {
      store.suspendApp(appId, reviewerId);
      store.unsuspendApp(appId);
    }
    expect(store.get('apps', draft.appId)['status']).toBe('draft');
    expect(store.get('apps', published.appId)['status']).toBe('published');
  });

  it('yanking and unyanking a published version', () => {
    const { versionId } = store.sceneWith('published');
    store.update('app_versions', versionId, { yanked_at: LATER, yanked_by: 'admin', yank_reason: 'broken' });
    store.update('app_versions', versionId, { yanked_at: null, yanked_by: null, yank_reason: null });
    store.update('app_versions', versionId, { yanked_at: LATER, yanked_by: 'owner', yank_reason: 'broken' });
    expect(store.get('app_versions', versionId)['yanked_by']).toBe('owner');
  });

  it('deciding on an app of one’s own when the setting allows it, marked as such', () => {
    const { versionId, reviewId, developerId, appId } = store.sceneWith('review');
    store.update('developers', developerId, { role: 'admin' });
    store.decide(reviewId, 'approved', developerId, { self_review: 1 });
    store.update('app_versions', versionId, { status: 'approved' });
    store.publish(versionId);
    expect(store.get('apps', appId)['status']).toBe('published');
  });

  it('deleting a draft that was submitted and withdrawn, of a published app', () => {
    const { appId, keyId } = store.sceneWith('published');
    const second = store.upload(appId, keyId, 2);
    const submission = store.submit(second);
    store.withdraw(second, submission);
    store.run('DELETE FROM app_versions WHERE id = @second', { second });
    expect(store.get('app_versions', second)).toBeUndefined();
    expect(store.get('reviews', submission.reviewId)).toBeUndefined();
  });

  it.each(['draft', 'review', 'approved', 'rejected'] as const)(
    'deleting an app that was never published, with a version that is %s and all that belongs to it',
    (status) => {
      const { appId, versionId } = store.sceneWith(status);
      store.run('DELETE FROM apps WHERE id = @appId', { appId });
      expect(store.get('app_versions', versionId)).toBeUndefined();
      expect(store.db.prepare('SELECT COUNT(*) FROM reviews').pluck().get()).toBe(0);
      expect(store.db.prepare('SELECT COUNT(*) FROM check_results').pluck().get()).toBe(0);
    },
  );

  it('emptying a deleted account in place, which leaves its published apps', () => {
    const { developerId, appId, keyId } = store.sceneWith('published');
    const draft = store.app(developerId);
    store.run('DELETE FROM apps WHERE developer_id = @developerId AND first_published_at IS NULL', { developerId });
    store.deactivateKey(keyId);
    store.update('developers', developerId, {
      email: `deleted-${developerId}@deleted.invalid`,
      name: 'Deleted developer',
      password_hash: null,
      deleted_at: LATER,
    });
    expect(store.get('apps', draft)).toBeUndefined();
    expect(store.get('apps', appId)).toMatchObject({ status: 'published', developer_name: 'Ada' });
  });

  it('deleting an account that owns nothing, with its keys', () => {
    const developerId = store.developer();
    const keyId = store.signingKey(developerId);
    store.run('DELETE FROM developers WHERE id = @developerId', { developerId });
    expect(store.get('signing_keys', keyId)).toBeUndefined();
  });

  it('registering an unverified address again', () => {
    const id = store.developer({ email: 'ada@example.com' });
    const again = { id: 'f'.repeat(36), email: 'ADA@example.com', name: 'Other', created_at: LATER, updated_at: LATER };
    store.run(
      `INSERT INTO developers (id, email, name, created_at, updated_at) VALUES (@id, @email, @name, @created_at, @updated_at)
       ON CONFLICT (email) DO UPDATE SET name = excluded.name`,
      again,
    );
    expect(store.get('developers', id)['name']).toBe('Other');
  });
});
