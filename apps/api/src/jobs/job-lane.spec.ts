import { once, EventEmitter } from 'node:events';
import { JobLane } from './job-lane.js';

describe('a lane of background work', () => {
  it('goes on after it could not learn when the next job is due, and says so', async () => {
    const events = new EventEmitter();
    const errors: unknown[] = [];
    let worked = 0;
    const lane = new JobLane('quick', 1, {
      work: async () => {
        worked += 1;
        if (worked === 2) events.emit('worked again');
      },
      findNapMs: async () => {
        if (worked === 1) throw new Error('disk I/O error');
        return 60_000;
      },
      onError: (error) => errors.push(error),
    });
    const again = once(events, 'worked again');
    lane.wake();
    // The lane's own timer keeps nothing alive.
    const alive = setInterval(() => undefined, 1_000);
    await again;
    clearInterval(alive);
    await lane.underWay;
    lane.stop();
    expect(errors).toEqual([new Error('disk I/O error')]);
  });
});
