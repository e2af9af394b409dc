import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openReader, openWriter } from '@mosis/sqlite';

/** Root may write to this folder by its mode, and no file can be made in it. Others get another one of SQLite. */
const TAKES_NO_FILES = '/proc';

describe('comparing a table', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-compare-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps the keys of what differs in the folder that it was given, however many, and leaves none of them', () => {
    const makeKept = (file: string, word: string, from: number) => {
      const db = openWriter(file);
      db.exec(`CREATE TABLE kept (id TEXT PRIMARY KEY, word TEXT) STRICT, WITHOUT ROWID;
        WITH RECURSIVE n(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM n WHERE n < ${from} + 19999)
        INSERT INTO kept SELECT printf('%0500d', n), '${word}' FROM n`);
      db.close();
      return file;
    };
    const then = makeKept(join(folder, 'then.db'), 'then', 0);
    const now = makeKept(join(folder, 'now.db'), 'now', 5_000);
    const script = fileURLToPath(new URL('./support/compare-without-temporary-files.mjs', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script, then, now, folder], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', SQLITE_TMPDIR: TAKES_NO_FILES },
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ missing: 5_000, changed: 15_000, added: 5_000 });
    const rows = openReader(join(folder, 'rows.db'));
    expect(rows.prepare('SELECT count(*) FROM missing_kept').pluck().get()).toBe(5_000);
    expect(rows.prepare('SELECT count(*) FROM changed_kept').pluck().get()).toBe(15_000);
    rows.close();
    expect(readdirSync(folder).filter((file) => file.startsWith('keys-'))).toEqual([]);
  });
});
