import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { compareTable, type TableComparison } from '@mosis/backup';
import { CoreDatabase, coreDatabasePath } from '@mosis/db';
import type { RawConnection } from '@mosis/sqlite';
import type { AuditActor } from '../src/audit/audit.service.js';
import { GUARDED_TABLES } from '../src/restores/table-policies.js';
import { TableRowsRepository } from '../src/restores/table-rows.repository.js';
import { TableRestoreService, type RestoredTable } from '../src/restores/table-restore.service.js';
import {
  addApiKey,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  PASSWORD,
  publishVersion,
  signUp,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';

const BY: AuditActor = { kind: 'command_line', id: null, credentialId: null, requestId: null };
const AT = '2026-11-27T18:00:00.000Z';

/** What search is looked up in. */
const INDEXES = ['apps_fts', 'apps_labels', 'apps_trigrams'];

describe('bringing rows of a table back', () => {
  let platform: TestPlatform;
  let raw: RawConnection;
  const folder = mkdtempSync(join(tmpdir(), 'mosis-table-'));
  let copies = 0;

  beforeAll(async () => {
    platform = await TestPlatform.start();
    raw = platform.app.get(CoreDatabase).rawWriter;
    raw.exec(`CREATE TABLE samples (a TEXT COLLATE NOCASE, b INTEGER, value ANY, other BLOB, PRIMARY KEY (a, b)) STRICT;
      CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
      CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), word TEXT UNIQUE) STRICT`);
  });
  beforeEach(() => platform.idle());
  afterAll(async () => {
    await platform.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the file holds now, as a file of its own. */
  function remember(): string {
    const file = join(folder, `then-${(copies += 1)}.db`);
    raw.prepare('VACUUM INTO ?').run(file);
    return file;
  }

  function compare(then: string, table: string, options: { where?: string; limit?: number } = {}) {
    const rowsFile = join(folder, `rows-${(copies += 1)}.db`);
    const now = coreDatabasePath(platform.settings.dataDir);
    return { rowsFile, found: compareTable({ then, now, table, limit: 10, scratch: folder, rowsFile, ...options }) };
  }

  async function restore(
    then: string,
    tables: string[],
    { where, ...options }: { where?: string; changed?: boolean; withoutGuards?: boolean; revive?: boolean } = {},
  ): Promise<RestoredTable[]> {
    const rowsFile = join(folder, `rows-${(copies += 1)}.db`);
    const now = coreDatabasePath(platform.settings.dataDir);
    for (const table of tables) compareTable({ then, now, table, where, limit: 0, scratch: folder, rowsFile });
    const request = { tables, rowsFile, at: AT, changed: false, withoutGuards: false, revive: false, ...options };
    return platform.app.get(TableRestoreService).apply(request, BY);
  }

  const all = (table: string) => raw.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all();
  const counts = ({ missing, changed, added }: TableComparison) => ({ missing, changed, added });

  it('ends with what was then and what was added since, whatever happened between', async () => {
    const key = fc.tuple(fc.constantFrom('a', 'b', 'c', "d'\u2028"), fc.integer({ min: 0, max: 2 }));
    const value = fc.oneof(fc.constantFrom(null, 'x', 'X', '', 1, 1.5), fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n }));
    const row = fc.tuple(key, value, fc.option(fc.uint8Array({ maxLength: 3 })));
    const rows = fc.uniqueArray(row, { selector: ([[a, b]]) => `${a}/${b}`, maxLength: 10 });
    const fill = (content: [[string, number], unknown, Uint8Array | null][]) => {
      raw.exec('DELETE FROM samples');
      const insert = raw.prepare('INSERT INTO samples VALUES (?, ?, ?, ?)');
      for (const [[a, b], first, other] of content) insert.run(a, b, first, other && Buffer.from(other));
    };
    await fc.assert(
      fc.asyncProperty(rows, rows, async (then, now) => {
        // Statements on the raw connection must not fall into the transaction of a job.
        await platform.idle();
        fill(then);
        const before = new Map(readSamples().map((line) => [line.slice(0, 2).join(), line]));
        const file = remember();
        fill(now);
        const since = readSamples().filter((line) => !before.has(line.slice(0, 2).join()));
        const { found } = compare(file, 'samples');
        expect([found.rowsThen, found.rowsNow, found.added]).toEqual([then.length, now.length, since.length]);
        const [restored] = await restore(file, ['samples'], { changed: true });
        expect(restored).toMatchObject({ missing: found.missing, changed: found.changed, left: 0 });
        expect(readSamples().map(String).sort()).toEqual([...before.values(), ...since].map(String).sort());
      }),
      { numRuns: 15 },
    );
    function readSamples(): unknown[][] {
      return raw
        .prepare('SELECT a, b, typeof(value), CAST(value AS TEXT), hex(other), other IS NULL FROM samples')
        .raw()
        .all() as unknown[][];
    }
  });

  it('shows by default what differs and changes nothing; of changed rows the columns', () => {
    raw.exec(`DELETE FROM samples; INSERT INTO samples VALUES ('kept', 1, 'x', NULL), ('gone', 2, 'y', NULL)`);
    const then = remember();
    raw.exec(
      `DELETE FROM samples WHERE a = 'gone'; UPDATE samples SET value = 'X'; INSERT INTO samples VALUES ('new', 3, 1, NULL)`,
    );
    const { found } = compare(then, 'samples');
    expect(found.examples).toEqual([
      { kind: 'missing', key: { a: 'gone', b: 2 } },
      { kind: 'changed', key: { a: 'kept', b: 1 }, columns: { value: { then: 'x', now: 'X' } } },
      { kind: 'added', key: { a: 'new', b: 3 } },
    ]);
    expect(all('samples')).toHaveLength(2);
    expect(counts(compare(then, 'samples', { where: "a = 'gone'" }).found)).toEqual({
      missing: 1,
      changed: 0,
      added: 0,
    });
    expect(counts(compare(then, 'samples', { where: "value = 'X'" }).found)).toEqual({
      missing: 0,
      changed: 1,
      added: 0,
    });
  });

  it.each([
    ['1; DELETE FROM samples', 'one condition'],
    ['1) UNION SELECT (1', 'parentheses'],
    ['1 -- or', 'no comments'],
    ["a = 'x", 'does not end'],
    ['elsewhere = 1', 'no such column'],
    ['(SELECT load_extension(1))', 'not authorized|no such function'],
    ['a IN (DELETE FROM samples RETURNING a)', 'syntax error'],
  ])('takes one condition that only reads: not %s', (where, problem) => {
    expect(() => compare(remember(), 'samples', { where })).toThrow(new RegExp(problem));
  });

  it('goes through long rows a few at a time', async () => {
    raw.exec(`DELETE FROM samples; WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 8)
      INSERT INTO samples SELECT 'long', n, hex(zeroblob(1500000)), NULL FROM n`);
    const then = remember();
    raw.exec('DELETE FROM samples');
    const { rowsFile } = compare(then, 'samples');
    const rows = platform.app.get(TableRowsRepository).openRows(rowsFile);
    expect(platform.app.get(TableRowsRepository).readPage(rows, 'missing', 'samples', 0)).toHaveLength(3);
    rows.close();
    expect(await restore(then, ['samples'])).toMatchObject([{ missing: 8 }]);
    expect(all('samples')).toHaveLength(8);
    raw.exec('DELETE FROM samples');
  });

  it('compares the columns that both have, and says which those are not', () => {
    raw.exec('CREATE TABLE shaped (id INTEGER PRIMARY KEY, old TEXT, kept TEXT)');
    raw.exec(`INSERT INTO shaped VALUES (1, 'o', 'k')`);
    const then = remember();
    raw.exec('DROP TABLE shaped; CREATE TABLE shaped (id INTEGER PRIMARY KEY, kept TEXT, fresh TEXT)');
    expect(compare(then, 'shaped').found).toMatchObject({ missing: 1, columnsGone: ['old'], columnsNew: ['fresh'] });
    expect(() => compare(then, 'nothing')).toThrow('There is no table nothing');
  });

  it('brings nothing back when one row cannot come: references, unique values', async () => {
    raw.exec(`INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1, 1, 'one'), (2, 1, 'two')`);
    const then = remember();
    raw.exec('DELETE FROM children; DELETE FROM parents');
    await expect(restore(then, ['children'])).rejects.toMatchObject({
      detail: expect.stringContaining(
        '2 of children need rows of parents. Restore these tables in the same command: parents',
      ),
    });
    expect(all('children')).toEqual([]);
    await restore(then, ['children', 'parents']);
    expect(all('children')).toHaveLength(2);
    raw.exec(`DELETE FROM children WHERE id = 2; INSERT INTO children VALUES (3, 1, 'two')`);
    await expect(restore(then, ['children'])).rejects.toMatchObject({
      detail: expect.stringMatching(/does not take back the row with id 2: UNIQUE constraint failed: children\.word/),
    });
  });

  it('brings back the table that a bad statement emptied, in one audited step, and what hangs on it', async () => {
    const owner = await createPublisher(platform);
    const reviewer = await createReviewer(platform);
    await publishVersion(owner, reviewer);
    await platform.idle();
    const then = remember();
    const before = GUARDED_TABLES.map(all);
    const guards = () => raw.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name`).all();
    const triggers = guards() as { name: string; sql: string }[];
    // As a migration does that was forced: no trigger and no reference is in its way.
    raw.pragma('foreign_keys = OFF');
    for (const { name } of triggers) raw.exec(`DROP TRIGGER ${name}`);
    for (const table of GUARDED_TABLES) raw.exec(`DELETE FROM ${table}`);
    for (const index of INDEXES) raw.exec(`INSERT INTO ${index} (${index}) VALUES ('rebuild')`);
    for (const { sql } of triggers) raw.exec(sql);
    raw.pragma('foreign_keys = ON');

    await expect(restore(then, GUARDED_TABLES)).rejects.toMatchObject({
      detail: expect.stringMatching(/app-starts-as-draft.*come back with --without-guards/s),
    });
    await expect(
      restore(then, ['apps', 'app_versions', 'app_revisions'], { withoutGuards: true }),
    ).rejects.toMatchObject({
      detail: expect.stringContaining('without a review of just that'),
    });
    expect(all('apps')).toEqual([]);
    await restore(then, GUARDED_TABLES, { withoutGuards: true });
    expect(GUARDED_TABLES.map(all)).toEqual(before);
    expect(guards()).toEqual(triggers);
    for (const index of INDEXES) raw.exec(`INSERT INTO ${index} (${index}, rank) VALUES ('integrity-check', 1)`);
    const store = await platform.client().get('/v1/store/apps?q=test');
    expect(store.body.items).toMatchObject([{ package_id: owner.packageId }]);
    expect(
      raw
        .prepare(`SELECT subject_id, data FROM audit_logs WHERE action = 'table.restored' ORDER BY seq DESC LIMIT 5`)
        .all(),
    ).toContainEqual({
      subject_id: 'apps',
      data: JSON.stringify({
        at: AT,
        missing: before[0]?.length,
        changed: 0,
        left: 0,
        without_guards: true,
        revive: false,
      }),
    });
  });

  it('does not give a revoked key back', async () => {
    const person = await signUp(platform);
    await addApiKey(person, ['apps:read']);
    const then = remember();
    const { items } = (await person.client.get('/v1/api-keys')).body;
    await person.client.delete(`/v1/api-keys/${items[0].id}`);
    const where = `developer_id = '${person.id}'`;
    for (const revive of [false, true])
      expect(await restore(then, ['api_keys'], { where, changed: true, revive })).toEqual([
        { table: 'api_keys', missing: 0, changed: 0, left: 1 },
      ]);
  });

  it('leaves what was suspended, deleted, demoted, withdrawn or yanked since, and sets it back only when told to', async () => {
    const admin = await createAdmin(platform);
    const owner = await createPublisher(platform);
    const [reviewer, leaver, riser] = [
      await createReviewer(platform, admin),
      await signUp(platform),
      await signUp(platform),
    ];
    await publishVersion(owner, reviewer);
    const then = remember();
    const setRole = async ({ id }: { id: string }, role: string) =>
      expectStatus(await admin.client.patch(`/v1/admin/developers/${id}`, { role }), 200);
    const app = `/v1/apps/${owner.packageId}`;
    expectStatus(await owner.client.post(`${app}/versions/1/yank`, { reason: 'It crashes' }), 200);
    expectStatus(await owner.client.post(`${app}/withdraw`), 200);
    expectStatus(await admin.client.post(`/v1/admin/developers/${owner.id}/suspend`, { reason: 'Spam' }), 200);
    await setRole(reviewer, 'developer');
    await setRole(riser, 'reviewer');
    expectStatus(await leaver.client.delete('/v1/me'), 204);
    await platform.idle();

    const people = `id IN (${[owner, reviewer, leaver, riser].map(({ id }) => `'${id}'`).join(', ')})`;
    const ofApp = `app_id = (SELECT id FROM apps WHERE package_id = '${owner.packageId}')`;
    const restoreAll = async (revive: boolean) => [
      ...(await restore(then, ['developers'], { where: people, changed: true, revive })),
      ...(await restore(then, ['apps'], { where: `package_id = '${owner.packageId}'`, changed: true, revive })),
      ...(await restore(then, ['app_versions'], { where: ofApp, changed: true, revive })),
    ];
    const rolesAndEnds = () =>
      raw.prepare(`SELECT role, suspended_at IS NULL, deleted_at IS NULL FROM developers WHERE ${people} ORDER BY id`);
    expect(await restoreAll(false)).toEqual([
      // Of the one who has more rights now than then, these are taken back.
      { table: 'developers', missing: 0, changed: 1, left: 3 },
      { table: 'apps', missing: 0, changed: 0, left: 1 },
      { table: 'app_versions', missing: 0, changed: 0, left: 1 },
    ]);
    expect(raw.prepare('SELECT role FROM developers WHERE id = ?').pluck().get(riser.id)).toBe('developer');
    expect((await platform.client().get(`/v1/store/apps/${owner.packageId}`)).status).toBe(404);

    expect(await restoreAll(true)).toMatchObject([
      { changed: 3, left: 0 },
      { changed: 1, left: 0 },
      { changed: 1, left: 0 },
    ]);
    expect(rolesAndEnds().raw().all().map(String).sort()).toEqual([
      ...Array<string>(3).fill('developer,1,1'),
      'reviewer,1,1',
    ]);
    expect((await platform.client().get(`/v1/store/apps/${owner.packageId}`)).status).toBe(200);
    const login = await platform.client().post('/v1/auth/login', { email: leaver.email, password: PASSWORD });
    expect(login.status).toBe(200);
  });

  it.each([
    'audit_logs',
    'audit_segments',
    'schema_migrations',
    'sessions',
    'one_time_tokens',
    'jobs',
    'apps_fts',
    'apps_labels_data',
  ])('refuses %s, and says why', async (table) => {
    const request = {
      tables: [table],
      rowsFile: '/nowhere',
      at: AT,
      changed: false,
      withoutGuards: false,
      revive: false,
    };
    await expect(platform.app.get(TableRestoreService).apply(request, BY)).rejects.toMatchObject({
      detail: expect.stringMatching(new RegExp(`^Nothing was changed: ${table} is not restored by itself: .+`)),
    });
  });
});
