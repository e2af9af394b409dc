import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWriter } from '@mosis/sqlite';
import { startServer } from '../cli/server.js';
import { migrateAll, migrationTarget } from '../cli/migrate.js';
import { readSettings, type Settings } from '../config/settings.js';
import { checkClock, checkStoreClock } from './check-clock.js';
import { checkDatabase } from './check-databases.js';
import { checkPermissions } from './check-permissions.js';
import { checkServer } from './check-server.js';
import { checkLitestream } from './check-versions.js';
import { checkBackupPlace, checkFileSystem, checkSpace, checkSyncs, judgeSyncs } from './check-volume.js';
import { identifyFileSystem } from './file-system.js';

const GIB = 1024 ** 3;

describe('the doctor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-doctor-'));
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let count = 0;
  const settingsOf = (environment: Record<string, string> = {}): Settings => {
    const dataDir = join(folder, String((count += 1)));
    mkdirSync(dataDir, { mode: 0o750 });
    return readSettings({ DATA_DIR: dataDir, ...environment });
  };
  const serveHttp = async (headers: Record<string, string>): Promise<number> => {
    const server = createServer((_request, response) => response.writeHead(403, headers).end());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  describe('on the file system', () => {
    it.each([
      [0x6969, 'refused', 'NFS'],
      [0xff534d42, 'refused', 'SMB (CIFS)'],
      // As some machines give it: signed.
      [0xfe534d42 - 2 ** 32, 'refused', 'SMB2'],
      [0x517b, 'refused', 'SMB'],
      [0x65735546, 'doubtful', 'FUSE'],
      [0x01021994, 'doubtful', 'tmpfs'],
      [0x9123683e, 'fine', 'Btrfs'],
      [0x1234, 'fine', 'unknown (0x1234)'],
    ])('knows %d as %s: %s', (type, verdict, name) => {
      expect(identifyFileSystem(folder, () => type)).toMatchObject({ name, verdict });
    });

    it('looks at the nearest folder that is there', () => {
      const asked: string[] = [];
      identifyFileSystem(join(folder, 'not/yet/there'), (path) => asked.push(path));
      expect(asked).toEqual([folder]);
    });

    it('fails on a network, warns of FUSE, and only warns where the operator allowed it', () => {
      const status = (type: number, environment = {}) => checkFileSystem(settingsOf(environment), () => type).status;
      expect(status(0x6969)).toBe('fail');
      expect(status(0x6969, { ALLOW_NETWORK_FILE_SYSTEM: 'on' })).toBe('warn');
      expect(status(0x65735546)).toBe('warn');
      expect(status(0xef53)).toBe('ok');
    });

    it('and a start on NFS is refused before anything is written', async () => {
      const dataDir = join(folder, 'network');
      const attempt = startServer(readSettings({ DATA_DIR: dataDir }), { readFileSystemType: () => 0x6969 });
      await expect(attempt).rejects.toThrow(/lies on NFS\..*ALLOW_NETWORK_FILE_SYSTEM=on/);
      expect(existsSync(dataDir)).toBe(false);
    });
  });

  describe('on the volume', () => {
    it('measures syncs and leaves no file', () => {
      const settings = settingsOf();
      expect(checkSyncs(settings).detail).toMatch(/median [\d.]+ ms of \d+, slowest/);
      expect(readdirSync(settings.dataDir)).toEqual([]);
    });

    it.each([
      [0.01, 'warn', 'power cut'],
      [1.25, 'ok', 'about 800 a second'],
      [40, 'warn', 'SSD'],
      [400, 'warn', 'health'],
    ])('says what a median of %d ms means', (medianMs, status, words) => {
      const finding = judgeSyncs({ samples: 50, medianMs, slowestMs: 500 });
      expect(finding.status).toBe(status);
      expect(`${finding.detail} ${finding.advice}`).toContain(words);
    });

    it('holds free space against what is needed', () => {
      const settings = settingsOf();
      writeFileSync(join(settings.dataDir, 'core.db'), '');
      const status = (freeBytes: number) => checkSpace(settings, freeBytes).status;
      expect([status(GIB / 4), status(GIB * 0.9), status(GIB * 2)]).toEqual(['fail', 'warn', 'ok']);
      writeFileSync(join(settings.dataDir, 'core.db'), Buffer.alloc(1024 * 1024));
      expect(checkSpace(settings, GIB * 2).detail).toContain('core.db 1.0 MiB');
    });

    it('warns of backups on the device of the data', () => {
      expect(checkBackupPlace(settingsOf()).status).toBe('warn');
      expect(checkBackupPlace(settingsOf({ BACKUP_URL: 'file:///proc/backups' })).status).toBe('ok');
    });
  });

  it('says who else can look into the folder, and whose files are not ours', () => {
    const settings = settingsOf();
    const core = join(settings.dataDir, 'core.db');
    writeFileSync(core, '');
    mkdirSync(join(settings.dataDir, 'lost+found'));
    const statuses = (uid = process.getuid?.()) => checkPermissions(settings, { uid }).map(({ status }) => status);
    expect(statuses()).toEqual(['ok', 'ok']);
    expect(statuses(54_321)).toEqual(['warn', 'ok']);
    chmodSync(settings.dataDir, 0o755);
    expect(statuses()).toEqual(['ok', 'warn']);
    // What a root may do and what everybody may.
    if (process.getuid?.() === 0) chownSync(core, 54_321, 54_321);
    else chmodSync(core, 0o000);
    const [finding] = checkPermissions(settings);
    expect(finding).toMatchObject({ status: 'fail', detail: expect.stringMatching(/: core\.db$/) });
    expect(finding?.advice).toContain('chown');
  });

  describe('on the clock', () => {
    it('fails when it is not set, or behind what was written', () => {
      const settings = settingsOf();
      const file = join(settings.dataDir, 'core.db');
      expect(checkClock(settings, new Date('1970-01-01')).status).toBe('fail');
      expect(checkClock(settings, new Date('2027-01-01')).status).toBe('ok');
      writeFileSync(file, '');
      utimesSync(file, new Date('2027-02-01'), new Date('2027-02-01'));
      expect(checkClock(settings, new Date('2027-01-31T23:59:00Z')).status).toBe('ok');
      expect(checkClock(settings, new Date('2027-01-01'))).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('core.db is of 2027-02-01'),
      });
    });

    it('fails when an audit row is of the future, though the files are not', () => {
      const settings = settingsOf();
      migrateAll(settings);
      const writer = openWriter(migrationTarget(settings, 'core').file);
      writer.exec('DROP TABLE audit_logs; CREATE TABLE audit_logs (seq INTEGER PRIMARY KEY, occurred_at TEXT)');
      writer.exec(`INSERT INTO audit_logs VALUES (1, '2031-01-01T00:00:00.000Z')`);
      writer.close();
      expect(checkClock(settings, new Date('2030-01-01')).detail).toContain('the last row of the audit log is of 2031');
    });

    it('is held against that of the object store', async () => {
      const port = await serveHttp({ date: 'Thu, 01 Apr 2027 12:00:00 GMT' });
      const settings = settingsOf({
        OBJECT_STORE_URL: 's3://bucket',
        S3_ENDPOINT: `http://127.0.0.1:${port}`,
        S3_ACCESS_KEY_ID: 'a',
        S3_SECRET_ACCESS_KEY: 'b',
      });
      const status = async (now: string) => (await checkStoreClock(settings, () => new Date(now)))[0]?.status;
      expect(await status('2027-04-01T12:00:10Z')).toBe('ok');
      expect(await status('2027-04-01T11:59:00Z')).toBe('warn');
      expect(await status('2027-04-01T12:20:00Z')).toBe('fail');
      servers.pop()!.close();
      expect(await status('2027-04-01T12:00:00Z')).toBe('fail');
      expect(await checkStoreClock(settingsOf(), () => new Date())).toEqual([]);
    });
  });

  describe('on a database', () => {
    it('tells what waits, what is unknown and what is damaged, and changes nothing', () => {
      const settings = settingsOf();
      const target = migrationTarget(settings, 'core');
      expect(checkDatabase(target, true)).toMatchObject({ status: 'ok', detail: expect.stringContaining('not there') });
      migrateAll(settings);
      expect(checkDatabase(target, true)).toMatchObject({
        status: 'ok',
        detail: expect.stringContaining('every page'),
      });
      const fewer = { ...target, migrations: target.migrations.slice(0, -1) };
      expect(checkDatabase(fewer, false).status).toBe('fail');
      const last = target.migrations.at(-1)!;
      const more = { ...target, migrations: [...target.migrations, { ...last, name: '9999_more' }] };
      expect(checkDatabase(more, false)).toMatchObject({ status: 'warn', detail: 'waits for 9999_more' });
      const writer = openWriter(target.file);
      writer.exec(
        `CREATE TABLE t (text TEXT); INSERT INTO t SELECT hex(randomblob(900)) FROM pragma_function_list LIMIT 50`,
      );
      writer.close();
      const file = openSync(target.file, 'r+');
      writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, statSync(target.file).size - 4096);
      closeSync(file);
      const before = statSync(target.file).mtimeMs;
      expect(checkDatabase(target, false).status).toBe('ok');
      expect(checkDatabase(target, true)).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('malformed'),
      });
      expect(statSync(target.file).mtimeMs).toBe(before);
      writeFileSync(target.file, 'no database');
      expect(checkDatabase(target, false)).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('cannot be read'),
      });
    });
  });

  it('tells a free port from a taken one, and a Litestream that is none', async () => {
    const port = await serveHttp({});
    expect(await checkServer(settingsOf({ PORT: String(port) }))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('another program'),
    });
    servers.pop()!.close();
    expect(await checkServer(settingsOf({ PORT: '0' }))).toMatchObject({ status: 'ok' });
    const missing = await checkLitestream(settingsOf({ LITESTREAM_PATH: join(folder, 'nothing') }));
    expect(missing).toMatchObject({ status: 'fail', advice: expect.stringContaining('LITESTREAM_PATH') });
    expect(await checkLitestream(settingsOf({ LITESTREAM_PATH: process.execPath }))).toMatchObject({ status: 'fail' });
  });
});
