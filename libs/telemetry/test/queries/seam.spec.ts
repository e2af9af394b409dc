import type { TimeseriesQuery } from '../../src/queries/types.js';
import { DAY, HOUR } from './support/plain-events.js';
import { FIRST_HOUR_DAY, Scene } from './support/scene.js';

const scene = new Scene();
afterAll(() => scene.close());

/** From two days before hours begin to two days after. */
const FIRST_MS = (FIRST_HOUR_DAY - 2) * DAY;
const HOURS = 96;

describe('The seam between days and hours', () => {
  it('neither loses nor doubles an hour, wherever a range begins and ends', () => {
    // One event, session and device an hour: every count is a number of hours.
    const events = Array.from({ length: HOURS }, (_, hour) => ({
      device: hour,
      session: hour,
      timeMs: FIRST_MS + hour * HOUR + 1,
      type: 'app_start',
      app_version: '1',
      os: '',
    }));
    const packageId = scene.add({ events, bots: new Set() });
    const wrong: string[] = [];
    for (let from = 0; from < HOURS; from += 1) {
      // Five shares no factor with the hours of a day: every hour ends some range.
      for (let to = from + 1; to <= HOURS; to += 5) {
        // Hours that are gone are counted as whole days.
        const first = from < 48 ? from - (from % 24) : from;
        const last = to <= 48 ? Math.ceil(to / 24) * 24 : to;
        const range = { fromMs: FIRST_MS + from * HOUR + 7, toMs: FIRST_MS + to * HOUR - 7 };
        for (const metric of ['events', 'sessions', 'devices'] as const) {
          const query: TimeseriesQuery = { packageId, range, metric, interval: 'month', includeBots: false };
          const answer = scene.ask('timeseries', query);
          const total = answer.series[0]?.points.reduce((sum, { value }) => sum + value, 0);
          const counted = [answer.from, answer.to].map((time) => (Date.parse(time) - FIRST_MS) / HOUR);
          if (total !== last - first || counted[0] !== first || counted[1] !== last) {
            wrong.push(`${metric} ${from}–${to}: ${total} in ${counted.join('–')}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
