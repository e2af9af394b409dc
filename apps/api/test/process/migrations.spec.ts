import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { restoreDatabase } from '@mosis/backup';
import { openReader, openWriter, type RestorePoint } from '@mosis/sqlite';
import { migrateAll } from '../../src/cli/migrate.js';
import { readSettings } from '../../src/config/settings.js';
import { signInOverHttp } from '../support/http-client.js';
import { LaterRelease } from '../support/release.js';
import { whenShipped } from '../support/replicated-server.js';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';

const ROWS = 100_000;
const PASSWORD = 'a password for tests';
const EMPTIES = { up: 'DELETE FROM developers;', down: 'SELECT 1;' };
const GOOD = {
  up: `ALTER TABLE developers ADD COLUMN motto TEXT; UPDATE developers SET motto = upper(name);`,
  down: 'ALTER TABLE developers DROP COLUMN motto;',
};

describe('a release whose migration empties a table', () => {
  const data = new DataDirectory();
  const ours = data.main;
  const later = new LaterRelease({ '0900_empties': EMPTIES });
  let server: ServerProcess;
  afterAll(async () => {
    await data.remove();
    later.remove();
  });
  const file = join(data.path, 'core.db');
  const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
  const countDevelopers = () => {
    const reader = openReader(file);
    try {
      return reader.prepare('SELECT COUNT(*) FROM developers').pluck().get();
    } finally {
      reader.close();
    }
  };
  const restorePoints = async () =>
    JSON.parse((await data.mosis(['db', 'restore-points', '--json'])).stdout) as RestorePoint[];

  beforeAll(() => {
    migrateAll(readSettings({ DATA_DIR: data.path }));
    const writer = openWriter(file);
    writer.exec(`WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO developers (id, email, name, created_at, updated_at)
        SELECT printf('00000000-0000-7000-8000-%012x', i), 'dev' || i || '@example.com', 'Developer ' || i,
          '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n`);
    writer.close();
  });

  it('is refused, and the file is the same, byte for byte; a start is refused as well', async () => {
    data.main = later.main;
    const before = digest();
    const refused = await data.mosis(['db', 'migrate']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--allow-loss');
    expect(digest()).toBe(before);
    // Here Litestream comes first, and keeps tables of its own in the file.
    await expect(data.serve()).rejects.toThrow(`0900_empties would lose data: developers (${ROWS} → 0)`);
    expect(countDevelopers()).toBe(ROWS);
    expect(existsSync(join(data.path, 'server.json'))).toBe(false);
    expect(readdirSync(join(data.path, 'restore-points'))).toEqual([]);
  });

  it('does it when the loss is named, and the restore point brings every row back', async () => {
    const forced = await data.mosis(['db', 'migrate', '--allow-loss', 'developers']);
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.stdout).toMatch(/rehearsing 0900_empties on the copy, 100,\d{3} rows/);
    expect(forced.stdout).toMatch(/restore point \S+ kept, [\d.]+ MiB in /);
    expect(forced.stdout).toMatch(/core\.db: applied 0900_empties in /);
    expect(countDevelopers()).toBe(0);
    const [point] = await restorePoints();
    expect(point).toMatchObject({ migration: expect.stringMatching(/^0\d\d\d_/), size_bytes: expect.any(Number) });

    data.main = ours;
    const back = await data.mosis(['db', 'restore-point', 'use', point!.name]);
    expect(back).toMatchObject({ code: 0 });
    expect(countDevelopers()).toBe(ROWS);
  });

  it('put right, is applied by a start, which logs each step with its time', async () => {
    data.main = later.main;
    later.write('0900_empties', GOOD);
    server = await data.serve({ ADMIN_EMAIL: 'given-up@example.com', ADMIN_PASSWORD: PASSWORD });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const lines = server.log
      .split('\n')
      .filter((line) => line.includes('migration.phase'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['migration.phase'])).toEqual(
      ['restore-point', 'copy', 'rehearsal', 'apply'].flatMap((phase) => [phase, phase]),
    );
    expect(lines.at(-1)).toMatchObject({
      'migration.name': '0900_empties',
      'migration.duration_ms': expect.any(Number),
    });
    expect(countDevelopers()).toBe(ROWS + 1);
  });

  it('is left for a restore point after kill -9: the backup then holds the new state, and the one before up to its end', async () => {
    await signInOverHttp(server.url, 'given-up@example.com', PASSWORD);
    await whenShipped(data.path, join(data.path, 'backups'));
    await server.kill('SIGKILL');
    const [point] = await restorePoints();
    // It also ends the Litestream that the killed server left.
    expect(await data.mosis(['db', 'restore-point', 'use', point!.name])).toMatchObject({ code: 0 });
    const leftAt = new Date();
    expect(countDevelopers()).toBe(ROWS);
    const generation = readGeneration();
    server = await data.serve({ ADMIN_EMAIL: 'kept@example.com', ADMIN_PASSWORD: PASSWORD });
    const client = await signInOverHttp(server.url, 'kept@example.com', PASSWORD);
    expect((await client.post('/v1/apps', { package_id: 'com.example.kept', name: 'Kept' })).status).toBe(201);
    await server.kill('SIGTERM');
    expect(readGeneration()).not.toBe(generation);
    const [now, before] = [await restoreCore(), await restoreCore(leftAt)];
    expect(digestRows(now)).toEqual(digestRows(file));
    const listAdmins = `SELECT email FROM developers WHERE role = 'admin'`;
    expect(query(now, listAdmins)).toEqual([{ email: 'kept@example.com' }]);
    expect(query(before, listAdmins)).toEqual([{ email: 'given-up@example.com' }]);
    expect(query(before, 'SELECT count(*) AS sessions FROM sessions')).toEqual([{ sessions: 1 }]);
  });

  const readGeneration = () => readFileSync(join(data.path, '.core.db-litestream/generation'), 'utf8');

  /** Makes core.db from its replica, as it is or was. */
  async function restoreCore(at?: Date): Promise<string> {
    const to = join(data.path, `restored-${at?.getTime() ?? 'newest'}`, 'core.db');
    const location = { url: pathToFileURL(join(data.path, 'backups')).href };
    await restoreDatabase({ location, database: 'core', to, at });
    return to;
  }

  function query(path: string, sql: string): unknown[] {
    const reader = openReader(path);
    try {
      return reader.prepare(sql).all();
    } finally {
      reader.close();
    }
  }

  /** What each table holds, as one digest a table. */
  function digestRows(path: string): Record<string, string> {
    const tables = query(path, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`) as {
      name: string;
    }[];
    const digest = (name: string) =>
      createHash('sha256').update(JSON.stringify(query(path, `SELECT * FROM "${name}"`)));
    return Object.fromEntries(tables.map(({ name }) => [name, digest(name).digest('hex')]));
  }
});
