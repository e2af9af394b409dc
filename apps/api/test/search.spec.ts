import { DAY_MS } from '../src/common/clock.js';
import { createPublisher, createReviewer, publishVersion, type Person } from './support/actors.js';
import { scalar, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const CATALOGUE = [
  { name: 'Notes', description: 'Write things down', tags: ['text'], category: 'Tools' },
  { name: 'Notes for musicians', description: 'Sheets and scales', tags: ['music'], category: 'Music' },
  { name: 'Shopping list', description: 'Keeps notes of what to buy', tags: ['notes'], category: 'Tools' },
  { name: 'Café Küche', description: 'Recipes', tags: ['cooking'], category: 'Food' },
  { name: 'OpenStreetMap Viewer', description: 'Maps of everywhere', tags: ['maps'], category: 'Navigation' },
  { name: 'Password Manager', description: 'Keeps secrets', tags: ['security'], category: 'Tools' },
  { name: 'ほしならべノート', description: 'Star notebook', tags: [], category: 'Games' },
  { name: 'Грибная тропинка', description: 'Mushrooms', tags: [], category: 'Games' },
];

describe('searching the store', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  const packageIds = new Map<string, string>();

  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    for (const listing of CATALOGUE) {
      const publisher = await createPublisher(platform, listing);
      await publishVersion(publisher, reviewer);
      packageIds.set(listing.name, publisher.packageId);
    }
  });
  afterAll(() => platform.stop());

  const search = async (query: string): Promise<string[]> => {
    const answer = await platform.client().get(`/v1/store/apps?${query}`);
    expect(answer.status).toBe(200);
    return answer.body.items.map((item: { name: string }) => item.name);
  };
  const find = (text: string, more = '') => search(`q=${encodeURIComponent(text)}${more}`);

  it('puts the exact name first, then names that begin so, then everything else that has the words', async () => {
    expect(await find('notes')).toEqual(['Notes', 'Notes for musicians', 'Shopping list']);
  });

  it('puts the exact package id first, whatever its case', async () => {
    expect((await find((packageIds.get('Café Küche') ?? '').toUpperCase()))[0]).toBe('Café Küche');
  });

  it('folds case and diacritics', async () => {
    expect(await find('CAFE kuche')).toEqual(['Café Küche']);
    expect(await find('грибная')).toEqual(['Грибная тропинка']);
  });

  it('finds a word that is cut short, in the middle of another, or misspelt', async () => {
    expect(await find('shopp')).toEqual(['Shopping list']);
    expect(await find('street')).toEqual(['OpenStreetMap Viewer']);
    expect(await find('pasword')).toContain('Password Manager');
    expect((await find('passwrod manager'))[0]).toBe('Password Manager');
    expect(await find('なら')).toEqual([]);
    expect(await find('ならべ')).toEqual(['ほしならべノート']);
  });

  it('finds a name whose words were typed apart', async () => {
    expect((await find('open street map'))[0]).toBe('OpenStreetMap Viewer');
  });

  it('finds by tag words and by the developer, and narrows by category and tag', async () => {
    expect(await find('security')).toEqual(['Password Manager']);
    expect(await find('notes', '&category=Tools')).toEqual(['Notes', 'Shopping list']);
    expect(await search('tag=MUSIC')).toEqual(['Notes for musicians']);
    expect(await search('category=Games&sort=name')).toEqual(['Грибная тропинка', 'ほしならべノート']);
  });

  it('takes every character of the query for itself', async () => {
    for (const query of [
      '"',
      '*',
      'NEAR(notes shopping)',
      'name:notes',
      'notes AND',
      '-notes',
      '^notes',
      '%',
      '_',
      "' OR 1=1 --",
      '\\',
      '()',
      'a'.repeat(200),
    ]) {
      expect((await platform.client().get(`/v1/store/apps?q=${encodeURIComponent(query)}`)).status).toBe(200);
    }
    expect(await find('name:notes')).not.toContain('Café Küche');
    expect((await platform.client().get(`/v1/store/apps?q=${'a'.repeat(201)}`)).body.code).toBe('validation-failed');
  });

  it.each(['relevance', 'newest', 'updated', 'name'])(
    'pages through matches and through everything, sorted by %s, without gaps or repeats',
    async (sort) => {
      for (const query of ['', 'q=notes&']) {
        const whole = await search(`${query}sort=${sort}&limit=100`);
        const paged: string[] = [];
        let cursor = '';
        do {
          const answer = await platform.client().get(`/v1/store/apps?${query}sort=${sort}&limit=2${cursor}`);
          paged.push(...answer.body.items.map((item: { name: string }) => item.name));
          cursor = answer.body.next_cursor ? `&cursor=${encodeURIComponent(answer.body.next_cursor)}` : '';
        } while (cursor);
        expect(paged).toEqual(whole);
        expect(whole).toHaveLength(query === '' ? CATALOGUE.length : 3);
      }
    },
  );

  it('finds the same when the night has merged what many changes left of its indexes', async () => {
    const INDEXES = ['apps_fts', 'apps_labels', 'apps_trigrams'];
    const countPieces = () =>
      INDEXES.map((index) => scalar(platform, `SELECT COUNT(DISTINCT segid) FROM ${index}_idx`));
    // SQLite merges by itself as well, at other times.
    for (const index of INDEXES) {
      sql(platform, `INSERT INTO ${index} (${index}, rank) VALUES ('automerge', 0)`);
      sql(platform, `INSERT INTO ${index} (${index}, rank) VALUES ('crisismerge', 100)`);
    }
    for (let app = 0; app < 9; app += 1) {
      const words = Array.from({ length: 1_000 }, (_, index) => `w${app}x${index}`);
      await publishVersion(
        await createPublisher(platform, { name: `Piece ${app}`, description: words.join(' ') }),
        reviewer,
      );
    }
    const many = countPieces();
    expect(Math.min(...many)).toBeGreaterThanOrEqual(8);
    const queries = ['notes', 'passwrod manager', 'street', 'CAFE kuche', 'write things'];
    const findAll = () => Promise.all(queries.map((query) => find(query)));
    const before = await findAll();

    let commits = 0;
    platform.db.onCommit(() => (commits += 1));
    platform.clock.advance(DAY_MS + 1000);
    await platform.idle();
    expect(countPieces()).toEqual([1, 1, 1]);
    expect(commits).toBeGreaterThan(12);
    expect(await findAll()).toEqual(before);
    for (const index of INDEXES) sql(platform, `INSERT INTO ${index} (${index}) VALUES ('integrity-check')`);
    const result = scalar<string>(platform, `SELECT result FROM jobs WHERE kind = 'search.merge' AND state = 'done'`);
    expect(Object.values(JSON.parse(result) as object)).toEqual(many);
  });
});
