import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import type { ReadFreeBytes } from '@mosis/backup';
import { createObjectStore } from '@mosis/object-store';
import { startS3Server, type S3Server } from '../../../../libs/object-store/test/support/s3-server.js';
import { Clock } from '../../src/common/clock.js';
import { readSettings } from '../../src/config/settings.js';
import { RestoreService } from '../../src/restores/restore.service.js';
import { TableComparisonService } from '../../src/restores/table-comparison.service.js';
import type { RestoreReport, RestoreRequest } from '../../src/restores/restore.types.js';
import { HttpClient, signInOverHttp } from '../support/http-client.js';
import { ReplicatedServer } from '../support/replicated-server.js';
import { ADMIN, APP, ENVIRONMENT, post, tellBeginning, tellEnd, type Story } from '../support/restore-story.js';
import { MAIN, ServerProcess } from '../support/server-process.js';

const MIB = 1024 * 1024;

interface Restored {
  folder: string;
  report: RestoreReport;
}

const SNAPSHOT = /snapshots\/[0-9a-f]+\.snapshot\.lz4$/;

describe('a machine that is lost, its server and Litestream killed at once', () => {
  const replicated = new ReplicatedServer();
  /** Apps that were made one by one, and how long each took from there to the backup. */
  const shipped: { packageId: string; tookMs: number }[] = [];
  let story: Story;
  let newest: Restored;
  let past: Restored;

  beforeAll(async () => {
    await replicated.start(ENVIRONMENT);
    const beginning = await tellBeginning(replicated);
    story = beginning.story;
    await tellEnd(replicated, beginning.admin, story);
    await replicated.shipped();
    const make = async (packageId: string): Promise<void> =>
      void (await post(beginning.admin, '/v1/apps', { package_id: packageId, name: 'Late' }, 201));
    while (shipped.length < 5) {
      const packageId = `com.example.late_${shipped.length}`;
      await make(packageId);
      const acknowledgedMs = performance.now();
      await replicated.shipped();
      shipped.push({ packageId, tookMs: performance.now() - acknowledgedMs });
    }
    // In the middle of writing the power goes.
    const until = performance.now() + 1_000;
    for (let number = 0; performance.now() < until; number += 1) await make(`com.example.last_${number}`);
    await replicated.lose();
    [newest, past] = await Promise.all([restore(), restore({ at: story.before })]);
  });
  afterAll(() => replicated.remove());

  /** Restores as `mosis restore` does, on a machine that has nothing but the backup. */
  async function restore(
    request: Partial<RestoreRequest> = {},
    environment = {},
    parts: { readFreeBytes?: ReadFreeBytes } = {},
  ): Promise<Restored> {
    const folder = replicated.newFolder();
    const settings = readSettings({
      DATA_DIR: join(folder, '../lost'),
      ...replicated.environment,
      ...environment,
    });
    return {
      folder,
      report: await new RestoreService({ settings, clock: new Clock(), ...parts }).restore({ to: folder, ...request }),
    };
  }

  /** Restores to a new folder, which must fail and leave nothing; answers why. */
  async function refuse(
    request: Partial<RestoreRequest> = {},
    environment = {},
    parts: Parameters<typeof restore>[2] = {},
  ): Promise<string> {
    const folder = replicated.newFolder();
    const error = (await restore({ to: folder, ...request }, environment, parts).catch(
      (reason: unknown) => reason,
    )) as Error;
    expect(error).toBeInstanceOf(Error);
    if (request.to === undefined) expect(existsSync(folder)).toBe(false);
    return error.message;
  }

  /** Restores where only so many bytes are free; answers what is said. */
  async function refuseFor(freeBytes: number): Promise<string> {
    return refuse({}, {}, { readFreeBytes: async () => freeBytes });
  }

  /** Starts a server on what was restored, which is a data directory like any other. */
  async function serve(folder: string, work: (server: ServerProcess) => Promise<void>): Promise<void> {
    const server = await ServerProcess.start(folder, { ...ENVIRONMENT, LOG_LEVEL: 'info' }, []);
    try {
      await work(server);
    } finally {
      await server.kill('SIGTERM');
    }
  }

  function query<Row>(folder: string, sql: string, file = 'core.db'): Row[] {
    const db = new Database(join(folder, file), { readonly: true });
    try {
      return db.prepare(sql).all() as Row[];
    } finally {
      db.close();
    }
  }

  /** Empties a table of a running server by a bad statement, and brings it back on the command line. */
  async function bringBack(folder: string): Promise<void> {
    const keys = () => query(folder, 'SELECT * FROM ingest_keys');
    const before = keys();
    const db = new Database(join(folder, 'core.db'));
    db.exec('DELETE FROM ingest_keys');
    db.close();
    const at = newest.report.databases[0]?.moment as string;
    const args = ['restore', 'table', 'ingest_keys', '--at', at];
    const environment = { ...replicated.environment, DATA_DIR: folder };
    const shown = await replicated.data.mosis(args, '', environment);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('1 missing, 0 changed, 0 added since.') });
    expect(shown.stdout).toContain('Nothing was changed. --apply brings missing rows back');
    expect(keys()).toEqual([]);
    const applied = await replicated.data.mosis([...args, '--apply', '--json'], '', environment);
    expect(JSON.parse(applied.stdout)).toMatchObject({ restored: [{ table: 'ingest_keys', missing: 1 }] });
    expect(keys()).toEqual(before);
    const all = ['restore', 'table', 'developers', '--at', story.before.toISOString()];
    const differing = await replicated.data.mosis(all, '', environment);
    expect(differing.stdout).toContain('password_hash: (hidden) → (hidden)');
    expect(differing.stdout).not.toContain('argon2');
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  }

  const undone = (kind: string) => past.report.undone.filter((change) => change.kind === kind).map(({ name }) => name);

  it('comes back with all that had arrived in its backup, which takes less than two seconds', () => {
    const apps = query<{ package_id: string }>(newest.folder, 'SELECT package_id FROM apps');
    const there = new Set(apps.map(({ package_id }) => package_id));
    expect(shipped.filter(({ packageId }) => !there.has(packageId))).toEqual([]);
    // The quickest, since a busy machine may hold one up. A copy that is made at a checkpoint only comes after a minute.
    expect(Math.min(...shipped.map(({ tookMs }) => tookMs))).toBeLessThan(2_000);
    expect(newest.report.databases.map(({ database }) => database)).toEqual(['core', 'telemetry']);
    const objects = readdirSync(join(newest.folder, 'objects'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(newest.folder, 'objects', name)).isFile(),
    );
    expect(objects.filter((name) => /\.(mosis|png)$/.test(name))).toHaveLength(3);
    expect(newest.report.objects).toMatchObject({ restored: { objects: objects.length }, missing: [], damaged: [] });
    expect(newest.report).toMatchObject({ undone: [], made_since: null, telemetry: { raw_events: 5 } });
  });

  it('serves from what was restored: the store, the same people, the same chain; nobody is signed in', async () => {
    expect(readdirSync(newest.folder).filter((name) => /restoring|unfinished/.test(name))).toEqual([]);
    expect(statSync(join(newest.folder, 'restore-report.json')).mode & 0o777).toBe(0o600);
    expect(newest.report.core).toMatchObject({ sessions_ended: 2, tokens_ended: 1 });
    await serve(newest.folder, async ({ url }) => {
      expect((await story.signedIn.at(url).get('/v1/me')).status).toBe(401);
      const admin = await signInOverHttp(url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
      const pack = Buffer.from(await (await admin.get(`/v1/apps/${APP}/versions/1/package`)).arrayBuffer());
      expect(createHash('sha256').update(pack).digest('hex')).toBe(story.sha256);
      const log = (await (await admin.get('/v1/admin/audit-log?action=database.restored')).json()) as {
        items: { actor_kind: string; data: Record<string, unknown> }[];
      };
      expect(log.items).toMatchObject([
        { actor_kind: 'command_line', data: { requested: null, core_moment: newest.report.databases[0]?.moment } },
      ]);
      const audit = await replicated.data.mosis(['audit', 'verify', '--json'], '', { DATA_DIR: newest.folder });
      expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true });
      await bringBack(newest.folder);
      expect(await refuse({ to: newest.folder })).toMatch(/is in use by process \d+ \(mosis serve/);
    });
  });

  it('lets root compare rows for the server of another user to bring back, and not write by itself', async () => {
    const core = join(newest.folder, 'core.db');
    const owner = process.getuid?.() === 0 ? 1026 : statSync(core).uid;
    chownSync(core, owner, statSync(core).gid);
    rmSync(join(newest.folder, 'tmp'), { recursive: true });
    const settings = readSettings({ ...replicated.environment, DATA_DIR: newest.folder });
    const request = { tables: ['developers'], at: story.before, limit: 1 };
    const owners = await new TableComparisonService({ settings }).compare(request, async ({ rowsFile }) =>
      [rowsFile, join(rowsFile, '..'), join(newest.folder, 'tmp')].map((path) => statSync(path).uid),
    );
    expect(owners).toEqual([owner, owner, owner]);
    // Beside no server, root would leave files there that the owner's server could not read.
    const alone = await replicated.data.mosis(['audit', 'archive'], '', { DATA_DIR: newest.folder });
    const refused = `belongs to the user ${owner}, and no server runs that this command could ask. Nothing was changed`;
    if (process.getuid?.() === 0) expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining(refused) });
    else expect(alone.code).toBe(0);
    chownSync(core, process.getuid?.() ?? owner, statSync(core).gid);
  });

  it('goes back to a moment, and names what was ended and decided since', () => {
    expect(undone('api-key-revoked')).toEqual([expect.stringMatching(/^mk_live_/)]);
    expect(undone('signing-key-deactivated')).toEqual([story.signingFingerprint]);
    expect(undone('account-suspended')).toEqual([story.developer.email]);
    expect(undone('password-changed')).toEqual([story.developer.email]);
    expect(undone('version-yanked')).toEqual([`${APP} 1`]);
    expect(undone('review-decided')).toEqual([`${APP} 2`]);
    const { apps } = past.report.made_since as { apps: number };
    expect(apps).toBe(query(newest.folder, 'SELECT 1 FROM apps').length - 1);
    expect(query(past.folder, 'SELECT package_id FROM apps')).toEqual([{ package_id: APP }]);
    const newestEnd = newest.report.audit.last_seq;
    expect(past.report.audit.newest_known).toMatchObject({ seq: newestEnd - 1 });
    expect(past.report.warnings).toEqual([expect.stringContaining(`once went on to row ${newestEnd - 1}`)]);
    const saved = JSON.parse(readFileSync(join(past.folder, 'restore-report.json'), 'utf8')) as RestoreReport;
    expect(saved).toEqual(past.report);
  });

  it('forgets a device again whose erasure was asked for after that moment', async () => {
    expect(past.report.telemetry).toMatchObject({ raw_events: 7, erasures_to_replay: [expect.any(String)] });
    await serve(past.folder, async ({ url }) => {
      await replicated.untilFile(past.folder, () =>
        query(past.folder, `SELECT 1 FROM erasures WHERE state = 'done' AND rows_erased = 4`, 'telemetry.db').at(0),
      );
      const updates = await new HttpClient(url).post('/v1/store/updates', {
        mosis_version: '1.0.0',
        installed: [{ package_id: APP, version_code: 0 }],
      });
      expect(await updates.json()).toMatchObject({ updates: [{ version_code: 1 }] });
    });
    expect(query(past.folder, 'SELECT sum(row_count) AS events FROM partitions', 'telemetry.db')).toEqual([
      { events: 3 },
    ]);
  });

  it('refuses a moment that is not in the backup, and says from when on it is', async () => {
    const early = await refuse({ at: new Date('2026-01-01T00:00:00Z') });
    expect(early).toMatch(/core\.db: the first moment that can be restored is 2\d{3}-.*Z\./);
    expect(early).toMatch(/telemetry\.db: the first moment that can be restored is 2\d{3}-.*Z\./);
    expect(await refuse({ at: new Date(Date.now() + 3_600_000) })).toContain('is in the future');
  });

  it('refuses what it cannot restore to or from, and changes nothing', async () => {
    const before = digestOf(replicated.data.path);
    expect(await refuse({ to: replicated.data.path })).toContain('is not empty (it holds');
    expect(await refuse({ to: join(replicated.backups, 'inside') })).toContain('lies in the backup itself');
    expect(await refuse({}, { BACKUP_URL: pathToFileURL(join(replicated.backups, 'nothing')).href })).toContain(
      'core.db: there is no backup at this place',
    );
    expect(await refuse({}, { LITESTREAM_PATH: '/nowhere/litestream' })).toContain('There is no Litestream binary');
    const [core, telemetry] = newest.report.databases.map(({ bytes }) => bytes);
    const needed = (core ?? 0) + (telemetry ?? 0) + newest.report.objects.restored.bytes;
    const mebibytes = Number(/needs ([\d.]+) MiB at least, and 1\.0 MiB are free/.exec(await refuseFor(MIB))?.[1]);
    // What grew since the first snapshot is in the margin.
    expect(mebibytes).toBeGreaterThan(64);
    expect(mebibytes).toBeLessThanOrEqual(64 + (needed * 1.1) / MIB + 0.1);
    expect(digestOf(replicated.data.path)).toEqual(before);
  });

  it('answers with an exit code and what to do on the command line', async () => {
    const answers = await Promise.all([
      replicated.restore([]),
      replicated.restore(['--to', replicated.data.path]),
      replicated.restore(['--to', replicated.newFolder(), '--at', '2026-11-27 18:00']),
    ]);
    expect(answers.map(({ code, stdout }) => [code, stdout])).toEqual(answers.map(() => [1, '']));
    expect(answers.map(({ stderr }) => stderr)).toEqual(
      ['--to names the directory to make', 'Name a new folder', 'Write it with its zone'].map((said) =>
        expect.stringContaining(said),
      ),
    );
  });

  it.each([
    ['a piece of the WAL was changed', /wal\/[0-9a-f_]+\.wal\.lz4$/, flip, 'was changed'],
    ['a piece of the WAL is gone', /wal\/[0-9a-f_]+\.wal\.lz4$/, rmSync, 'is missing'],
    ['the snapshot was changed', SNAPSHOT, flip, 'cannot be unpacked'],
  ])('says which file it is, and until when the backup is whole, when %s', async (_what, name, damage, problem) => {
    const copy = replicated.copyBackup();
    const all = readdirSync(join(copy, 'core.db'), { recursive: true, encoding: 'utf8' });
    // Of a busy machine there may be several: what lies before the newest is needed by nobody.
    const snapshot = all
      .filter((file) => SNAPSHOT.test(file))
      .sort((one, other) => modifiedMs(join(copy, 'core.db', one)) - modifiedMs(join(copy, 'core.db', other)))
      .at(-1) as string;
    const [generation, index] = placeOf(snapshot);
    const files = all.filter((file) => name.test(file) && placeOf(file)[0] === generation && placeOf(file)[1] >= index);
    // The last piece before the WAL began anew is missed by no name: whether there was one more, nothing tells.
    const victims = files.sort().filter((file, at) => !isPiece(file) || indexOf(file) === indexOf(files[at + 1] ?? ''));
    const victim = victims[Math.floor(victims.length / 2)] as string;
    damage(join(copy, 'core.db', victim));
    const backup = { BACKUP_URL: pathToFileURL(copy).href };
    const said = await refuse({}, backup);
    expect(said).toContain('The backup of core.db is damaged');
    expect(said).toContain(problem);
    const whole = /restore with --at (\S+Z)/.exec(said)?.[1];
    if (whole === undefined) expect(said).toContain('Nothing of it can be restored');
    else {
      const { report } = await restore({ at: new Date(whole), coreOnly: true }, backup);
      expect(report.databases.map(({ moment }) => moment)).toEqual([whole]);
    }
  });

  it('is never taken for whole when the restore is killed, and can be restored again', async () => {
    const folder = replicated.newFolder();
    const environment = { ...replicated.environment, DATA_DIR: join(folder, '../lost') };
    const restoring = spawn(process.execPath, [MAIN, 'restore', '--to', folder], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => restoring.once('close', resolve));
    await replicated.untilFile(join(folder, '..'), () => existsSync(folder) || undefined);
    await replicated.untilFile(folder, () => existsSync(join(folder, 'restoring')) || undefined);
    restoring.kill('SIGKILL');
    await ended;
    const started = await replicated.data.mosis(['serve'], '', { DATA_DIR: folder });
    expect(started).toMatchObject({ code: 1, stderr: expect.stringContaining('was broken off, so it is not whole') });
    expect((await restore({ to: folder })).report.warnings).toEqual([]);
    expect(query(folder, 'SELECT package_id FROM apps')).toEqual(query(newest.folder, 'SELECT package_id FROM apps'));
  });

  describe('with S3', () => {
    let s3: S3Server;
    beforeAll(async () => {
      s3 = await startS3Server();
    });
    afterAll(() => s3.kill());

    it('comes back from a bucket into a directory, or puts into a bucket what is missing there', async () => {
      const { accessKeyId, secretAccessKey } = s3;
      const settings = { endpoint: s3.endpoint, accessKeyId, secretAccessKey, forcePathStyle: true };
      const bucket = createObjectStore({ url: `s3://${s3.bucket}/copies`, s3: settings });
      const local = createObjectStore({ url: pathToFileURL(replicated.backups).href });
      for await (const { key } of local.list('')) {
        const { sha256 } = await local.hash(key);
        await bucket.putFile(key, join(replicated.backups, key), { sha256 });
      }
      const backup = {
        BACKUP_URL: `s3://${s3.bucket}/copies`,
        BACKUP_S3_ENDPOINT: s3.endpoint,
        BACKUP_S3_ACCESS_KEY_ID: accessKeyId,
        BACKUP_S3_SECRET_ACCESS_KEY: secretAccessKey,
      };
      const objects = {
        OBJECT_STORE_URL: `s3://${s3.bucket}/live`,
        S3_ENDPOINT: s3.endpoint,
        S3_ACCESS_KEY_ID: accessKeyId,
        S3_SECRET_ACCESS_KEY: secretAccessKey,
      };
      const looked = await restore({}, { ...backup, ...objects });
      expect(existsSync(join(looked.folder, 'objects'))).toBe(false);
      expect(looked.report.objects).toMatchObject({
        restored: { objects: 0 },
        missing: [/packages/, /packages/, /icons/].map(matching),
      });
      const put = await restore({ putObjects: true }, { ...backup, ...objects });
      expect(put.report.objects).toMatchObject({ restored: newest.report.objects.restored, missing: [] });
      expect(put.report.databases.map(({ moment }) => moment.length)).toEqual([24, 24]);
      expect(query(put.folder, 'SELECT package_id FROM apps ORDER BY seq')).toEqual(
        query(newest.folder, 'SELECT package_id FROM apps ORDER BY seq'),
      );
      await Promise.all([bucket.close(), local.close()]);
    });
  });
});

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const modifiedMs = (file: string) => statSync(file).mtimeMs;
/** The generation and the log that a snapshot or a piece belongs to: generations/…/wal/index_offset.wal.lz4. */
const placeOf = (file: string): [generation: string, index: string] => [
  file.split('/')[1] as string,
  (/\/([0-9a-f]+)[^/]*$/.exec(file) as RegExpExecArray)[1] as string,
];
const isPiece = (file: string) => file.endsWith('.wal.lz4');
/** The log that a piece is of: they are named index_offset. */
const indexOf = (file: string) => file.slice(0, file.lastIndexOf('_'));

function flip(file: string): void {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  writeFileSync(file, bytes);
}

/** What a folder holds, file by file. */
function digestOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );
}
