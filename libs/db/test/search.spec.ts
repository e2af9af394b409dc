import fc from 'fast-check';
import { Migrator, type RawConnection } from '@mosis/sqlite';
import { readCoreMigrations } from '../src/core-database.js';
import { closeOutsiders, openAsOutsider } from './support/outsider.js';
import { LATER, Store } from './support/store.js';

const INDEXES = ['apps_fts', 'apps_labels', 'apps_trigrams'] as const;

/** Fails when the index says something else than the table it indexes. */
function checkIntegrity(connection: RawConnection): void {
  for (const index of INDEXES) {
    connection.exec(`INSERT INTO ${index} (${index}, rank) VALUES ('integrity-check', 1)`);
  }
}

/** Every term of the indexes with the rows it occurs in. */
function readTerms(connection: RawConnection): unknown {
  return INDEXES.map((index) => {
    connection.exec(`CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', '${index}', 'instance')`);
    const terms = connection.prepare('SELECT term, doc, col, "offset" FROM temp.terms ORDER BY 1, 2, 3, 4').all();
    connection.exec('DROP TABLE temp.terms');
    return terms;
  });
}

function findByWord(store: Store, word: string): unknown {
  const find = 'SELECT a.id FROM apps_fts f JOIN apps a ON a.seq = f.rowid WHERE apps_fts MATCH ?';
  return store.db.prepare(find).pluck().all(`"${word}"`);
}

/** Takes a new listing of a published app through its review. */
function changeListing(store: Store, appId: string, reviewerId: string, changes: Record<string, string>): void {
  const { reviewId, revisionId } = store.submitListing(appId, changes);
  store.decide(reviewId, 'approved', reviewerId);
  store.goLive(appId, revisionId);
}

describe('the search indexes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom('Schach', 'échecs', 'Ärger im Büro', 'naïve café', '棋', 'a', 'chess chess chess'),
  );
  const which = fc.nat(4);
  const step = fc.oneof(
    fc.record({ do: fc.constant('insert' as const), name: text, description: text }),
    fc.record({ do: fc.constant('change' as const), which, name: text, tags: fc.array(text, { maxLength: 3 }) }),
    fc.record({ do: fc.constant('rename developer' as const), which, name: text }),
    fc.record({ do: fc.constant('submit' as const), which }),
    fc.record({ do: fc.constant('publish' as const), which }),
    fc.record({ do: fc.constant('change what is live' as const), which, name: text }),
    fc.record({ do: fc.constant('delete' as const), which }),
    fc.record({ do: fc.constant('touch' as const), which }),
  );

  it('stay in step with the table under random changes, and equal an index built anew', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
        const store = new Store(openAsOutsider({ foreignKeys: true }));
        const { developerId, keyId, reviewerId } = store.scene();
        for (const it of steps) {
          const apps = store.db.prepare('SELECT id FROM apps ORDER BY seq').pluck().all() as string[];
          const appId = 'which' in it ? apps[it.which % apps.length] : undefined;
          const attempt = store.db.transaction(() => {
            if (it.do === 'insert') store.app(developerId, { name: it.name, description: it.description });
            if (!appId) return;
            if (it.do === 'change') store.update('apps', appId, { name: it.name, tags: JSON.stringify(it.tags) });
            if (it.do === 'rename developer') store.update('developers', developerId, { name: it.name });
            if (it.do === 'touch') store.update('apps', appId, { updated_at: LATER, withdrawn_at: LATER });
            if (it.do === 'delete') store.run('DELETE FROM apps WHERE id = @appId', { appId });
            if (it.do === 'change what is live') changeListing(store, appId, reviewerId, { name: it.name });
            if (it.do !== 'submit' && it.do !== 'publish') return;
            const code = (store.get('apps', appId)['highest_version_code'] as number) + 1;
            const versionId = store.upload(appId, keyId, code);
            const { reviewId } = store.submit(versionId);
            if (it.do !== 'publish') return;
            store.approve(versionId, reviewId, reviewerId);
            store.publish(versionId);
          });
          try {
            attempt();
          } catch (error) {
            // What a guard refuses rolls the indexes back too.
            expect((error as Error).message).toMatch(/^[a-z-]+: |^CHECK constraint failed/);
          }
        }
        checkIntegrity(store.db);
        const terms = readTerms(store.db);
        for (const index of INDEXES) store.db.exec(`INSERT INTO ${index} (${index}) VALUES ('rebuild')`);
        expect(terms).toEqual(readTerms(store.db));
        closeOutsiders();
      }),
      { numRuns: 40 },
    );
  });

  it('would show when they were out of step', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { appId, reviewerId } = store.sceneWith('published');
    for (const trigger of ['apps_search_update', 'apps_search_labels_update', 'apps_search_trigrams_update']) {
      store.db.exec(`SAVEPOINT broken; DROP TRIGGER ${trigger}`);
      changeListing(store, appId, reviewerId, { name: 'Draughts' });
      expect(() => checkIntegrity(store.db)).toThrow(/checksum mismatch|malformed/);
      store.db.exec('ROLLBACK TO broken');
    }
  });

  it('find an app by words with or without accents, by a prefix, and by three letters within a word', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { appId, reviewerId } = store.sceneWith('published');
    changeListing(store, appId, reviewerId, { name: 'Ärger im Büro', tags: '["strategy"]' });
    expect(findByWord(store, 'buro')).toEqual([appId]);
    expect(findByWord(store, 'strategy')).toEqual([appId]);
    const rows = (sql: string) => store.db.prepare(`SELECT a.id FROM ${sql}`).pluck().all();
    expect(rows(`apps_fts f JOIN apps a ON a.seq = f.rowid WHERE apps_fts MATCH 'strat*'`)).toEqual([appId]);
    expect(rows(`apps_labels l JOIN apps a ON a.seq = l.rowid WHERE apps_labels MATCH 'buro strat*'`)).toEqual([appId]);
    expect(rows(`apps_trigrams t JOIN apps a ON a.seq = t.rowid WHERE apps_trigrams MATCH 'rge'`)).toEqual([appId]);
  });

  it('have an app from its first publication on', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { appId, versionId } = store.sceneWith('approved');
    const hasTerms = () => (readTerms(store.db) as unknown[][]).map((terms) => terms.length > 0);
    expect(hasTerms()).toEqual([false, false, false]);
    store.publish(versionId);
    expect(hasTerms()).toEqual([true, true, true]);
    expect(findByWord(store, 'chess')).toEqual([appId]);
  });

  it('are made anew from what is there by the migration that leaves drafts out, and by its way back', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const migrator = new Migrator(store.db, readCoreMigrations());
    const { developerId, appId } = store.sceneWith('published');
    const draft = store.app(developerId);
    const later = readCoreMigrations().filter(({ name }) => name >= '0011_unpublished');
    migrator.down(later.length);
    checkIntegrity(store.db);
    expect(findByWord(store, 'chess')).toEqual([appId, draft]);
    store.update('apps', draft, { name: 'Draughts' });
    migrator.up();
    checkIntegrity(store.db);
    expect(findByWord(store, 'chess')).toEqual([appId]);
    expect(findByWord(store, 'draughts')).toEqual([]);
  });

  it('do not look at drafts, so that a developer with many changes their name at once', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { developerId } = store.scene();
    for (let count = 0; count < 200; count += 1) store.app(developerId);
    const changes = () => store.db.prepare('SELECT total_changes()').pluck().get() as number;
    const before = changes();
    store.update('developers', developerId, { name: 'Grace' });
    // The developer and 201 apps, once each.
    expect(changes() - before).toBe(202);
  });
});

describe('a developer’s name', () => {
  const shownBy = (store: Store, appId: string) => store.get('apps', appId)['developer_name'];

  it('shows at once in drafts when it changes, and in published apps only what was reviewed', () => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { developerId, appId: published } = store.sceneWith('published');
    const draft = store.app(developerId);
    store.update('developers', developerId, { name: 'Grace' });
    expect(shownBy(store, draft)).toBe('Grace');
    expect(findByWord(store, 'grace')).toEqual([]);
    expect(findByWord(store, 'ada')).toEqual([published]);
    checkIntegrity(store.db);
  });

  it.each(['withdraw', 'reject'] as const)('that changed during a submission shows once it ends with: %s', (ending) => {
    const store = new Store(openAsOutsider({ foreignKeys: true }));
    const { developerId, reviewerId, appId, versionId, ...submission } = store.sceneWith('review');
    store.update('developers', developerId, { name: 'Grace' });
    expect(shownBy(store, appId)).toBe('Ada');
    if (ending === 'withdraw') store.withdraw(versionId, submission);
    else store.reject(versionId, submission, reviewerId);
    expect(shownBy(store, appId)).toBe('Grace');
  });
});
