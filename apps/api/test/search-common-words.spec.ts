import { createTestCoreDatabase, type TestCoreDatabase } from '@mosis/db';
import { SearchRepository } from '../src/store/search.repository.js';
import { SearchService } from '../src/store/search.service.js';
import { StoreRepository } from '../src/store/store.repository.js';

/** More apps than ranking looks at. */
const APPS = 3_200;

/** A store in which every app speaks of photos; the oldest is called after them, and the one after it has a rare tag. */
function fillStore({ db }: TestCoreDatabase): void {
  const { rawWriter } = db;
  const guards = rawWriter
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name NOT LIKE 'apps_search_%'`)
    .pluck()
    .all() as string[];
  // Rows of the past, written as they are: what leads to them is tested elsewhere.
  for (const name of guards) rawWriter.exec(`DROP TRIGGER ${name}`);
  rawWriter.pragma('foreign_keys = OFF');
  rawWriter.exec(`
    INSERT INTO developers (id, email, name, created_at, updated_at)
    VALUES (printf('%036d', 0), 'maker@example.com', 'Maker', '2026-01-01', '2026-01-01');
    CREATE TEMP TABLE numbers AS
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${APPS}) SELECT i FROM n;
    INSERT INTO apps (id, developer_id, package_id, name, description, category, tags, developer_name, status,
      live_revision_id, first_published_at, last_published_at, created_at, updated_at)
    SELECT printf('%036d', i), printf('%036d', 0), 'org.example.app' || i,
      CASE i WHEN 1 THEN 'Photo Album' ELSE 'Helper ' || i END, 'Keeps every photo.',
      CASE i WHEN 2 THEN 'Rare' ELSE 'Common' END,
      CASE i WHEN 2 THEN '["old camera"]' ELSE '["camera","old"]' END, 'Maker', 'published',
      'r' || i, '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01' FROM numbers;
    INSERT INTO app_versions (id, app_id, version_code, version_name, package_url, package_size, package_sha256, signature,
      signing_key_id, min_mosis_version, status, subject_sha256, published_at, created_at, updated_at, permissions, manifest, files)
    SELECT printf('%036d', i), printf('%036d', i), 1, '1.0.0', '/', 1, printf('%064d', i), '', 'k', '1.0.0', 'published',
      printf('%064d', i), '2026-01-01', '2026-01-01', '2026-01-01', '[]', '{}', '[]' FROM numbers;`);
}

describe('searching for a word that more apps have than ranking looks at', () => {
  let core: TestCoreDatabase;
  let search: SearchService;
  beforeAll(() => {
    core = createTestCoreDatabase();
    fillStore(core);
    search = new SearchService(new SearchRepository(core.db), new StoreRepository(core.db));
  });
  afterAll(() => core.dispose());

  const find = async (query: { q: string; tag?: string; category?: string; sort?: 'name' }) =>
    (await search.search({ limit: 5, ...query })).items.map(({ name }) => name);

  it('begins with the app that is called so, however old it is', async () => {
    const found = await find({ q: 'photo' });
    expect(found).toHaveLength(5);
    expect(found[0]).toBe('Photo Album');
  });

  it('finds the one that has the tag, or is in the category', async () => {
    expect(await find({ q: 'photo', tag: 'Old Camera' })).toEqual(['Helper 2']);
    expect(await find({ q: 'photo', category: 'Rare' })).toEqual(['Helper 2']);
  });

  it('gives no place to drafts, however many there are and whatever they are called', async () => {
    const { rawWriter } = core.db;
    rawWriter.exec(`INSERT INTO apps (id, developer_id, package_id, name, description, developer_name, status, created_at, updated_at)
      SELECT printf('%036d', i + 100000), printf('%036d', 0), 'org.example.draft' || i,
        CASE i % 2 WHEN 1 THEN 'Photo Album' ELSE 'Pohto Albun' END, 'photo photo photo',
        'Maker', 'draft', '2026-01-01', '2026-01-01' FROM numbers`);
    const found = await find({ q: 'photo' });
    const near = await find({ q: 'pohto albun' });
    rawWriter.exec(`DELETE FROM apps WHERE status = 'draft'`);
    expect(found).toHaveLength(5);
    expect(found[0]).toBe('Photo Album');
    expect(near[0]).toBe('Photo Album');
  });

  it('finds a near miss in its category, however many others come as near', async () => {
    core.db.rawWriter.exec(`UPDATE apps SET category = 'Rarer' WHERE seq = 3000`);
    expect(await find({ q: 'helpar', category: 'Rarer' })).toEqual(['Helper 3000']);
  });

  it.each([{ category: 'Common' }, { tag: 'Camera' }, { category: 'Common', tag: 'camera' }, { tag: 'camera"' }])(
    'finds a near miss among the many of %j, and nothing else',
    async (filter) => {
      core.db.rawWriter.exec(`UPDATE apps SET name = 'Zeppelin Guide', tags = '["camera","camera\\""]' WHERE seq = 2500;
        UPDATE apps SET name = 'Zeppelin Tours', category = 'Other', tags = '["old"]' WHERE seq = 2501`);
      expect(await find({ q: 'zepelin', ...filter })).toEqual(['Zeppelin Guide']);
    },
  );

  it('does not take a piece for rare because few of the apps it was looked for in are wanted', async () => {
    core.db.rawWriter.exec(`UPDATE apps SET category = CASE WHEN seq <= 100 OR seq >= 2000 THEN 'New' ELSE 'Old' END;
      UPDATE apps SET name = 'Zhelper' WHERE seq = 3100`);
    expect(await find({ q: 'zhelperx', category: 'New' })).toEqual(['Zhelper']);
    core.db.rawWriter.exec(`UPDATE apps SET name = 'Helper 3100' WHERE seq = 3100;
      UPDATE apps SET category = CASE WHEN seq = 2 THEN 'Rare' ELSE 'Common' END`);
  });

  it('finds a near miss by a tag that has more than words, however young it is', async () => {
    core.db.rawWriter.exec(`UPDATE apps SET tags = '["R&D","camera"]', category = 'Lab' WHERE seq = 3000;
      UPDATE apps SET tags = '["R D"]', category = 'Lab' WHERE seq = 2999`);
    expect(await find({ q: 'helpar', tag: 'R&D' })).toEqual(['Helper 3000']);
    expect(await find({ q: 'helpar', tag: 'r&d', category: 'Lab' })).toEqual(['Helper 3000']);
    expect(await find({ q: 'photo', tag: 'R&D' })).toEqual(['Helper 3000']);
    expect(await find({ q: 'helper', tag: '&&' })).toEqual([]);
    core.db.rawWriter.exec(`UPDATE apps SET category = 'Common' WHERE category = 'Lab'`);
  });

  it('finds a near miss by its tag, among few, in any case and by its package id', async () => {
    core.db.rawWriter.exec(`UPDATE apps SET tags = '["Few"]' WHERE seq IN (2601, 2602);
      UPDATE apps SET name = 'ÉCLAIR' WHERE seq = 2601; UPDATE apps SET package_id = 'org.baker.croissant' WHERE seq = 2602`);
    expect(await find({ q: 'éclairs', tag: 'few' })).toEqual(['ÉCLAIR']);
    expect(await find({ q: 'baker.croisant', tag: 'few' })).toEqual(['Helper 2602']);
    expect(await find({ q: 'croisant', tag: 'old' })).toEqual([]);
  });

  it('ranks what has several words, and takes the newest first where a word tells nothing', async () => {
    const { rawWriter } = core.db;
    rawWriter.exec(`UPDATE apps SET description = 'A photo of a zebra.' WHERE seq IN (1001, 1003);
      UPDATE apps SET description = 'Zebra, zebra, zebra: photo.' WHERE seq = 1002;
      UPDATE apps SET tags = '["photo", "zebra"]' WHERE seq = 1000`);
    const said = 'Helper 1000';
    const both = async () => (await find({ q: 'photo zebra' })).slice(0, 4);
    expect(await both()).toEqual([said, 'Helper 1002', 'Helper 1001', 'Helper 1003']);
    // Apps that were taken out of the store are still among what has the word.
    rawWriter.exec(`INSERT INTO apps (id, developer_id, package_id, name, description, developer_name, status, live_revision_id,
        first_published_at, withdrawn_at, created_at, updated_at)
      SELECT printf('%036d', n.i + 100000 * m.i), printf('%036d', 0), 'org.example.gone' || m.i || '.n' || n.i, 'Gone', 'photo', 'Maker',
        'published', 'r', '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01' FROM numbers n, (SELECT i FROM numbers LIMIT 3) m`);
    expect(await both()).toEqual([said, 'Helper 1003', 'Helper 1002', 'Helper 1001']);
    rawWriter.exec(`DELETE FROM apps WHERE withdrawn_at IS NOT NULL;
      UPDATE apps SET tags = '["camera","old"]', description = 'Keeps every photo.' WHERE seq BETWEEN 1000 AND 1003`);
  });

  it('orders what it found as the lists of the store are ordered', async () => {
    const names = ['Helper 2201', 'Helper 2202', 'Helper 2203', 'Helper 2204', 'Helper 2205'];
    expect(await find({ q: 'photo', sort: 'name' })).toEqual(names);
  });

  describe('when more names have it than a page holds', () => {
    const walk = async (limit: number) => {
      const found: string[] = [];
      for (let cursor: string | null | undefined = undefined; cursor !== null;) {
        const page = await search.search({ q: 'lamp', limit, ...(cursor ? { cursor } : {}) });
        expect(page.items.length <= limit && (page.items.length === limit || page.next_cursor === null)).toBe(true);
        found.push(...page.items.map(({ name, seq }) => `${name.split(' ')[0]} ${seq}`));
        cursor = page.next_cursor;
      }
      return found;
    };

    beforeAll(() =>
      core.db.rawWriter.exec(`UPDATE apps SET name = 'Lamp ' || seq WHERE seq BETWEEN 101 AND 250;
        UPDATE apps SET description = 'A lamp.' WHERE seq BETWEEN 301 AND 400`),
    );

    it('goes on with what has it elsewhere, in the same order whatever the pages are', async () => {
      const whole = await walk(100);
      expect(whole.filter((each) => each.startsWith('Lamp'))).toHaveLength(150);
      expect(whole.findLastIndex((each) => each.startsWith('Lamp'))).toBe(149);
      expect(new Set(whole).size).toBe(250);
      for (const limit of [7, 50, 149, 150, 151]) expect(await walk(limit)).toEqual(whole);
    });

    it('fills its pages when most of the names are hidden', async () => {
      core.db.rawWriter.exec(
        `UPDATE app_versions SET yanked_at = '2026-01-02', yanked_by = 'owner' WHERE app_id IN (SELECT id FROM apps WHERE seq BETWEEN 101 AND 241)`,
      );
      const whole = await walk(100);
      expect(whole.filter((each) => each.startsWith('Lamp'))).toHaveLength(9);
      expect(whole).toHaveLength(109);
      for (const limit of [5, 9, 20]) expect(await walk(limit)).toEqual(whole);
    });

    afterAll(() =>
      core.db.rawWriter.exec(`UPDATE apps SET name = 'Helper ' || seq WHERE seq BETWEEN 101 AND 250;
        UPDATE apps SET description = 'Keeps every photo.' WHERE seq BETWEEN 301 AND 400;
        UPDATE app_versions SET yanked_at = NULL, yanked_by = NULL`),
    );
  });

  it('has no more pages than it has candidates', async () => {
    let count = 0;
    for (let cursor: string | null | undefined = undefined; cursor !== null;) {
      const page = await search.search({ q: 'photo', limit: 100, ...(cursor ? { cursor } : {}) });
      count += page.items.length;
      cursor = page.next_cursor;
    }
    // The thousand best of the newest, and the one found by its name.
    expect(count).toBe(1_001);
  });
});
