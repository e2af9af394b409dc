import { drillState, formatMeasured } from './drill-words';

const NOW_MS = Date.parse('2026-11-27T18:00:00Z');
const drill = (state: 'passed' | 'failed', finished_at: string) => ({
  id: 'one',
  state,
  started_at: finished_at,
  finished_at,
  duration_seconds: 3,
  rpo_seconds: 0.63,
  rto_seconds: 2,
  restored_bytes: 1,
  objects_hashed: 1,
  checks: [],
  failures: [],
});

describe('words about the last drill', () => {
  it('tell one that passed from one that failed, one that is old, and none', () => {
    expect(drillState(drill('passed', '2026-11-27T03:00:00Z'), NOW_MS)).toEqual({ tone: 'good', text: 'passed' });
    expect(drillState(drill('failed', '2026-11-27T03:00:00Z'), NOW_MS)).toEqual({ tone: 'bad', text: 'failed' });
    expect(drillState(drill('passed', '2026-11-24T03:00:00Z'), NOW_MS)).toEqual({
      tone: 'warn',
      text: 'passed, but 3 d ago',
    });
    expect(drillState(null, NOW_MS)).toEqual({ tone: 'warn', text: 'never tried' });
  });

  it('write what was measured, and say what was not', () => {
    expect([formatMeasured(0.63), formatMeasured(754), formatMeasured(null)]).toEqual([
      '0.6 s',
      '12 min',
      'not measured',
    ]);
  });
});
