import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { restoreDatabase } from '@mosis/backup';
import { iconKey } from '@mosis/object-store';
import { openReader } from '@mosis/sqlite';
import { signInOverHttp, type HttpClient } from '../support/http-client.js';
import { untilChange } from '../support/files.js';
import { png } from '../support/images.js';
import { findLitestreams } from '../support/litestreams.js';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';

const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'a password for tests' };

interface Report {
  problems: { code: string }[];
  databases: { database: string; healthy: boolean | null; state: string; generation: string; generations: number }[];
}

describe('backups of a real server', () => {
  const data = new DataDirectory();
  const acknowledged = new Set<string>();
  afterAll(() => data.remove());

  const generationOf = (name: string) =>
    readFileSync(join(data.path, `.${name}.db-litestream/generation`), 'utf8').trim();

  async function start(
    environment: Record<string, string> = {},
  ): Promise<{ server: ServerProcess; client: HttpClient }> {
    const server = await data.serve({ ...ADMIN, ...environment });
    return { server, client: await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD) };
  }

  async function createApps(client: HttpClient, name: string, until: () => boolean): Promise<void> {
    for (let count = 1; !until(); count += 1) {
      const packageId = `com.copied.${name}_${count}`;
      const answer = await client.post('/v1/apps', { package_id: packageId, name: 'Copied' });
      if (answer.status === 201) acknowledged.add(packageId);
    }
  }

  async function restoreApps(): Promise<Set<string>> {
    const to = join(data.path, 'restored', `${acknowledged.size}`, 'core.db');
    await restoreDatabase({ location: { url: pathToFileURL(join(data.path, 'backups')).href }, database: 'core', to });
    const reader = openReader(to);
    try {
      expect(reader.pragma('integrity_check', { simple: true })).toBe('ok');
      return new Set(reader.prepare('SELECT package_id FROM apps').pluck().all() as string[]);
    } finally {
      reader.close();
    }
  }

  const copies = join(data.path, 'backups/objects');

  it('holds every acknowledged change and object after kill -9 of the server alone and of everything, in the generation that was there', async () => {
    let { server, client } = await start();
    for (let round = 1; round <= 2; round += 1) {
      const goal = acknowledged.size + 20;
      const working = [1, 2].map((worker) =>
        createApps(client, `round${round}_worker${worker}`, () => false).catch(() => undefined),
      );
      while (acknowledged.size < goal) await new Promise((resolve) => setImmediate(resolve));
      // An object that is stored, and whose copy cannot be made before the end.
      rmSync(copies, { recursive: true, force: true });
      writeFileSync(copies, 'in the way');
      const [packageId] = acknowledged;
      const icon = await client.send('PUT', `/v1/apps/${packageId}/icon`, png(31 + round), {
        'content-type': 'image/png',
      });
      const { icon_sha256: sha256 } = (await icon.json()) as { icon_sha256: string };
      const generations = [generationOf('core'), generationOf('telemetry')];
      const litestreams = findLitestreams(data.path);
      const ended = server.kill('SIGKILL');
      // The second time as a power cut does it: both at once.
      if (round === 2) for (const pid of litestreams) process.kill(pid, 'SIGKILL');
      await ended;
      await Promise.all(working);
      rmSync(copies);
      ({ server, client } = await start());
      expect([generationOf('core'), generationOf('telemetry')]).toEqual(generations);
      await untilChange(join(data.path, 'backups'), () => existsSync(join(copies, iconKey(sha256))));
      expect(findLitestreams(data.path)).toHaveLength(1);
      await createApps(client, `round${round}_after`, () => acknowledged.size >= goal + 10);
    }
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(findLitestreams(data.path)).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(40);
    const restored = await restoreApps();
    expect([...acknowledged].filter((packageId) => !restored.has(packageId))).toEqual([]);
  });

  it('says whether everything can be restored, without a server and with one, and changes nothing by asking', async () => {
    const before = [generationOf('core'), generationOf('telemetry')];
    const walBytes = statSync(join(data.path, 'core.db-wal')).size;
    const idle = await data.mosis(['backup', 'status']);
    expect(idle.stdout).toMatch(/core\.db +healthy, no server runs/);
    expect(idle.stdout).toMatch(/backup-same-device/);
    expect(idle.code).toBe(0);
    expect(statSync(join(data.path, 'core.db-wal')).size).toBe(walBytes);
    // A command that writes without a server, too, goes on in the generation that is there.
    expect((await data.mosis(['audit', 'archive'])).code).toBe(0);
    const { server, client } = await start();
    const running = await data.mosis(['backup', 'status', '--json']);
    const report = JSON.parse(running.stdout) as Report;
    expect(report.databases.map(({ healthy, state }) => [healthy, state])).toEqual([
      [true, 'replicating'],
      [true, 'replicating'],
    ]);
    expect(report.databases.map(({ generation }) => generation)).toEqual(before);
    expect([running.code, report.problems]).toEqual([0, []]);

    const system = (await (await client.get('/v1/admin/system')).json()) as {
      backup: Report & { same_device: boolean };
    };
    expect(system.backup).toMatchObject({ available: true, same_device: true, restarts: 0 });
    expect(system.backup.databases.map(({ generations }) => generations)).toEqual([0, 0]);
    const metrics = await (await client.get('/metrics')).text();
    for (const line of [
      'mosis_backup_replicating{database="core"} 1',
      'mosis_backup_healthy{database="telemetry"} 1',
      'mosis_backup_restarts_total 0',
      'mosis_backup_generations_total{database="core"} 0',
    ])
      expect(metrics).toContain(line);
    expect(await (await client.get('/readyz')).json()).toMatchObject({ status: 'ready' });
    await server.kill('SIGTERM');
  });

  it('serves without Litestream, and says everywhere that nothing is backed up', async () => {
    const environment = { LITESTREAM_PATH: join(data.path, 'missing') };
    const { server, client } = await start(environment);
    expect(server.log).toContain('NOTHING IS BACKED UP');
    expect(await (await client.get('/readyz')).json()).toMatchObject({
      status: 'degraded',
      problems: expect.arrayContaining([expect.objectContaining({ code: 'backup-missing' })]),
    });
    const status = await data.mosis(['backup', 'status'], '', environment);
    expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('backup-missing')]);
    await server.kill('SIGTERM');
  });
});
