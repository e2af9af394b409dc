import { DATABASES } from '../location.js';
import { REPLICA_INTERVALS, scheduleOf } from './schedule.js';

const DAY_MS = 86_400_000;

describe('how often databases are copied', () => {
  it.each(DATABASES)('%s.db loses less than two seconds, and makes at most a segment a second', (database) => {
    const { monitorIntervalMs, syncIntervalMs } = REPLICA_INTERVALS[database];
    expect(monitorIntervalMs + syncIntervalMs).toBeLessThan(2_000);
    expect(DAY_MS / syncIntervalMs).toBeLessThanOrEqual(86_400);
  });

  it('keeps a snapshot that is as old as the oldest moment that is promised', () => {
    for (const database of DATABASES) {
      const { retentionMs, snapshotIntervalMs } = scheduleOf(database, 2);
      expect(retentionMs - snapshotIntervalMs).toBe(2 * DAY_MS);
    }
    expect(scheduleOf('core', 30).retentionMs).toBeGreaterThan(30 * DAY_MS);
    expect(scheduleOf('telemetry', 30).retentionMs).toBe(4 * DAY_MS);
  });
});
