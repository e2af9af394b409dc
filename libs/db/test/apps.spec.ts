import { newId } from '../src/ids.js';
import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, NOW, Store } from './support/store.js';

describe.each(OUTSIDERS)('%s, an app', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  const deleteApp = (appId: string) => store.run('DELETE FROM apps WHERE id = @appId', { appId });

  it('has a package id that differs from all others by more than case', () => {
    const { developerId } = store.scene();
    store.app(developerId, { package_id: 'com.example.Chess' });
    for (const verb of ['INSERT', 'INSERT OR REPLACE', 'INSERT OR IGNORE']) {
      const row = { id: newId(), developer_id: developerId, package_id: 'COM.example.cHESS', name: 'x' };
      expectRefused(store.db, 'package-id-taken', () =>
        store.insert('apps', { ...row, developer_name: 'x', created_at: NOW, updated_at: NOW }, verb),
      );
    }
  });

  it.each(['chess', 'com.exämple.chess', 'com.example.chess ', '1com.example', 'com.example-x.y'])(
    'has no package id like "%s", which upper and lower case could hide',
    (packageId) => {
      const { developerId } = store.scene();
      expectRefused(store.db, 'CHECK constraint failed', () => store.app(developerId, { package_id: packageId }));
    },
  );

  it('starts as a draft that was never published', () => {
    const { developerId } = store.scene();
    expectRefused(store.db, 'app-starts-as-draft', () => store.app(developerId, { status: 'published' }));
    expectRefused(store.db, 'app-starts-as-draft', () => store.app(developerId, { first_published_at: NOW }));
  });

  it('is not replaced by an insertion with its id, its number or its package id', () => {
    const { appId, developerId } = store.sceneWith('published');
    const { seq, package_id: packageId } = store.get('apps', appId);
    for (const key of [{ id: appId }, { seq: seq ?? 0 }, { rowid: seq ?? 0 }, { package_id: packageId ?? '' }]) {
      const row = { id: newId(), developer_id: developerId, package_id: 'com.example.other', name: 'x' };
      expectRefused(store.db, 'package-id-taken', () =>
        store.insert(
          'apps',
          { ...row, developer_name: 'x', created_at: NOW, updated_at: NOW, ...key },
          'INSERT OR REPLACE',
        ),
      );
    }
  });

  it('takes its number from the database, none below 1', () => {
    const { developerId } = store.scene();
    for (const seq of [-1, 0]) expectRefused(store.db, 'app-sequence', () => store.app(developerId, { seq }));
  });

  it.each(['seq', 'rowid', 'oid', '_rowid_'])('is not replaced by an update of another one’s %s', (column) => {
    const victim = store.sceneWith('published');
    const attacker = store.sceneWith('draft');
    const seq = store.get('apps', victim.appId)['seq'] ?? 0;
    expectRefused(store.db, 'package-id-immutable', () =>
      store.update('apps', attacker.appId, { [column]: seq }, 'UPDATE OR REPLACE'),
    );
    expectRefused(store.db, 'package-id-immutable', () => store.update('apps', attacker.appId, { [column]: 4711 }));
  });

  it('keeps its id, its package id to the letter, and its developer', () => {
    const { appId } = store.scene();
    const packageId = store.get('apps', appId)['package_id'] as string;
    const changes = [{ id: newId() }, { package_id: 'com.example.other' }, { package_id: packageId.toUpperCase() }];
    for (const change of changes) {
      expectRefused(store.db, 'package-id-immutable', () => store.update('apps', appId, change, 'UPDATE OR REPLACE'));
    }
    const other = store.developer();
    expectRefused(store.db, 'app-owner-immutable', () => store.update('apps', appId, { developer_id: other }));
  });

  it('that was published is never deleted, suspended or withdrawn ones included', () => {
    const { appId, reviewerId } = store.sceneWith('published');
    expectRefused(store.db, 'app-was-published', () => deleteApp(appId));
    store.update('apps', appId, { withdrawn_at: LATER });
    store.suspendApp(appId, reviewerId);
    expectRefused(store.db, 'app-was-published', () => deleteApp(appId));
  });

  it('is not deleted between the publication of its version and its own', () => {
    const { appId, versionId } = store.sceneWith('approved');
    store.markPublished(versionId);
    expectRefused(store.db, 'app-was-published', () => deleteApp(appId));
  });

  it('never becomes one that was not published', () => {
    const { appId, reviewerId, developerId } = store.sceneWith('published');
    const never = { first_published_at: null, live_revision_id: null };
    const codes = ['app-was-published', 'listing-not-reviewed', 'CHECK constraint failed'];
    for (const changes of [never, { ...never, status: 'draft' }, { first_published_at: NOW }]) {
      expectRefused(store.db, codes, () => store.update('apps', appId, changes));
    }
    expectRefused(store.db, 'CHECK constraint failed', () => store.update('apps', appId, { status: 'draft' }));
    const otherKey = store.signingKey(developerId);
    expectRefused(store.db, 'app-was-published', () => store.update('apps', appId, { bound_signing_key_id: otherKey }));
    store.suspendApp(appId, reviewerId);
    expectRefused(store.db, 'CHECK constraint failed', () =>
      store.update('apps', appId, { status: 'draft', suspended_at: null, suspended_by: null, suspend_reason: null }),
    );
  });

  it('is suspended with a time and a reason, or not at all', () => {
    const { appId } = store.sceneWith('published');
    for (const changes of [
      { status: 'suspended' },
      { suspended_at: LATER, suspend_reason: 'malware' },
      { status: 'suspended', suspended_at: LATER },
      { status: 'suspended', suspend_reason: 'malware' },
    ]) {
      expectRefused(store.db, 'CHECK constraint failed', () => store.update('apps', appId, changes));
    }
    store.suspendApp(appId, newId());
    for (const changes of [{ status: 'published' }, { suspended_at: null }, { suspend_reason: null }]) {
      expectRefused(store.db, 'CHECK constraint failed', () => store.update('apps', appId, changes));
    }
  });

  it('that was never published does not become published by being unsuspended', () => {
    const { appId, reviewerId } = store.sceneWith('approved');
    store.suspendApp(appId, reviewerId);
    const unsuspended = { status: 'published', suspended_at: null, suspend_reason: null };
    expectRefused(store.db, ['app-without-version', 'CHECK constraint failed'], () =>
      store.update('apps', appId, unsuspended),
    );
  });

  it('leaves a tombstone, under which nobody registers again in any case of letters', () => {
    const { appId, developerId, keyId } = store.scene();
    store.upload(appId, keyId, 7);
    const packageId = store.get('apps', appId)['package_id'] as string;
    deleteApp(appId);
    expect(store.db.prepare('SELECT package_id, highest_version_code FROM tombstones').all()).toEqual([
      { package_id: packageId, highest_version_code: 7 },
    ]);
    expectRefused(store.db, 'package-id-retired', () =>
      store.app(developerId, { package_id: packageId.toUpperCase() }),
    );
  });

  it('leaves a tombstone that stays as it is', () => {
    const { appId } = store.scene();
    const packageId = store.get('apps', appId)['package_id'] as string;
    deleteApp(appId);
    const other = store.app(store.developer());
    const otherId = store.get('apps', other)['package_id'] as string;
    const replace = `INSERT OR REPLACE INTO tombstones VALUES (@packageId, 0, '')`;
    for (const attack of [
      () => store.run('DELETE FROM tombstones'),
      () => store.run('UPDATE tombstones SET highest_version_code = 0'),
      () => store.run(`UPDATE OR REPLACE tombstones SET package_id = 'com.example.unused'`),
      () => store.run(replace, { packageId: packageId.toUpperCase() }),
      () => store.run(replace, { packageId: otherId }),
    ]) {
      expectRefused(store.db, 'tombstone-final', attack);
    }
  });

  it.each(['draft', 'approved'] as const)('inherits nothing of one whose id it takes, its version %s', (status) => {
    const { appId, developerId, versionId } = store.sceneWith(status);
    if (status === 'draft') {
      store.revision(appId);
      store.run('DELETE FROM app_versions WHERE id = @versionId', { versionId });
    }
    deleteApp(appId);
    const attack = () => store.app(developerId, { id: appId });
    if (options.foreignKeys) expect(attack).not.toThrow();
    else expectRefused(store.db, 'app-id-used', attack);
  });
});
