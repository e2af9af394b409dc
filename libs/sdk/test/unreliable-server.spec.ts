import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContractServer } from './support/contract-server.js';
import { FailingProxy, FAULTS } from './support/failing-proxy.js';
import { seededRandom } from './support/random.js';
import { unaccounted } from './support/start.js';
import { runUnreliableScenario } from './support/unreliable-scenario.js';

describe('behind a server that fails half the time', () => {
  it('accounts for every event across restarts and kills, and stores none twice', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'telemetry-sdk-'));
    const server = new ContractServer();
    const target = await server.start();
    const proxy = new FailingProxy({ target, random: seededRandom(1) });
    const endpoint = await proxy.start();
    const gaps: number[] = [];
    try {
      const stats = await runUnreliableScenario({
        proxy,
        endpoint,
        ingestKey: 'mi_test',
        appId: 'org.example.app',
        directory,
        random: seededRandom(2),
        lives: 12,
        types: [...Array<string>(60).fill('screen_view'), 'unwanted', 'unwanted', 'poison'],
        afterLife: (life) => gaps.push(unaccounted(life)),
      });

      expect(gaps).toEqual(gaps.map(() => 0));
      expect(unaccounted(stats)).toBe(0);
      expect(stats.queued).toBe(0);
      expect(stats).toMatchObject({ accepted: server.count('accepted'), rejected: server.count('rejected') });
      expect(server.dropsReported()).toEqual(stats.dropped);
      expect(server.conflicts).toBe(0);
      const changed = [...proxy.bodiesByBatch].filter(([, hashes]) => hashes.size > 1);
      expect(changed).toEqual([]);

      // The run has been through what it is about.
      expect([...proxy.seen.keys()].sort()).toEqual([...FAULTS, 'passed'].sort());
      expect(stats.duplicates).toBeGreaterThan(0);
      expect(stats.rejected).toBeGreaterThan(0);
      expect(stats.dropped.rejected_batch).toBeGreaterThan(0);
      expect(stats.dropped.invalid).toBeGreaterThan(0);
    } finally {
      await proxy.stop();
      await server.stop();
      await rm(directory, { recursive: true });
    }
  });
});
