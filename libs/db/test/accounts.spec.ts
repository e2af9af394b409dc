import { newId } from '../src/ids.js';
import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { LATER, NOW, Store } from './support/store.js';

describe.each(OUTSIDERS)('%s, an account', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  it('with apps, published or not, is not deleted', () => {
    for (const status of ['draft', 'published'] as const) {
      const { developerId } = store.sceneWith(status);
      expectRefused(store.db, ['developer-in-use', 'FOREIGN KEY constraint failed'], () =>
        store.run('DELETE FROM developers WHERE id = @developerId', { developerId }),
      );
    }
  });

  it('that decided on a review is not deleted', () => {
    const { reviewerId } = store.sceneWith('approved');
    expectRefused(store.db, 'developer-in-use', () =>
      store.run('DELETE FROM developers WHERE id = @reviewerId', { reviewerId }),
    );
  });

  it('with apps or decisions is not replaced, neither by its id nor by its address or login', () => {
    const { developerId, reviewerId } = store.sceneWith('published');
    for (const id of [developerId, reviewerId]) {
      store.update('developers', id, { oauth_provider: 'github', oauth_id: id });
      const email = (store.get('developers', id)['email'] as string).toUpperCase();
      const row = { id: newId(), email: 'eve@example.com', name: 'Eve', created_at: NOW, updated_at: NOW };
      for (const key of [{ id }, { email }, { oauth_provider: 'github', oauth_id: id }]) {
        expectRefused(store.db, 'developer-in-use', () =>
          store.insert('developers', { ...row, ...key }, 'INSERT OR REPLACE'),
        );
      }
    }
  });

  it('is not pushed out by another one that takes its address or login', () => {
    const victim = store.developer({ email: 'ada@example.com', oauth_provider: 'github', oauth_id: '1' });
    const attacker = store.developer();
    for (const changes of [{ email: 'ADA@example.com' }, { oauth_provider: 'github', oauth_id: '1' }]) {
      expectRefused(store.db, 'email-taken', () => store.update('developers', attacker, changes, 'UPDATE OR REPLACE'));
    }
    expect(store.get('developers', victim)['email']).toBe('ada@example.com');
  });

  it('keeps its id', () => {
    const { developerId } = store.sceneWith('published');
    expectRefused(store.db, 'developer-immutable', () => store.update('developers', developerId, { id: newId() }));
  });

  it('has one address, whatever its case', () => {
    store.developer({ email: 'ada@example.com' });
    expectRefused(store.db, 'UNIQUE constraint failed', () => store.developer({ email: 'Ada@Example.com' }));
  });
});

describe.each(OUTSIDERS)('%s, a signing key', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  it('that was deactivated does not become active again', () => {
    const { keyId, developerId } = store.sceneWith('approved');
    store.deactivateKey(keyId);
    expectRefused(store.db, 'signing-key-inactive', () =>
      store.update('signing_keys', keyId, { is_active: 1, deactivated_at: null }),
    );
    const { fingerprint = null } = store.get('signing_keys', keyId);
    for (const key of [{ id: keyId }, { fingerprint }]) {
      for (const verb of ['INSERT OR REPLACE', 'INSERT']) {
        const row = { id: newId(), developer_id: developerId, name: 'x', public_key: 'x', fingerprint: 'a'.repeat(64) };
        expectRefused(store.db, 'signing-key-exists', () =>
          store.insert('signing_keys', { ...row, created_at: NOW, ...key }, verb),
        );
      }
    }
  });

  it('is not deleted, used or not, while its account is there', () => {
    const { keyId, developerId } = store.sceneWith('published');
    for (const id of [keyId, store.signingKey(developerId)]) {
      expectRefused(store.db, 'signing-key-immutable', () =>
        store.run('DELETE FROM signing_keys WHERE id = @id', { id }),
      );
    }
  });

  it('keeps its owner, its id and its bytes', () => {
    const { keyId } = store.scene();
    const other = store.developer();
    for (const changes of [
      { id: newId() },
      { developer_id: other },
      { public_key: 'x' },
      { fingerprint: 'b'.repeat(64) },
    ]) {
      expectRefused(store.db, 'signing-key-immutable', () =>
        store.update('signing_keys', keyId, changes, 'UPDATE OR REPLACE'),
      );
    }
  });

  it('is active exactly as long as it was not deactivated', () => {
    const { keyId } = store.scene();
    for (const changes of [{ is_active: 0 }, { deactivated_at: LATER }]) {
      expectRefused(store.db, 'CHECK constraint failed', () => store.update('signing_keys', keyId, changes));
    }
  });
});
