import { readTelemetrySearch, resolveTelemetrySearch } from './telemetry-search';

const NOW_MS = Date.parse('2026-11-27T18:20:30Z');

describe('the choices of a telemetry page', () => {
  it('reads what the address says and leaves out what makes no sense', () => {
    expect(readTelemetrySearch({ range: '7d', metric: 'crashes', by: 'os', bots: 'true', interval: 'minute' })).toEqual(
      {
        range: '7d',
        metric: 'crashes',
        by: 'os',
        bots: 'true',
      },
    );
    expect(readTelemetrySearch({ range: 'for ever', bots: 'yes' })).toEqual({});
  });

  it('asks for whole days up to the end of today', () => {
    const { asked, interval, metric } = resolveTelemetrySearch({ range: '7d' }, NOW_MS);
    expect([interval, metric]).toEqual(['day', 'devices']);
    expect(asked).toEqual({ from: '2026-11-21T00:00:00.000Z', to: '2026-11-28T00:00:00.000Z' });
  });

  it('asks for whole hours by the hour, and never for more hours than a chart can show', () => {
    const day = resolveTelemetrySearch({ range: '24h' }, NOW_MS);
    expect(day.asked).toEqual({ from: '2026-11-26T19:00:00.000Z', to: '2026-11-27T19:00:00.000Z' });
    expect(resolveTelemetrySearch({ range: '90d', interval: 'hour' }, NOW_MS)).toMatchObject({
      interval: 'day',
      mayBeByHour: false,
    });
  });

  it('ends with the next bucket exactly at the turn of an hour', () => {
    const { asked } = resolveTelemetrySearch({ range: '24h' }, Date.parse('2026-11-27T18:00:00Z'));
    expect(asked.to).toBe('2026-11-27T19:00:00.000Z');
  });
});
