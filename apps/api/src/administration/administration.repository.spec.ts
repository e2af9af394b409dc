import { Kysely, type CompiledQuery } from 'kysely';
import { coreDatabasePath, createTestCoreDatabase, type CoreSchema, type TestCoreDatabase } from '@mosis/db';
import { MosisSqliteDialect, openReader } from '@mosis/sqlite';
import { AppsRepository } from '../apps/apps.repository.js';
import { StoreRepository } from '../store/store.repository.js';
import { AdministrationRepository } from './administration.repository.js';

/** How SQLite would look for the answers, one step a line. */
type Plan = string;

describe('what is looked for in long tables', () => {
  let core: TestCoreDatabase;
  let administration: AdministrationRepository;
  let store: StoreRepository;
  let apps: AppsRepository;
  const asked: CompiledQuery[] = [];

  beforeAll(() => {
    core = createTestCoreDatabase();
    const read = new Kysely<CoreSchema>({
      dialect: new MosisSqliteDialect(openReader(coreDatabasePath(core.dataDir)), 'reader'),
      log: ({ query }) => void asked.push(query),
    });
    Object.assign(core.db, { read, scan: read });
    administration = new AdministrationRepository(core.db);
    store = new StoreRepository(core.db);
    apps = new AppsRepository(core.db);
  });
  afterAll(() => core.dispose());

  const planOf = async (ask: () => Promise<unknown>): Promise<Plan> => {
    asked.length = 0;
    await ask();
    const [query] = asked;
    if (!query || asked.length > 1) throw new Error(`${asked.length} queries instead of one`);
    return explain(query);
  };
  const explain = ({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Plan => {
    const steps = core.db.rawWriter.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
    return (steps as { detail: string }[]).map(({ detail }) => detail).join('\n');
  };

  it.each(['draft', 'published', 'suspended'] as const)(
    'apps that are %s are read in order from the index of that state, on each page',
    async (status) => {
      for (const before of [undefined, 5_000]) {
        const plan = await planOf(() => administration.listApps({ status }, 26, before));
        expect(plan).toContain(`USING INDEX apps_${status}`);
        expect(plan).not.toContain('TEMP B-TREE');
      }
      const ofOne = await planOf(() => administration.listApps({ status, developerId: 'x' }, 26));
      expect(ofOne).toContain('USING INDEX apps_developer');
    },
  );

  it('accounts with a role are read in order from an index, and an address is one look-up', async () => {
    const byRole = await planOf(() => administration.listDevelopers({ role: 'admin' }, 26));
    expect(byRole).toBe('SEARCH developers USING INDEX developers_role (role=?)');
    const byAddress = explain({ sql: administration['byEmail'].sql, parameters: ['ada@example.org'] });
    expect(byAddress).toBe('SEARCH developers USING INDEX sqlite_autoindex_developers_2 (email=?)');
  });

  it('the apps of a developer come in order from an index, and their waiting revisions from another', () => {
    const { newestOf, waiting } = apps['prepared'];
    const newest = explain({ sql: newestOf.sql, parameters: ['x', 50] });
    expect(newest).toBe('SEARCH apps USING INDEX apps_developer (developer_id=?)');
    const revisions = explain({ sql: waiting.sql, parameters: ['["x"]'] });
    expect(revisions).toContain('SEARCH app_revisions USING INDEX app_revisions_one_waiting (app_id=?)');
  });

  it('an icon leads to the apps that show it', async () => {
    expect(await planOf(() => store.isIconShown('0'.repeat(64)))).toContain('USING INDEX apps_icon (icon_sha256=?)');
  });

  it('the store keeps the indexes of its own orders', async () => {
    for (const sort of ['newest', 'updated', 'name'] as const) {
      const plan = await planOf(() => store.list({}, sort, 26));
      expect(plan).toContain(`USING INDEX apps_store_${sort}`);
      expect(plan).not.toContain('TEMP B-TREE');
    }
  });
});
