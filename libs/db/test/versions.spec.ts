import { newId } from '../src/ids.js';
import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, NOW, Store, sha256 } from './support/store.js';

const STATES = ['draft', 'review', 'approved', 'published', 'rejected'] as const;
const ALLOWED = ['draft>review', 'review>draft', 'review>approved', 'review>rejected', 'approved>published'];
const FORBIDDEN = STATES.flatMap((from) => STATES.filter((to) => to !== from).map((to) => [from, to] as const)).filter(
  ([from, to]) => !ALLOWED.includes(`${from}>${to}`),
);

const CONTENT = {
  id: newId(),
  app_id: newId(),
  version_code: 99,
  version_name: '9.9.9',
  package_url: '/elsewhere',
  package_size: 7,
  package_sha256: sha256('other bytes'),
  signature: 'other',
  signing_key_id: newId(),
  permissions: '["camera"]',
  min_mosis_version: '9.0.0',
  manifest: '{"id":"x"}',
  files: '[1]',
  created_at: LATER,
};

describe.each(OUTSIDERS)('%s, a version', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  it.each(FORBIDDEN)('does not go from %s to %s', (from, to) => {
    const { versionId } = store.sceneWith(from);
    const subject = to === 'draft' ? null : (store.get('app_versions', versionId)['subject_sha256'] ?? sha256('any'));
    const changes = { status: to, subject_sha256: subject, published_at: to === 'published' ? LATER : null };
    const codes = ['version-transition', 'version-immutable', 'version-not-approved', 'version-not-rejected'];
    expectRefused(store.db, [...codes, 'review-subject-changed'], () =>
      store.update('app_versions', versionId, changes),
    );
  });

  it.each(STATES)('keeps its package, and all that is read from it, while it is %s', (status) => {
    const { versionId } = store.sceneWith(status);
    for (const [column, value] of Object.entries(CONTENT)) {
      for (const verb of ['UPDATE', 'UPDATE OR REPLACE', 'UPDATE OR IGNORE']) {
        expectRefused(store.db, 'version-immutable', () =>
          store.update('app_versions', versionId, { [column]: value }, verb),
        );
      }
    }
  });

  it.each(['review', 'approved', 'published', 'rejected'] as const)('keeps what was submitted while %s', (status) => {
    const { versionId } = store.sceneWith(status);
    expectRefused(store.db, 'version-not-draft', () =>
      store.update('app_versions', versionId, { release_notes: 'Now with adverts' }),
    );
    expectRefused(store.db, 'version-immutable', () =>
      store.update('app_versions', versionId, { subject_sha256: sha256('other') }),
    );
    expectRefused(store.db, 'version-immutable', () =>
      store.update('app_versions', versionId, { submitted_at: LATER }),
    );
  });

  it('keeps the time it was published', () => {
    const { versionId } = store.sceneWith('published');
    expectRefused(store.db, 'version-immutable', () => store.update('app_versions', versionId, { published_at: NOW }));
  });

  it.each(STATES)('that is %s is not replaced by another one', (status) => {
    const { versionId, appId, keyId } = store.sceneWith(status);
    const sameId = store.versionRow(appId, keyId, 2, { id: versionId });
    const sameCode = store.versionRow(appId, keyId, 1);
    for (const verb of ['INSERT OR REPLACE', 'INSERT OR IGNORE', 'REPLACE']) {
      expectRefused(store.db, 'version-exists', () => store.insert('app_versions', sameId, verb));
      expectRefused(store.db, 'version-code-not-higher', () => store.insert('app_versions', sameCode, verb));
    }
  });

  it('has no hidden row id that a REPLACE could aim at', () => {
    const { versionId, appId, keyId } = store.sceneWith('published');
    const row = store.versionRow(appId, keyId, 2);
    expectRefused(store.db, 'table app_versions has no column named rowid', () =>
      store.insert('app_versions', { ...row, rowid: 1 }, 'INSERT OR REPLACE'),
    );
    expectRefused(store.db, 'no such column', () =>
      store.update('app_versions', versionId, { rowid: 1 }, 'UPDATE OR REPLACE'),
    );
  });

  it.each(['review', 'approved', 'published'] as const)('that is %s is not deleted', (status) => {
    const { versionId } = store.sceneWith(status);
    expectRefused(store.db, 'version-not-draft', () =>
      store.run('DELETE FROM app_versions WHERE id = @versionId', { versionId }),
    );
  });

  it('that was rejected is not deleted from a published app', () => {
    const { appId, keyId, reviewerId } = store.sceneWith('published');
    const second = store.upload(appId, keyId, 2);
    store.reject(second, store.submit(second), reviewerId);
    expectRefused(store.db, 'version-not-draft', () =>
      store.run('DELETE FROM app_versions WHERE id = @second', { second }),
    );
  });

  it('takes a higher code than every one before, deleted ones included', () => {
    const { appId, keyId } = store.scene();
    const fifth = store.upload(appId, keyId, 5);
    for (const code of [1, 4, 5]) {
      expectRefused(store.db, 'version-code-not-higher', () => store.upload(appId, keyId, code));
    }
    store.run('DELETE FROM app_versions WHERE id = @fifth', { fifth });
    expectRefused(store.db, 'version-code-not-higher', () => store.upload(appId, keyId, 5));
    expectRefused(store.db, 'version-code-not-higher', () => store.update('apps', appId, { highest_version_code: 0 }));
    expect(() => store.upload(appId, keyId, 6)).not.toThrow();
  });

  it('is signed by an active key of the app’s own developer', () => {
    const { appId, keyId } = store.scene();
    const foreignKey = store.signingKey(store.developer());
    expectRefused(store.db, 'signing-key-inactive', () => store.upload(appId, foreignKey, 1));
    store.deactivateKey(keyId);
    expectRefused(store.db, 'signing-key-inactive', () => store.upload(appId, keyId, 1));
  });

  it('is yanked only when published, by somebody', () => {
    const yanked = { yanked_at: LATER, yanked_by: 'owner' };
    const { versionId } = store.sceneWith('approved');
    expectRefused(store.db, 'CHECK constraint failed', () => store.update('app_versions', versionId, yanked));
    store.publish(versionId);
    expectRefused(store.db, 'CHECK constraint failed', () =>
      store.update('app_versions', versionId, { yanked_at: LATER }),
    );
    expectRefused(store.db, 'CHECK constraint failed', () =>
      store.update('app_versions', versionId, { ...yanked, yanked_by: 'nobody' }),
    );
  });

  it('that an admin yanked does not become one its owner yanked', () => {
    const { versionId } = store.sceneWith('published');
    store.update('app_versions', versionId, { yanked_at: LATER, yanked_by: 'admin' });
    expectRefused(store.db, 'yanked-by-admin', () => store.update('app_versions', versionId, { yanked_by: 'owner' }));
  });

  it('goes back to draft only after its review was withdrawn', () => {
    const draft = { status: 'draft', subject_sha256: null, submitted_at: null };
    const open = store.sceneWith('review');
    expectRefused(store.db, 'version-not-withdrawn', () => store.update('app_versions', open.versionId, draft));
    for (const decision of ['approved', 'rejected'] as const) {
      const decided = store.sceneWith('review');
      store.decide(decided.reviewId, decision, decided.reviewerId);
      expectRefused(store.db, 'version-not-withdrawn', () => store.update('app_versions', decided.versionId, draft));
    }
  });

  it('is submitted only with a review that opens for it', () => {
    const { versionId } = store.sceneWith('draft');
    expectRefused(store.db, 'version-without-review', () =>
      store.update('app_versions', versionId, { status: 'review', subject_sha256: sha256('any'), submitted_at: NOW }),
    );
  });

  it('is not submitted on a review that was withdrawn', () => {
    const { versionId, ...submission } = store.sceneWith('review');
    const subject = store.get('app_versions', versionId)['subject_sha256'];
    store.withdraw(versionId, submission);
    expectRefused(store.db, 'version-without-review', () =>
      store.update('app_versions', versionId, { status: 'review', subject_sha256: subject, submitted_at: NOW }),
    );
  });

  it('is not submitted when the same bytes were rejected before', () => {
    const rejected = store.sceneWith('rejected');
    const digest = store.get('app_versions', rejected.versionId)['package_sha256'] as string;
    const again = store.upload(rejected.appId, rejected.keyId, 2, { package_sha256: digest });
    expectRefused(store.db, 'package-rejected', () => store.db.transaction(() => store.submit(again))());
  });
});
