import { bodyOf, sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine } from './support/direct-engine.js';

const APP = 'com.disk.full';

/** An upload that takes many pages. */
function upload(number: number, nowMs: number) {
  const data = { text: 'x'.repeat(900) };
  const events = someEvents(100).map((event) => ({ ...event, data }));
  const body = bodyOf({ packageId: APP, deviceId: `d${number}`, sessionId: sessionIdOf(number), events }, nowMs);
  return { packageId: APP, body, contentEncoding: undefined, sentAt: undefined, receivedMs: nowMs };
}

describe('a disk that is full', () => {
  const engine = new DirectEngine();
  afterAll(() => engine.close());

  it('refuses uploads with 503, keeps what was stored, and goes on when there is room again', () => {
    const nowMs = engine.clock.wallMs;
    const { store, db } = engine;
    const uploads = Array.from({ length: 12 }, (_, number) => upload(number, nowMs));
    expect(store.commit([uploads[0]!], nowMs).results[0]?.outcome).toMatchObject({ kind: 'stored' });

    const pages = db.pragma('page_count', { simple: true }) as number;
    db.pragma(`max_page_count = ${pages + 40}`);
    const outcomes = uploads.slice(1).map((each) => store.commit([each], nowMs).results[0]!.outcome);
    const refused = outcomes.filter(({ kind }) => kind === 'refused');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ status: 503, code: 'storage-trouble', retryAfterSeconds: 60 });
    // A whole chunk is refused together: none of it is half there.
    expect(store.commit(uploads.slice(6), nowMs).results.map(({ outcome }) => outcome.kind)).toContain('refused');

    db.pragma('max_page_count = 1073741823');
    const again = store.commit(uploads, nowMs).results.map(({ outcome }) => outcome);
    expect(again.every(({ kind }) => kind === 'stored')).toBe(true);
    const accepted = [...outcomes, ...again].reduce(
      (sum, outcome) => sum + (outcome.kind === 'stored' && !outcome.answer.duplicate ? outcome.answer.accepted : 0),
      100,
    );
    expect(accepted).toBe(1_200);
    store.flush(nowMs);
    expect(db.prepare('SELECT sum(n) FROM day_counts WHERE dimension = 0 AND measure > 0').pluck().get()).toBe(1_200);
    expect(db.prepare('SELECT sum(row_count) FROM partitions').pluck().get()).toBe(1_200);
  });
});
