import { sessionIdOf, seededRandom, someEvents } from './support/batches.js';
import { DirectEngine, NO_BOTS, TINY_BOTS } from './support/direct-engine.js';
import { compareWithRecount, readBots } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

const APP = 'com.example.one';

describe('other thresholds of bots', () => {
  it.each([
    ['stricter', NO_BOTS, TINY_BOTS],
    ['looser', TINY_BOTS, NO_BOTS],
    ['of another kind', { ...NO_BOTS, eventsPerDay: 15 }, { ...NO_BOTS, activeHours: 3 }],
  ])('that are %s move the counts of days that can be counted again', async (_name, before, after) => {
    const random = seededRandom(9);
    const engine = new DirectEngine({ bots: before });
    for (let round = 0; round < 40; round += 1) {
      const device = Math.floor(random() * 5);
      engine.upload({
        packageId: APP,
        deviceId: `d${device}`,
        sessionId: sessionIdOf(round % 7),
        events: [
          ...someEvents(1 + Math.floor(random() * 6), 'button_click', Math.floor(random() * 2 * DAY_MS)),
          ...someEvents(1, 'app_crash'),
        ],
      });
      engine.clock.advance(2 * HOUR_MS);
      if (round % 5 === 0) engine.flush();
      if (round % 10 === 0) engine.judge();
    }
    engine.flush();
    engine.judge();
    engine.reopen(after);
    // What came before the change and after it, on the same days.
    engine.upload({ packageId: APP, deviceId: 'd1', sessionId: sessionIdOf(99), events: someEvents(3) });
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
    await engine.runAudit(true);
    expect(compareWithRecount(engine.db)).toEqual([]);
    const isBot = readBots(engine.db);
    let bots = 0;
    for (const day of engine.db.prepare('SELECT * FROM device_days').all() as Record<
      'app' | 'day' | 'device' | 'events' | 'interactions' | 'hours',
      number
    >[]) {
      const active = [...day.hours.toString(2)].filter((bit) => bit === '1').length;
      const should =
        day.events >= after.eventsPerDay || day.interactions >= after.interactionsPerDay || active >= after.activeHours;
      expect(isBot(day.app, day.day, day.device)).toBe(should);
      if (should) bots += 1;
    }
    expect(bots > 0).toBe(after !== NO_BOTS);
    expect(await engine.runAudit(true)).toMatchObject({ differences: 0 });
    engine.close();
  });
});
