import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openReader, openWriter, type RestorePoint } from '@mosis/sqlite';
import { migrateAll } from '../../src/cli/migrate.js';
import { readSettings } from '../../src/config/settings.js';
import { LaterRelease } from '../support/release.js';
import { DataDirectory } from '../support/server-process.js';

const ROWS = 100_000;
const EMPTIES = { up: 'DELETE FROM developers;', down: 'SELECT 1;' };
const GOOD = {
  up: `ALTER TABLE developers ADD COLUMN motto TEXT; UPDATE developers SET motto = upper(name);`,
  down: 'ALTER TABLE developers DROP COLUMN motto;',
};

describe('a release whose migration empties a table', () => {
  const data = new DataDirectory();
  const ours = data.main;
  const later = new LaterRelease({ '0900_empties': EMPTIES });
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
    const server = await data.serve();
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
    await server.kill('SIGTERM');
    expect(countDevelopers()).toBe(ROWS);
  });
});
