import { sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine } from './support/direct-engine.js';
import { DAY_MS } from './support/test-clock.js';

const APP = 'com.example.one';

describe('what is refused', () => {
  it('sinks neither its batch nor its commit, and a bounded number of samples of it is kept', () => {
    const engine = new DirectEngine();
    for (let round = 0; round < 15; round += 1) {
      const batch = {
        packageId: APP,
        deviceId: 'd',
        sessionId: sessionIdOf(1),
        events: [...someEvents(20, 'screen_view', 8 * DAY_MS), ...someEvents(2)],
      };
      const [outcome] = engine.upload(batch);
      expect(outcome).toMatchObject({ kind: 'stored', answer: { accepted: 2, duplicate: false } });
      expect(outcome?.kind === 'stored' && outcome.answer.rejected).toHaveLength(20);
    }
    expect(engine.uploadBodies([{ packageId: APP, body: Buffer.from('{') }])).toMatchObject([
      { kind: 'refused', status: 400, code: 'body-unreadable' },
    ]);
    expect(engine.db.prepare('SELECT code, events FROM rejection_counts ORDER BY code').all()).toEqual([
      { code: 'body-unreadable', events: 1 },
      { code: 'too-old', events: 300 },
    ]);
    expect(engine.db.prepare('SELECT count(*) FROM rejection_samples').pluck().get()).toBe(200);
    expect(engine.db.prepare('SELECT code FROM rejection_samples ORDER BY sample DESC').pluck().get()).toBe(
      'body-unreadable',
    );
    engine.close();
  });

  it('is a type too many of those that devices make up, but never a type that the platform knows', () => {
    const engine = new DirectEngine();
    const batch = { packageId: APP, deviceId: 'd', sessionId: sessionIdOf(1) };
    const made = (from: number, n: number) =>
      Array.from({ length: n }, (_, index) => ({ type: `made_up_${from + index}`, agoMs: 0 }));
    engine.upload({ ...batch, events: made(0, 500) }, { ...batch, events: made(500, 500) });
    const known = ['app_start', 'app_crash', 'lua_error', 'perf_frame', 'perf_memory', 'perf_startup', 'app_stop'];
    const own = ['screen_view', 'button_click', 'feature_used', 'made_up_3', 'made_up_1000'];
    const events = [...known, ...own].map((type) => ({ type, agoMs: 0 }));
    expect(engine.upload({ ...batch, events })).toMatchObject([
      { kind: 'stored', answer: { accepted: 11, rejected: [{ index: 11, code: 'too-many-types' }] } },
    ]);
    engine.close();
  });

  it('is no version too many: what comes after the first two thousand counts as one', () => {
    const engine = new DirectEngine();
    for (let version = 0; version < 2_010; version += 1) {
      const appVersion = `1.${version}`;
      engine.upload({ packageId: APP, deviceId: 'd', sessionId: sessionIdOf(1), appVersion, events: someEvents(1) });
    }
    engine.flush();
    const versions = engine.db
      .prepare(
        `SELECT words.value, sum(n) AS n FROM day_counts JOIN words ON word = day_counts.value
         WHERE dimension = 1 AND measure > 0 GROUP BY word`,
      )
      .all() as { value: string; n: number }[];
    expect(versions).toHaveLength(2_001);
    expect(versions.find(({ value }) => value === '(other)')).toEqual({ value: '(other)', n: 10 });
    engine.close();
  });
});
