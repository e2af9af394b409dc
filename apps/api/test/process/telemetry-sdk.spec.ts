import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { FailingProxy } from '../../../../libs/sdk/test/support/failing-proxy.js';
import { seededRandom } from '../../../../libs/sdk/test/support/random.js';
import { unaccounted } from '../../../../libs/sdk/test/support/start.js';
import { runUnreliableScenario } from '../../../../libs/sdk/test/support/unreliable-scenario.js';
import { signInOverHttp } from '../support/http-client.js';
import { DataDirectory } from '../support/server-process.js';

const ADMIN = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'a password for tests' };
const APP = 'com.example.sdk';

describe('the device SDK in front of the real server, through a network that fails half the time', () => {
  const data = new DataDirectory();
  const queue = mkdtempSync(join(tmpdir(), 'mosis-sdk-queue-'));
  afterAll(async () => {
    await data.remove();
    rmSync(queue, { recursive: true, force: true });
  });

  it('generated = accepted + rejected + dropped + queued, and the server has each accepted event once', async () => {
    const server = await data.serve(ADMIN);
    const owner = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    await owner.post('/v1/apps', { package_id: APP, name: 'SDK' });
    const key = (await (await owner.post(`/v1/apps/${APP}/ingest-keys`, { name: 'x' })).json()) as { key: string };
    const proxy = new FailingProxy({ target: server.url, random: seededRandom(7) });
    const endpoint = await proxy.start();
    const gaps: number[] = [];
    const stats = await runUnreliableScenario({
      proxy,
      endpoint,
      ingestKey: key.key,
      appId: APP,
      directory: queue,
      random: seededRandom(8),
      lives: 6,
      afterLife: (life) => gaps.push(unaccounted(life)),
    }).finally(() => proxy.stop());

    expect(gaps).toEqual(gaps.map(() => 0));
    expect(unaccounted(stats)).toBe(0);
    expect(stats.queued).toBe(0);
    expect(stats.duplicates).toBeGreaterThan(0);
    const changed = [...proxy.bodiesByBatch].filter(([, hashes]) => hashes.size > 1);
    expect(changed).toEqual([]);

    expect(await server.kill('SIGTERM')).toBe(0);
    const db = new Database(join(data.path, 'telemetry.db'), { readonly: true });
    const receipts = db.prepare('SELECT sum(accepted) AS accepted, sum(rejected) AS rejected FROM receipts').get();
    const counted = db.prepare('SELECT sum(n) FROM day_counts WHERE dimension = 0 AND measure > 0').pluck().get();
    db.close();
    expect(receipts).toEqual({ accepted: stats.accepted, rejected: stats.rejected });
    expect(counted).toBe(stats.accepted);
  });
});
