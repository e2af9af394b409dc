import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLitestream, renderLitestreamConfig } from '@mosis/backup';
import { newId } from '@mosis/db';
import { openReader, openWriter } from '@mosis/sqlite';
import { startS3Server } from '../../../../libs/object-store/test/support/s3-server.js';
import type { BackupDrillResource } from '../../src/backups/backup-drill.schemas.js';
import type { DrillMessage } from '../../src/backups/drill/drill.types.js';
import { countLive, runDrill } from '../../src/backups/drill/run-drill.js';
import { startReadOnlyServer } from '../../src/cli/read-only-server.js';
import { Clock } from '../../src/common/clock.js';
import { readSettings } from '../../src/config/settings.js';
import { RestoreService } from '../../src/restores/restore.service.js';
import { untilChange } from '../support/files.js';
import { signInOverHttp } from '../support/http-client.js';
import { png } from '../support/images.js';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';

const ADMIN = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'a password for tests' };

describe('mosis backup verify', () => {
  const data = new DataDirectory();
  const copies = mkdtempSync(join(tmpdir(), 'mosis-copies-'));
  let proven: BackupDrillResource;
  let server: ServerProcess;
  afterAll(async () => {
    await data.remove();
    rmSync(copies, { recursive: true, force: true });
  });

  it('restores a healthy backup, serves from it, shows the figures, and leaves nothing behind', async () => {
    expect(await data.mosis(['demo', 'load', '--limit', '2'])).toMatchObject({ code: 0 });
    server = await data.serve(ADMIN);
    const found = await data.mosis(['backup', 'verify', '--all', '--json']);
    proven = JSON.parse(found.stdout) as BackupDrillResource;
    expect(proven.failures).toEqual([]);
    expect([found.code, proven.state]).toEqual([0, 'passed']);
    expect(proven.checks.map(({ name }) => name)).toEqual([
      'restore',
      'databases',
      'row counts',
      'invariants',
      'audit chain',
      'objects',
      'events',
      'server',
      'roll-ups',
    ]);
    expect(proven.rpo_seconds).toBeGreaterThan(0);
    expect(proven.rto_seconds).toBeGreaterThan(0);
    expect(proven.objects_hashed).toBeGreaterThan(1);
    expect(readdirSync(join(data.path, 'tmp'))).toEqual([]);

    const owner = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    const system = (await (await owner.get('/v1/admin/system')).json()) as { backup: { last_drill: unknown } };
    expect(system.backup.last_drill).toEqual(proven);
    const metrics = await (await owner.get('/metrics')).text();
    expect(metrics).toMatch(/^mosis_backup_drill_ok 1$/m);
    expect(metrics).toContain(`mosis_backup_drill_rto_seconds ${proven.rto_seconds}`);
  });

  it('finds a copy of an object that was damaged, says so everywhere, and makes it anew', async () => {
    const copy = someCopy(join(data.path, 'backups/objects/packages'));
    const bytes = readFileSync(copy);
    writeFileSync(copy, Buffer.from(bytes).fill(0, 100, 200));
    const failed = await data.mosis(['backup', 'verify', '--all']);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/! The copy of packages\/sha256\/.* was changed: its digest is [0-9a-f]{64}/);
    const { problems } = (await (await fetch(`${server.url}/readyz`)).json()) as {
      problems: { code: string; detail: string }[];
    };
    expect(problems.find(({ code }) => code === 'backup-drill-failed')?.detail).toMatch(/was changed/);
    await untilChange(copy, () => readFileSync(copy).equals(bytes));
  });

  it('takes everything with it when the server dies meanwhile, and the next one says that nothing was proven', async () => {
    const scratch = join(data.path, 'tmp');
    const asked = data.mosis(['backup', 'verify']);
    const findCopies = () => readdirSync(scratch).filter((name) => existsSync(join(scratch, name, 'core.db')));
    await untilChange(scratch, () => findCopies().length > 0);
    await server.kill('SIGKILL');
    expect(await asked).toMatchObject({ code: 1, stderr: expect.stringContaining('went away before it had answered') });
    const next = await data.serve(ADMIN);
    expect(readdirSync(scratch)).toEqual([]);
    const status = await data.mosis(['backup', 'status']);
    expect(status.stdout).toContain(
      'NOT PROVEN: The server ended while it ran, so nothing was proven; it is done again.',
    );
    expect(await next.kill('SIGTERM')).toBe(0);
    expect(readdirSync(scratch)).toEqual([]);
  });

  /** Runs the checks of a verification on a location of one's choice, with the live data as it is. */
  async function drill(location: string, change: { marker?: string; auditHead?: { seq: number; hash: string } } = {}) {
    const scratch = mkdtempSync(join(copies, 'scratch-'));
    const core = openReader(join(data.path, 'core.db'));
    const marker = core
      .prepare('SELECT id FROM backup_drills ORDER BY started_at DESC LIMIT 1')
      .pluck()
      .get() as string;
    core.close();
    const told: DrillMessage[] = [];
    const before = countLive(data.path);
    const request = {
      dataDir: data.path,
      scratch,
      location: { url: pathToFileURL(location).href },
      litestream: undefined,
      marker,
      auditHead: JSON.parse(readFileSync(join(data.path, 'audit-head.json'), 'utf8')) as { seq: number; hash: string },
      all: false,
      nowMs: Date.now(),
      ...change,
    };
    const findings = await runDrill(request, before, (message) => told.push(message));
    return { ...findings, told };
  }

  it('finds lost rows, a broken chain and a row that no CHECK would take in a copy whose pages are whole', async () => {
    // What two Litestreams on one file leave: every page is right, the newest row is there, and others are not.
    const spliced = join(copies, 'spliced');
    mkdirSync(spliced);
    cpSync(join(data.path, 'backups/telemetry.db'), join(spliced, 'telemetry.db'), { recursive: true });
    cpSync(join(data.path, 'backups/objects'), join(spliced, 'objects'), { recursive: true });
    const file = join(copies, 'core.db');
    for (const suffix of ['', '-wal']) cpSync(join(data.path, `core.db${suffix}`), file + suffix);
    await replicate(file, spliced, (db) => {
      const guards = db
        .prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('check_results', 'audit_logs')",
        )
        .pluck()
        .all() as string[];
      for (const guard of guards) db.exec(`DROP TRIGGER ${guard}`);
      db.exec(
        "DELETE FROM check_results WHERE name = 'images'; UPDATE audit_logs SET data = '{\"changed\":1}' WHERE seq = 3",
      );
      db.pragma('ignore_check_constraints = ON');
      db.exec("UPDATE developers SET role = 'emperor' WHERE role = 'admin'");
    });
    const { failures } = await drill(spliced);
    expect(failures).toEqual([
      'core.db holds rows that its own rules forbid: CHECK constraint failed in developers.',
      expect.stringMatching(/^core\.db: the table check_results came back with \d+ rows, and the database has \d+\.$/),
      'The audit chain is broken: Row 3 was changed after it was written.',
    ]);
    const settings = readSettings({ DATA_DIR: join(copies, 'lost'), BACKUP_URL: pathToFileURL(spliced).href });
    const to = join(copies, 'restored');
    await expect(new RestoreService({ settings, clock: new Clock() }).restore({ to })).rejects.toThrow(
      'The backup of core.db is damaged: what came back is not sound (CHECK constraint failed in developers).',
    );
    expect(existsSync(to)).toBe(false);
  });

  it('finds an older copy, a chain that was cut, and a copy of an object that is gone', async () => {
    const old = join(copies, 'old');
    cpSync(join(data.path, 'backups'), old, { recursive: true });
    const gone = someCopy(join(old, 'objects/packages'));
    rmSync(gone);
    const { failures, told } = await drill(old, {
      marker: newId(),
      auditHead: { seq: 1_000_000, hash: 'f'.repeat(64) },
    });
    expect(failures).toEqual([
      expect.stringMatching(/^core\.db is an older copy/),
      expect.stringMatching(/^telemetry\.db is an older copy/),
      expect.stringMatching(/^The audit chain lacks row 1000000/),
      expect.stringMatching(/^The copy of packages\/.* is missing from the backup\.$/),
    ]);
    expect(told).toContainEqual({ kind: 'copy-damaged', key: gone.slice(join(old, 'objects/').length) });
  });

  it('says which database cannot be restored, and touches no live data', async () => {
    const broken = join(copies, 'broken');
    cpSync(join(data.path, 'backups'), broken, { recursive: true });
    const generations = join(broken, 'core.db/generations');
    for (const generation of readdirSync(generations))
      for (const name of readdirSync(join(generations, generation, 'snapshots')))
        writeFileSync(join(generations, generation, 'snapshots', name), 'no snapshot');
    const [before, counts] = [readFileSync(join(data.path, 'core.db')), countLive(data.path)];
    const { failures } = await drill(broken);
    expect(failures).toEqual([expect.stringMatching(/^core\.db cannot be restored: /)]);
    expect(readFileSync(join(data.path, 'core.db')).equals(before)).toBe(true);
    expect(countLive(data.path)).toEqual(counts);
  });

  it('proves what lies in a bucket, and it comes back from there', async () => {
    const s3 = await startS3Server();
    const bucket = new DataDirectory();
    try {
      const environment = {
        ...ADMIN,
        BACKUP_URL: `s3://${s3.bucket}/copies`,
        BACKUP_S3_ENDPOINT: s3.endpoint,
        BACKUP_S3_ACCESS_KEY_ID: s3.accessKeyId,
        BACKUP_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      };
      const fromBucket = await bucket.serve(environment);
      const client = await signInOverHttp(fromBucket.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
      await client.post('/v1/apps', { package_id: 'com.example.bucket', name: 'Bucket' });
      await client.send('PUT', '/v1/apps/com.example.bucket/icon', png(33), { 'content-type': 'image/png' });
      const found = await bucket.mosis(['backup', 'verify', '--all', '--json']);
      expect(JSON.parse(found.stdout)).toMatchObject({ state: 'passed', failures: [], objects_hashed: 1 });
      await fromBucket.kill('SIGTERM');
      const to = join(copies, 'from-a-bucket');
      const settings = readSettings({ ...environment, DATA_DIR: join(copies, 'lost') });
      const report = await new RestoreService({ settings, clock: new Clock() }).restore({ to });
      expect(report).toMatchObject({ warnings: [], objects: { restored: { objects: 1 }, missing: [] } });
      expect(countLive(to).core).toMatchObject({ apps: 1, developers: 1, sessions: 0, backup_drills: 1 });
    } finally {
      await bucket.remove();
      await s3.kill();
    }
  });

  it('looks at data with a server that changes nothing but who is signed in', async () => {
    const environment = { DATA_DIR: data.path, PORT: '0', LOG_LEVEL: 'silent' };
    const server = await startReadOnlyServer(readSettings(environment));
    const counts = countLive(data.path);
    const { items } = (await (await fetch(`${server.url}/v1/store/apps`)).json()) as { items: unknown[] };
    expect(items).toHaveLength(2);
    const client = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    const updates = await client.post('/v1/store/updates', { mosis_version: '1.0.0', installed: [] });
    expect(await updates.json()).toEqual({ updates: [] });
    expect((await client.get('/v1/admin/audit-log')).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/v1/apps'],
      ['POST', '/v1/auth/register'],
      ['PATCH', '/v1/me'],
      ['DELETE', '/v1/auth/login'],
    ] as const) {
      const refused = await client.send(method, path, {});
      expect([path, refused.status, refused.headers.get('content-type')]).toEqual([
        path,
        503,
        'application/problem+json; charset=utf-8',
      ]);
      expect(await refused.json()).toMatchObject({ code: 'read-only' });
    }
    const { sessions = 0 } = counts.core;
    expect(countLive(data.path)).toEqual({ ...counts, core: { ...counts.core, sessions: sessions + 1 } });
    expect((await client.post('/v1/auth/logout')).status).toBe(204);
    expect(countLive(data.path)).toEqual(counts);
    await server.stop();
  });
});

/** Lets a real Litestream copy a database that was changed behind everybody's back. */
async function replicate(
  file: string,
  location: string,
  change: (db: ReturnType<typeof openWriter>) => void,
): Promise<void> {
  const config = `${file}.yml`;
  writeFileSync(
    config,
    renderLitestreamConfig({
      location: { url: pathToFileURL(location).href },
      databases: [{ database: 'core', file }],
    }),
  );
  const db = openWriter(file);
  change(db);
  const litestream = spawn(getLitestream(), ['replicate', '-config', config], { stdio: 'ignore' });
  const ended = new Promise((resolve) => litestream.once('exit', resolve));
  await appears(join(location, 'core.db/generations'));
  litestream.kill('SIGTERM');
  await ended;
  db.close();
}

/** Resolves when a file or folder is there. */
async function appears(path: string): Promise<void> {
  if (existsSync(path)) return;
  await appears(join(path, '..'));
  await untilChange(join(path, '..'), () => existsSync(path));
}

function someCopy(folder: string): string {
  const [name] = (readdirSync(folder, { recursive: true }) as string[])
    .filter((entry) => entry.endsWith('.mosis'))
    .sort();
  return join(folder, name as string);
}
