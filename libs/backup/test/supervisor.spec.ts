import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openReader } from '@mosis/sqlite';
import { openReplica } from '../src/replica/list-generation.js';
import { readLz4Length } from '../src/replica/lz4-length.js';
import { Stage } from './support/stage.js';

describe('Litestream under the supervisor', () => {
  const stage = new Stage();
  afterAll(() => stage.remove());

  it('copies both databases from the first start, and ships the last write when it is stopped', async () => {
    await stage.start();
    stage.write('core', 50);
    stage.write('telemetry', 50);
    await stage.untilHealthy();
    // The last rows are written right before the end: only the end itself can ship them.
    const rows = [stage.write('core', 3), stage.write('telemetry', 4)];
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows[0]);
    expect(await stage.restore('telemetry')).toBe(rows[1]);
  });

  it('keeps its configuration to its user, without credentials in it', () => {
    const file = join(stage.dataDir, 'litestream.yml');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toMatch(/key|secret/i);
  });

  it('goes on in the same generation after a clean stop and a start', async () => {
    const generation = readFileSync(join(stage.dataDir, '.core.db-litestream/generation'), 'utf8');
    await stage.start();
    const rows = stage.write('core', 5);
    await stage.untilHealthy();
    expect(stage.status('core')).toMatchObject({ generation: generation.trim(), generations: 0 });
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('knows how long each segment is without unpacking it: the next one begins where it ends', async () => {
    await stage.start();
    await stage.untilHealthy();
    const { generation } = stage.status('core');
    for (let round = 0; round < 3; round += 1) {
      stage.write('core', 7, 3_000);
      await stage.untilHealthy();
    }
    const replica = openReplica(stage.location, 'core');
    const { segments } = await replica.listGeneration(generation as string);
    let compared = 0;
    for (const [index, offsets] of segments)
      for (const [at, offset] of offsets.slice(0, -1).entries()) {
        const length = readLz4Length(await replica.readSegment(generation as string, { index, offset }));
        expect(offset + length).toBe(offsets[at + 1]);
        compared += 1;
      }
    expect(compared).toBeGreaterThan(1);
    await replica.close();
    await stage.stop();
  });

  it('waits for nothing that was not committed: a large transaction is in the WAL before its end, whatever that is', async () => {
    await stage.start();
    stage.write('core', 1);
    await stage.untilHealthy();
    const writer = stage.writers.get('core');
    writer?.exec('BEGIN');
    stage.write('core', 120, 100_000);
    expect(statSync(`${stage.file('core')}-wal`).size).toBeGreaterThan(3_000_000);
    await stage.untilHealthy();
    writer?.exec('ROLLBACK');
    await stage.untilHealthy();
    const rows = stage.write('core', 1);
    await stage.untilHealthy();
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('makes no commit of core.db wait for a read that lasts, though the WAL cannot be folded in meanwhile', async () => {
    const supervisor = await stage.start();
    const reader = openReader(stage.file('core'));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM kept').get();
    stage.write('core', 450, 100_000);
    let rows = 0;
    for (let round = 0; round < 4; round += 1) {
      // Litestream has looked at the WAL when it has shipped this.
      await supervisor.whenShipped(AbortSignal.timeout(20_000));
      rows = stage.write('core', 1);
    }
    expect(statSync(`${stage.file('core')}-wal`).size).toBeGreaterThan(42_000_000);
    reader.close();
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('ends a Litestream that a killed server left before it starts its own, also one that is stopped', async () => {
    for (const frozen of [false, true]) {
      const orphan = await stage.spawnOrphan();
      const ended = new Promise((resolve) => orphan.once('exit', (code, signal) => resolve(signal ?? code)));
      if (frozen) orphan.kill('SIGSTOP');
      await stage.start();
      expect(await ended).toBe(frozen ? 'SIGKILL' : 0);
      expect(stage.log.map(({ message }) => message)).toContain('ending a Litestream that a killed server left behind');
      const rows = stage.write('core', 20);
      await stage.stop();
      expect(await stage.restore('core')).toBe(rows);
      expect(existsSync(`/proc/${orphan.pid}`)).toBe(false);
    }
  });
});
