import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openReader, openWriter } from '../src/index.js';
import { startNode } from './support/child.js';
import { temporaryDirectory } from './support/temporary.js';

const ROWS = 20_000;
/** The last migration rewrites every row, and then goes on for ever in the file that it is told to. */
const SETUP = `
  const [folder, endless = 'none'] = args;
  const up = (name, sql) => lib.parseMigration(name, '-- migrate:up\\n' + sql + '\\n-- migrate:down\\nSELECT 1');
  const migrations = [
    up('0001_rows', 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT'),
    up('0002_index', 'CREATE INDEX rows_text ON rows (text)'),
    up('0003_rewrite', "ALTER TABLE rows ADD COLUMN twice TEXT; UPDATE rows SET twice = text || text;" +
      "WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n, pragma_database_list WHERE file LIKE '%/" + endless + "') SELECT COUNT(*) FROM n"),
  ];
  const target = (count) => ({ file: folder + '/core.db', migrations: migrations.slice(0, count), folder: folder + '/points', copy: 'whole' });
  const say = (text) => process.stdout.write(text + '\\n');`;
const SEED = `${SETUP} lib.rehearseMigration(target(1), { direction: 'up' }).apply();`;
const MIGRATE = `${SETUP}
  lib.rehearseMigration(target(3), { direction: 'up' }, {
    onProgress: ({ phase, migration, durationMs, rows }) => say([phase, migration, durationMs === undefined ? 'begins' : 'done', rows].join(' ')),
  }).apply();
  say('finished');`;

describe('a migration that is killed', () => {
  const seeded = temporaryDirectory();
  const digestOf = (folder: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, 'core.db')))
      .digest('hex');

  beforeAll(async () => {
    await once(startNode(SEED, seeded), 'close');
    const writer = openWriter(join(seeded, 'core.db'));
    writer.exec(
      `WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) INSERT INTO rows SELECT i, hex(randomblob(40)) FROM n`,
    );
    writer.close();
  });

  /** Starts it. With `endless` it never ends in that file, and is killed when it says `moment`. */
  const migrate = async (folder: string, endless?: string, moment?: string): Promise<string> => {
    const child = startNode(MIGRATE, ...(endless === undefined ? [folder] : [folder, endless]));
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (moment !== undefined && output.includes(moment)) child.kill('SIGKILL');
    });
    await once(child, 'close');
    return output;
  };

  it.each([
    ['in the rehearsal', 'rehearsal.tmp', 'rehearsal 0003_rewrite begins'],
    ['while it is applied', 'core.db', 'apply 0003_rewrite begins'],
  ])('%s leaves the file as it was, and the next run does it all', async (_when, endless, moment) => {
    const folder = temporaryDirectory();
    copyFileSync(join(seeded, 'core.db'), join(folder, 'core.db'));
    const before = digestOf(folder);
    const output = await migrate(folder, endless, moment);
    expect(output).toContain(moment);
    expect(output).not.toContain('finished');
    expect(digestOf(folder)).toBe(before);
    const reader = openReader(join(folder, 'core.db'));
    expect(reader.prepare('SELECT name FROM schema_migrations').pluck().all()).toEqual(['0001_rows']);
    expect(reader.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(reader.prepare('SELECT COUNT(*) FROM rows').pluck().get()).toBe(ROWS);
    reader.close();
    const again = await migrate(folder);
    expect(again).toContain(`apply 0003_rewrite done ${ROWS}\nfinished`);
    const names = readdirSync(join(folder, 'points'));
    expect(names.filter((name) => !name.endsWith('.db'))).toEqual([]);
    expect(existsSync(join(folder, 'core.db-wal'))).toBe(false);
    const after = openReader(join(folder, 'core.db'));
    expect(after.prepare('SELECT COUNT(*) FROM rows WHERE twice = text || text').pluck().get()).toBe(ROWS);
    after.close();
  });
});
