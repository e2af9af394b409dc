import { sessionIdOf } from './support/batches.js';
import { DirectEngine } from './support/direct-engine.js';

const APP = 'com.example.one';

describe('groups of crashes', () => {
  it('are ten thousand at most; the crashes of what comes after count together, also after a restart', async () => {
    const engine = new DirectEngine();
    const crash = (...types: string[]) =>
      engine.upload({
        packageId: APP,
        deviceId: 'd',
        sessionId: sessionIdOf(1),
        events: types.map((type) => ({ type: 'app_crash', agoMs: 0, data: { crash_type: type } })),
      });
    crash('First');
    engine.db.exec(
      `INSERT INTO crash_groups (app, fingerprint, kind, crash_type, message, frames)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
       SELECT 1, CAST(printf('%016d', i) AS BLOB), 'app_crash', 'Other', '', '[]' FROM n`,
    );
    // As after a kill: how many there are is in the file alone.
    engine.reopen();
    crash('First', 'Last', 'Surplus', 'Excess', 'Last');
    engine.reopen();
    crash('Surplus', 'Excess', 'Last');
    const events = [{ type: 'lua_error', agoMs: 0, data: { message: 'attempt to index nil' } }];
    engine.upload({ packageId: APP, deviceId: 'd', sessionId: sessionIdOf(1), events });
    engine.flush();
    expect(
      engine.db
        .prepare(
          `SELECT kind, crash_type AS type, sum(crashes) AS n FROM crash_days JOIN crash_groups USING (crash_group)
           GROUP BY crash_group ORDER BY crash_group`,
        )
        .all(),
    ).toEqual([
      { kind: 'app_crash', type: 'First', n: 2 },
      { kind: 'app_crash', type: 'Last', n: 3 },
      { kind: 'app_crash', type: '(other)', n: 4 },
      { kind: 'lua_error', type: '(other)', n: 1 },
    ]);
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    engine.close();
  });
});
