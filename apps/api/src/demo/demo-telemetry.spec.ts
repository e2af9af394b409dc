import { makeDemoBatches } from './demo-telemetry.js';

const app = { packageId: 'com.example.demo', versions: ['1.0.0', '1.1.0'] };
const at = (time: string) => [...makeDemoBatches(app, Date.parse(time))];

describe('devices of the demo', () => {
  it('do the same every time, and go on where they were', () => {
    const before = at('2026-11-20T12:00:00Z');
    expect(at('2026-11-20T12:00:00Z')).toEqual(before);
    const later = new Map(at('2026-11-21T12:00:00Z').map((batch) => [batch.batch_id, batch]));
    const since = Date.parse('2026-11-15T00:00:00Z');
    const still = before.filter(({ events }) => Date.parse(events[0]?.timestamp ?? '') >= since);
    expect(still.length).toBeGreaterThan(50);
    for (const batch of still) expect(later.get(batch.batch_id)).toEqual(batch);
  });

  it('send nothing of the future, and nothing that is too old to be taken', () => {
    for (const hour of ['00:00', '07:30', '12:00', '23:59']) {
      const now = Date.parse(`2026-11-20T${hour}:00Z`);
      const times = at(`2026-11-20T${hour}:00Z`).flatMap(({ events }) =>
        events.map(({ timestamp }) => Date.parse(timestamp)),
      );
      expect(Math.max(...times)).toBeLessThan(now);
      expect(now - Math.min(...times)).toBeLessThan(7 * 86_400_000);
    }
  });

  it('are enough for a chart, with a crash here and there', () => {
    const batches = at('2026-11-20T12:00:00Z');
    const types = new Set(batches.flatMap(({ events }) => events.map(({ type }) => type)));
    expect(batches.length).toBeGreaterThan(100);
    for (const type of ['app_start', 'app_stop', 'screen_view', 'button_click', 'app_crash', 'lua_error'])
      expect(types).toContain(type);
    expect(new Set(batches.map(({ batch_id }) => batch_id)).size).toBe(batches.length);
    expect(new Set(batches.map(({ app_version }) => app_version)).size).toBe(2);
  });
});
