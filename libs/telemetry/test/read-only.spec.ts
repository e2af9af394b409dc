import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { sessionIdOf, someEvents, type SentBatch } from './support/batches.js';
import { DirectEngine } from './support/direct-engine.js';
import { newDataDir, openEngine, upload } from './support/open-engine.js';

const APP = 'com.example.one';
const batch: SentBatch = { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(1), events: someEvents(4) };

describe('an engine that only looks', () => {
  it('changes nothing in a file that a killed server left, and answers what was counted', async () => {
    const dataDir = newDataDir();
    const killed = new DirectEngine({ dataDir });
    killed.upload(batch);
    killed.flush();
    // Stored, and not counted before the end.
    killed.upload({ ...batch, sessionId: sessionIdOf(2) });
    killed.db.pragma('wal_checkpoint(TRUNCATE)');
    killed.db.close();
    const digest = () => createHash('sha256').update(readFileSync(killed.file)).digest('hex');
    const before = digest();

    const engine = await openEngine(dataDir, killed.clock, { readOnly: true });
    const range = { fromMs: killed.clock.wallMs - 86_400_000, toMs: killed.clock.wallMs + 1 };
    expect(await engine.query('overview', { packageId: APP, range, includeBots: true })).toMatchObject({
      totals: { events: 4, sessions: 1, devices: 1 },
    });
    expect(await upload(engine, killed.clock, batch)).toMatchObject({ kind: 'refused', status: 503 });
    await expect(engine.runRetention()).rejects.toThrow('readonly');
    await engine.close();

    expect(digest()).toBe(before);
    rmSync(dataDir, { recursive: true });
  });
});
