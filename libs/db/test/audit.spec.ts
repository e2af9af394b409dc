import { OUTSIDERS, expectRefused, openAsOutsider } from './support/outsider.js';
import { NOW, Store, sha256 } from './support/store.js';

describe.each(OUTSIDERS)('%s, the audit log', (_how, options) => {
  let store: Store;
  beforeEach(() => (store = new Store(openAsOutsider(options))));

  const hashOf = (seq: number) => (seq === 0 ? '0'.repeat(64) : sha256(`row ${seq}`));
  const row = (seq: number) => ({
    seq,
    occurred_at: NOW,
    actor_kind: 'system',
    action: 'app.created',
    subject_kind: 'app',
    subject_id: 'x',
    data: '{}',
    previous_hash: hashOf(seq - 1),
    hash: hashOf(seq),
  });
  const append = (from: number, to: number) => {
    for (let seq = from; seq <= to; seq += 1) store.insert('audit_logs', row(seq));
  };
  const segment = (first: number, last: number, changes = {}) => ({
    first_seq: first,
    last_seq: last,
    object_key: `audit/${first}-${last}`,
    object_sha256: sha256('object'),
    first_previous_hash: hashOf(first - 1),
    last_hash: hashOf(last),
    created_at: NOW,
    ...changes,
  });
  const move = (first: number, last: number) => {
    store.insert('audit_segments', segment(first, last));
    store.run('DELETE FROM audit_logs WHERE seq BETWEEN @first AND @last', { first, last });
  };

  it.each(['UPDATE', 'UPDATE OR REPLACE', 'UPDATE OR IGNORE'])('refuses %s of any of its columns', (verb) => {
    append(1, 3);
    for (const column of [...Object.keys(row(1)), 'rowid', 'actor_id', 'request_id']) {
      expectRefused(store.db, 'audit-append-only', () =>
        store.run(`${verb} audit_logs SET ${column} = 2 WHERE seq = 3`),
      );
    }
  });

  it('refuses DELETE of one row and of all', () => {
    append(1, 3);
    for (const where of ['seq = 1', 'seq = 3', '1']) {
      expectRefused(store.db, 'audit-append-only', () => store.run(`DELETE FROM audit_logs WHERE ${where}`));
    }
    expectRefused(store.db, 'audit-append-only', () => store.run('DELETE FROM audit_logs'));
  });

  it('refuses REPLACE and upsert of a row that is there', () => {
    append(1, 3);
    for (const seq of [1, 3]) {
      const forged = { ...row(seq), action: 'nothing.happened', previous_hash: hashOf(3) };
      for (const verb of ['INSERT OR REPLACE', 'REPLACE', 'INSERT OR IGNORE']) {
        expectRefused(store.db, 'audit-append-only', () => store.insert('audit_logs', forged, verb));
      }
    }
    expectRefused(store.db, 'audit-append-only', () =>
      store.run(
        `INSERT INTO audit_logs SELECT * FROM audit_logs WHERE seq = 3 ON CONFLICT (seq) DO UPDATE SET action = 'x'`,
      ),
    );
  });

  it('takes rows at its end only, without a gap and from 1', () => {
    for (const seq of [-1, 0, 2, Number.MAX_SAFE_INTEGER]) {
      expectRefused(store.db, 'audit-append-only', () => store.insert('audit_logs', { ...row(1), seq }));
    }
    append(1, 2);
    for (const seq of [-1, 0, 4]) {
      expectRefused(store.db, 'audit-append-only', () => store.insert('audit_logs', { ...row(3), seq }, 'REPLACE'));
    }
    const unnumbered: Record<string, string | number> = row(3);
    delete unnumbered['seq'];
    store.insert('audit_logs', unnumbered);
    expect(store.db.prepare('SELECT MAX(seq) FROM audit_logs').pluck().get()).toBe(3);
  });

  it('takes a row only when it continues the one before it', () => {
    append(1, 2);
    for (const previous of [hashOf(0), hashOf(1), sha256('other')]) {
      expectRefused(store.db, 'audit-chain', () => store.insert('audit_logs', { ...row(3), previous_hash: previous }));
    }
  });

  it('gives its oldest rows away once they are a segment, and goes on where it was', () => {
    append(1, 4);
    move(1, 2);
    move(3, 4);
    expectRefused(store.db, 'audit-chain', () => store.insert('audit_logs', { ...row(5), previous_hash: hashOf(0) }));
    for (const seq of [1, 3, 6]) {
      expectRefused(store.db, 'audit-append-only', () =>
        store.insert('audit_logs', { ...row(5), seq, previous_hash: hashOf(4) }),
      );
    }
    append(5, 6);
    expect(store.db.prepare('SELECT seq FROM audit_logs').pluck().all()).toEqual([5, 6]);
  });

  it('gives away no row that no segment covers', () => {
    append(1, 4);
    store.insert('audit_segments', segment(1, 2));
    expectRefused(store.db, 'audit-append-only', () => store.run('DELETE FROM audit_logs'));
    expectRefused(store.db, 'audit-append-only', () => store.run('DELETE FROM audit_logs WHERE seq = 3'));
  });

  it('has segments that start at its front and leave no gap', () => {
    append(1, 6);
    expectRefused(store.db, 'audit-append-only', () => store.insert('audit_segments', segment(2, 3)));
    move(1, 2);
    for (const [first, last] of [
      [4, 5],
      [2, 3],
      [1, 3],
    ] as const) {
      expectRefused(store.db, 'audit-append-only', () =>
        store.insert('audit_segments', segment(first, last), 'INSERT OR REPLACE'),
      );
    }
  });

  it('has segments made of the rows that are there', () => {
    append(1, 4);
    for (const forged of [
      segment(1, 5, { last_hash: hashOf(4) }),
      segment(1, 2, { last_hash: sha256('other') }),
      segment(1, 2, { first_previous_hash: sha256('other') }),
    ]) {
      expectRefused(store.db, 'audit-chain', () => store.insert('audit_segments', forged));
    }
  });

  it('has segments that are never changed, replaced or forgotten', () => {
    append(1, 4);
    move(1, 2);
    for (const attack of [
      () => store.run('DELETE FROM audit_segments'),
      () => store.run(`UPDATE audit_segments SET object_sha256 = '${sha256('x')}'`),
      () => store.run('UPDATE OR REPLACE audit_segments SET rowid = 9'),
      () => store.insert('audit_segments', segment(1, 2), 'INSERT OR REPLACE'),
      () => store.insert('audit_segments', segment(3, 4, { object_key: 'audit/1-2' }), 'INSERT OR REPLACE'),
    ]) {
      expectRefused(store.db, 'audit-append-only', attack);
    }
  });
});
