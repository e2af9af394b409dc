import { createPrivateKey } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { buildPackageFromEntries, generateSigningKey } from '@mosis/package';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';
import { signInOverHttp, type HttpClient } from '../support/http-client.js';

const ROUNDS = 6;
const EMAIL = 'owner@example.com';
const PASSWORD = 'a password for tests';
const signingKey = generateSigningKey();

/** What the server said yes to. */
interface Acknowledged {
  apps: Set<string>;
  uploads: Map<string, string>;
}

async function buildVersion(packageId: string, versionCode: number): Promise<Buffer> {
  const manifest = {
    id: packageId,
    name: 'Killed',
    version: `1.0.${versionCode}`,
    version_code: versionCode,
    entry: 'main.rml',
    permissions: [],
    min_mosis_version: '1.0.0',
  };
  return buildPackageFromEntries(
    [
      { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
      { path: 'main.rml', data: Buffer.from('<rml/>') },
      { path: 'ballast.bin', data: Buffer.alloc(200_000, versionCode) },
    ],
    createPrivateKey(signingKey.privateKeyPem),
  );
}

/** Creates apps and uploads to them until the connection breaks. */
async function work(client: HttpClient, name: string, acknowledged: Acknowledged): Promise<void> {
  for (let count = 1; ; count += 1) {
    const packageId = `com.killed.${name}_${count}`;
    const created = await client.post('/v1/apps', { package_id: packageId, name: 'Killed' });
    if (created.status === 201) acknowledged.apps.add(packageId);
    for (const code of [1, 2]) {
      const answer = await client.post(`/v1/apps/${packageId}/versions`, await buildVersion(packageId, code));
      const body = (await answer.json()) as { package_sha256: string };
      if (answer.status === 201) acknowledged.uploads.set(`${packageId}/${code}`, body.package_sha256);
    }
  }
}

describe('a server that is killed with SIGKILL while it works', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  async function start(): Promise<{ server: ServerProcess; client: HttpClient }> {
    const server = await data.serve({ ADMIN_EMAIL: EMAIL, ADMIN_PASSWORD: PASSWORD, LOG_LEVEL: 'warn' });
    return { server, client: await signInOverHttp(server.url, EMAIL, PASSWORD) };
  }

  it('keeps every acknowledged change, leaves no orphan after the next start, and its audit chain is whole', async () => {
    const acknowledged: Acknowledged = { apps: new Set(), uploads: new Map() };
    let { server, client } = await start();
    expect((await client.post('/v1/signing-keys', { name: 'test', public_key: signingKey.publicKeyPem })).status).toBe(
      201,
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      const goal = acknowledged.uploads.size + 3 + round;
      const workers = [1, 2].map((worker) =>
        work(client, `round${round}_worker${worker}`, acknowledged).catch(() => undefined),
      );
      // The kill falls wherever the workers are when enough has been acknowledged, and a little later each time.
      while (acknowledged.uploads.size < goal) await new Promise((resolve) => setImmediate(resolve));
      await server.kill('SIGKILL');
      await Promise.all(workers);
      ({ server, client } = await start());

      const db = new Database(join(data.path, 'core.db'), { readonly: true });
      try {
        const apps = new Set(
          (db.prepare('SELECT package_id FROM apps').all() as { package_id: string }[]).map((row) => row.package_id),
        );
        for (const packageId of acknowledged.apps) expect(apps.has(packageId)).toBe(true);
        const versions = db
          .prepare(
            'SELECT a.package_id, v.version_code, v.package_sha256 FROM app_versions v JOIN apps a ON a.id = v.app_id',
          )
          .all() as {
          package_id: string;
          version_code: number;
          package_sha256: string;
        }[];
        const stored = new Map(versions.map((row) => [`${row.package_id}/${row.version_code}`, row.package_sha256]));
        for (const [version, sha256] of acknowledged.uploads)
          expect([version, stored.get(version)]).toEqual([version, sha256]);
        expect(db.prepare('SELECT * FROM pending_objects').all()).toEqual([]);
        expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
        const named = new Set(versions.map((row) => row.package_sha256));
        const objects = readdirSync(join(data.path, 'objects', 'packages'), { recursive: true, encoding: 'utf8' })
          .map((path) => /([0-9a-f]{64})\.mosis$/.exec(path)?.[1])
          .filter((sha256) => sha256 !== undefined);
        expect(objects.sort()).toEqual([...named].sort());
        expect(readdirSync(join(data.path, 'tmp'))).toEqual([]);
      } finally {
        db.close();
      }
    }
    await server.kill('SIGTERM');
    const audit = await data.mosis(['audit', 'verify', '--json']);
    expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true });
    expect(acknowledged.uploads.size).toBeGreaterThan(ROUNDS * 3);
  }, 240_000);
});
