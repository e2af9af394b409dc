import { newId } from '../src/ids.js';
import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, Store, sha256 } from './support/store.js';

const OTHER_LISTING = {
  name: 'Your bank',
  description: 'Enter your PIN.',
  category: 'finance',
  tags: '["bank"]',
  icon_sha256: sha256('logo of a bank'),
  developer_name: 'Your bank Ltd.',
};

describe.each(OUTSIDERS)('%s, the listing', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  it.each(Object.keys(OTHER_LISTING))('of a published app keeps its %s', (column) => {
    const { appId, reviewerId } = store.sceneWith('published');
    const change = { [column]: OTHER_LISTING[column as keyof typeof OTHER_LISTING] };
    expectRefused(store.db, 'listing-not-reviewed', () => store.update('apps', appId, change));
    store.suspendApp(appId, reviewerId);
    expectRefused(store.db, 'listing-not-reviewed', () => store.update('apps', appId, change));
  });

  it.each(['review', 'approved'] as const)('is frozen while the first version is in %s', (status) => {
    const { appId } = store.sceneWith(status);
    for (const [column, value] of Object.entries(OTHER_LISTING)) {
      expectRefused(store.db, 'listing-frozen', () => store.update('apps', appId, { [column]: value }));
    }
  });

  it('does not become one that nobody approved', () => {
    const { appId, reviewerId } = store.sceneWith('published');
    const attempt = (submission: { revisionId: string }) =>
      expectRefused(store.db, 'listing-not-reviewed', () =>
        store.db.transaction(() => store.goLive(appId, submission.revisionId))(),
      );
    const open = store.submitListing(appId, OTHER_LISTING);
    attempt(open);
    store.decide(open.reviewId, 'rejected', reviewerId);
    attempt(open);
    store.discard(open.revisionId);
    const withdrawn = store.submitListing(appId, OTHER_LISTING);
    store.update('reviews', withdrawn.reviewId, { decision: 'withdrawn', decided_at: LATER });
    attempt(withdrawn);
    store.discard(withdrawn.revisionId);
    attempt({ revisionId: store.revision(appId, OTHER_LISTING) });
  });

  it('is not pointed at without showing what it points at', () => {
    const { appId, reviewerId, revisionId } = store.sceneWith('published');
    const listing = store.submitListing(appId, OTHER_LISTING);
    store.decide(listing.reviewId, 'approved', reviewerId);
    // Approved and still waiting.
    expectRefused(store.db, 'listing-not-reviewed', () =>
      store.update('apps', appId, { ...OTHER_LISTING, live_revision_id: listing.revisionId }),
    );
    store.goLive(appId, listing.revisionId);
    expectRefused(store.db, 'listing-not-reviewed', () =>
      store.update('apps', appId, { live_revision_id: listing.revisionId, name: 'Chess' }),
    );
    // The former one, reviewed once, live no more.
    expectRefused(store.db, 'listing-not-reviewed', () => {
      store.update('apps', appId, {
        ...{ name: 'Chess', description: '', category: '', tags: '[]', icon_sha256: null, developer_name: 'Ada' },
        live_revision_id: revisionId,
      });
    });
  });

  it('is not the one of another app, nor none at all, nor one that does not exist', () => {
    const { appId } = store.sceneWith('published');
    const other = store.sceneWith('published');
    for (const revision of [other.revisionId, newId(), null]) {
      expectRefused(store.db, ['listing-not-reviewed', 'CHECK constraint failed'], () =>
        store.update('apps', appId, { live_revision_id: revision }),
      );
    }
  });

  it('of a version that is approved and not published does not go live', () => {
    const { revisionId } = store.sceneWith('approved');
    expectRefused(store.db, 'listing-not-reviewed', () => store.update('app_revisions', revisionId, { state: 'live' }));
  });

  it.each(
    Object.entries({ ...OTHER_LISTING, id: newId(), app_id: newId(), listing_sha256: sha256('x'), created_at: LATER }),
  )('keeps the %s of each of its snapshots', (column, value) => {
    for (const status of ['review', 'published'] as const) {
      const { revisionId } = store.sceneWith(status);
      expectRefused(store.db, 'revision-immutable', () =>
        store.update('app_revisions', revisionId, { [column]: value }, 'UPDATE OR REPLACE'),
      );
    }
  });

  const STATES = ['waiting', 'live', 'past', 'discarded'] as const;
  const ALLOWED = ['waiting>live', 'waiting>discarded', 'live>past'];
  const FORBIDDEN = STATES.flatMap((from) => STATES.map((to) => [from, to] as const)).filter(
    ([from, to]) => from !== to && !ALLOWED.includes(`${from}>${to}`),
  );
  it.each(FORBIDDEN)('has no snapshot that goes from %s to %s, approved or not', (from, to) => {
    const { appId, reviewerId, revisionId: first } = store.sceneWith('published');
    const { revisionId: second, reviewId } = store.submitListing(appId, OTHER_LISTING);
    store.decide(reviewId, 'approved', reviewerId);
    if (from === 'discarded') store.discard(second);
    if (from === 'past' || from === 'live') store.goLive(appId, second);
    const revisionId = from === 'past' ? first : second;
    expectRefused(store.db, 'revision-transition', () => store.update('app_revisions', revisionId, { state: to }));
  });

  it('has one live snapshot, which no UPDATE OR REPLACE pushes out', () => {
    const { appId, reviewerId } = store.sceneWith('published');
    const listing = store.submitListing(appId, OTHER_LISTING);
    store.decide(listing.reviewId, 'approved', reviewerId);
    expectRefused(store.db, 'revision-transition', () =>
      store.update('app_revisions', listing.revisionId, { state: 'live' }, 'UPDATE OR REPLACE'),
    );
  });

  it('has one waiting snapshot, which no INSERT OR REPLACE pushes out', () => {
    const { appId, revisionId } = store.sceneWith('review');
    const sameApp = store.revisionRow(appId, OTHER_LISTING);
    const other = store.scene();
    const sameId = store.revisionRow(other.appId, { ...OTHER_LISTING, id: revisionId });
    for (const row of [sameApp, sameId]) {
      expectRefused(store.db, 'revision-exists', () => store.insert('app_revisions', row, 'INSERT OR REPLACE'));
    }
  });

  it.each(['live', 'past', 'discarded'])('has no snapshot that starts as %s', (state) => {
    const { appId } = store.scene();
    expectRefused(store.db, 'revision-starts-waiting', () => store.revision(appId, { state }));
  });

  it('keeps all of its snapshots', () => {
    for (const status of ['review', 'approved', 'rejected', 'published'] as const) {
      const { revisionId } = store.sceneWith(status);
      expectRefused(store.db, 'revision-immutable', () =>
        store.run('DELETE FROM app_revisions WHERE id = @revisionId', { revisionId }),
      );
    }
  });
});
