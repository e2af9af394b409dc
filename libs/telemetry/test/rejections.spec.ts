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
      { kind: 'refused', status: 400, code: 'body-not-readable' },
    ]);
    expect(engine.db.prepare('SELECT code, events FROM rejection_counts ORDER BY code').all()).toEqual([
      { code: 'body-not-readable', events: 1 },
      { code: 'too-old', events: 300 },
    ]);
    expect(engine.db.prepare('SELECT count(*) FROM rejection_samples').pluck().get()).toBe(200);
    expect(engine.db.prepare('SELECT code FROM rejection_samples ORDER BY sample DESC').pluck().get()).toBe(
      'body-not-readable',
    );
    engine.close();
  });
});
