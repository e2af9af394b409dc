import fc from 'fast-check';
import { bodyOf, sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine, TINY_BOTS } from './support/direct-engine.js';
import { countRawEvents, readRawEvents, readWatermarks } from './support/raw-events.js';
import { APPS, life, type Happening } from './support/random-life.js';
import { compareWithRecount, readBots } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

/** Lives that are tried; TELEMETRY_LONG=1 makes them ten times as many. */
const RUNS = process.env.TELEMETRY_LONG ? 400 : 40;
const ONE = APPS[0] as string;

describe('roll-ups', () => {
  it('equal a recount of the rows up to the watermarks at every moment of any life', async () => {
    let happenings = 0;
    await fc.assert(
      fc.asyncProperty(life, async (story) => {
        const engine = new DirectEngine({ bots: TINY_BOTS });
        try {
          const lived = new Life(engine);
          for (const happening of story) {
            await lived.live(happening);
            happenings += 1;
            // Roll-ups change at a flush and by maintenance; of the uploads, which seldom flush, every third is looked at.
            if (happening.kind === 'wait' || (happening.kind === 'upload' && happenings % 3 > 0)) continue;
            expect(compareWithRecount(engine.db)).toEqual([]);
            expect(countRawEvents(engine.db)).toBe(lived.accepted - lived.erased);
          }
          await lived.settle();
        } finally {
          engine.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(happenings).toBeGreaterThan(RUNS);
  }, 600_000);

  it('move a session to its first event when an earlier one comes later, with its crash and context', () => {
    const engine = new DirectEngine();
    const batch = { packageId: ONE, deviceId: 'a', sessionId: sessionIdOf(1) };
    engine.upload({ ...batch, events: someEvents(2, 'app_start') });
    engine.flush();
    engine.upload({ ...batch, appVersion: '2.0', events: someEvents(1, 'app_crash', 6 * DAY_MS) });
    engine.upload({ ...batch, appVersion: '0.9', events: someEvents(1, 'app_start', 6 * DAY_MS) });
    engine.flush();
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.clock.advance(20 * HOUR_MS);
    engine.upload({ ...batch, events: someEvents(1, 'app_crash') });
    engine.flush();
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('count what a killed process had stored and not rolled up, once', () => {
    const engine = new DirectEngine();
    for (let round = 0; round < 5; round += 1) {
      engine.upload({ packageId: ONE, deviceId: `d${round}`, sessionId: sessionIdOf(round), events: someEvents(7) });
      if (round === 2) engine.flush();
      engine.reopen();
    }
    engine.flush();
    const [[day, upTo]] = [...readWatermarks(engine.db)] as [[number, number]];
    expect(readRawEvents(engine.db, { partition: day })).toHaveLength(35);
    expect(upTo).toBe(35);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });

  it('are not changed by an upload that is rolled back', () => {
    const engine = new DirectEngine();
    const batch = { packageId: ONE, deviceId: 'a', sessionId: sessionIdOf(1), events: someEvents(3) };
    engine.upload(batch);
    engine.db.exec(`CREATE TEMP TRIGGER no_more BEFORE INSERT ON main.sessions BEGIN SELECT RAISE(ABORT, 'no'); END`);
    const [outcome] = engine.upload({ ...batch, sessionId: sessionIdOf(2) });
    expect(outcome).toMatchObject({ kind: 'refused', status: 503, code: 'upload-failed' });
    engine.db.exec('DROP TRIGGER no_more');
    engine.upload({ ...batch, sessionId: sessionIdOf(2) });
    engine.flush();
    expect(countRawEvents(engine.db)).toBe(6);
    expect(compareWithRecount(engine.db)).toEqual([]);
    engine.close();
  });
});

/** Lets things happen to an engine and keeps in mind what it promised. */
class Life {
  accepted = 0;
  erased = 0;
  readonly #sent: { packageId: string; body: Buffer; accepted: number }[] = [];

  constructor(private readonly engine: DirectEngine) {}

  async live(happening: Happening): Promise<void> {
    const { engine } = this;
    switch (happening.kind) {
      case 'upload': {
        const bodies = happening.batches.map((batch) => ({
          packageId: batch.packageId,
          body: bodyOf(batch, engine.clock.wallMs),
        }));
        engine.uploadBodies(bodies).forEach((outcome, index) => {
          if (outcome.kind !== 'stored') throw new Error(`refused: ${JSON.stringify(outcome)}`);
          expect(outcome.answer.duplicate).toBe(false);
          this.accepted += outcome.answer.accepted;
          const { packageId, body } = bodies[index] as (typeof bodies)[number];
          this.#sent.push({ packageId, body, accepted: outcome.answer.accepted });
        });
        return;
      }
      case 'repeat': {
        const again = this.#sent[happening.pick % Math.max(1, this.#sent.length)];
        if (!again) return;
        expect(engine.uploadBodies([again])).toMatchObject([
          { kind: 'stored', answer: { duplicate: true, accepted: again.accepted } },
        ]);
        return;
      }
      case 'wait':
        return engine.clock.advance(happening.ms);
      case 'flush':
        return engine.flush();
      case 'judge':
        return engine.judge();
      case 'kill':
        return engine.reopen();
      case 'audit':
        expect(await engine.runAudit()).toMatchObject({ differences: 0 });
        return;
      case 'erase': {
        const { erasure } = await engine.erase(happening.packageId, happening.deviceId);
        await engine.runErasures();
        const { rows_erased: rows } = engine.call<{ rows_erased: number }>('findErasure', { erasure });
        this.erased += rows;
      }
    }
  }

  /** Rolls up and judges what waits, as an engine left alone does, and looks at everything again. */
  async settle(): Promise<void> {
    const { engine } = this;
    engine.flush();
    // A kill forgets who was suspected; the nightly audit judges every device day again.
    expect(await engine.runAudit(true)).toMatchObject({ differences: 0 });
    expect(compareWithRecount(engine.db)).toEqual([]);
    const isBot = readBots(engine.db);
    const days = engine.db.prepare('SELECT * FROM device_days').all() as Record<string, number>[];
    for (const { app, day, device, events, interactions, hours } of days as Required<Record<string, number>>[]) {
      const active = [...(hours as number).toString(2)].filter((bit) => bit === '1').length;
      const shouldBe =
        (events as number) >= TINY_BOTS.eventsPerDay ||
        (interactions as number) >= TINY_BOTS.interactionsPerDay ||
        active >= TINY_BOTS.activeHours;
      expect(isBot(app as number, day as number, device as number)).toBe(shouldBe);
    }
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
  }
}
