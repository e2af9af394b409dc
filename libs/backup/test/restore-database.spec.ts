import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openReader, openWriter } from '@mosis/sqlite';
import { getLitestream } from '../src/litestream/binary.js';
import { renderLitestreamConfig } from '../src/litestream/config.js';
import { restoreDatabase } from '../src/restore/restore-database.js';
import { NothingToRestoreError } from '../src/restore/restore-errors.js';

describe('restoring a database from its replica', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-backup-'));
  const location = { url: pathToFileURL(join(folder, 'backups')).href };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('brings back what was replicated, and leaves nothing half-made', async () => {
    const file = join(folder, 'core.db');
    const config = join(folder, 'litestream.yml');
    writeFileSync(config, renderLitestreamConfig({ location, databases: [{ database: 'core', file }] }));
    const db = openWriter(file);
    db.pragma('wal_autocheckpoint = 0');
    db.exec("CREATE TABLE kept (text TEXT); INSERT INTO kept VALUES ('once')");
    const litestream = spawn(getLitestream(), ['replicate', '-config', config], { stdio: 'ignore' });
    const ended = new Promise((resolve) => litestream.once('exit', resolve));
    await appears(join(folder, 'backups/core.db/generations'));
    litestream.kill('SIGTERM');
    await ended;
    db.close();

    const to = join(folder, 'restored/core.db');
    await restoreDatabase({ location, database: 'core', to });
    const restored = openReader(to);
    expect(restored.prepare('SELECT text FROM kept').pluck().all()).toEqual(['once']);
    restored.close();
    expect(existsSync(`${to}.restoring`)).toBe(false);
  });

  it('says where it looked when there is nothing to restore', async () => {
    const nowhere = { url: pathToFileURL(join(folder, 'nowhere')).href };
    const to = join(folder, 'never.db');
    const restored = restoreDatabase({ location: nowhere, database: 'core', to });
    await expect(restored).rejects.toThrow(NothingToRestoreError);
    await expect(restored).rejects.toThrow(/core\.db: there is no backup at this place\. BACKUP_URL/);
    expect(existsSync(to)).toBe(false);
  });
});

/** Resolves when a file or folder is there. */
async function appears(path: string): Promise<void> {
  if (existsSync(path)) return;
  const parent = join(path, '..');
  await appears(parent);
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(parent, look);
    look();
  });
}
