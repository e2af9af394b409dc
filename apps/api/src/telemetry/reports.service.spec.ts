import fc from 'fast-check';
import { AppError } from '../common/app-error.js';
import { readRange } from './reports.service.js';

const NOW = Date.parse('2026-11-20T12:34:56.789Z');
const DAY_MS = 86_400_000;
const range = (from?: string, to?: string, hourly = false) => readRange({ from, to, include_bots: false }, hourly, NOW);

describe('the range of a question', () => {
  it('is the last seven days, or 24 hours by the hour, unless it says more', () => {
    expect(range()).toEqual({ fromMs: NOW - 7 * DAY_MS, toMs: NOW });
    expect(range(undefined, undefined, true)).toEqual({ fromMs: NOW - DAY_MS, toMs: NOW });
    expect(range(undefined, '2026-11-08T00:00:00+01:00')).toEqual({
      fromMs: Date.parse('2026-10-31T23:00:00Z'),
      toMs: Date.parse('2026-11-07T23:00:00Z'),
    });
    expect(range('2026-11-19T00:00:00Z')).toEqual({ fromMs: Date.parse('2026-11-19T00:00:00Z'), toMs: NOW });
  });

  it('is never empty, endless or of another age, and whatever is not taken is named', () => {
    const time = fc.date({ min: new Date('1990-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(
        fc.option(time, { nil: undefined }),
        fc.option(time, { nil: undefined }),
        fc.boolean(),
        (from, to, hourly) => {
          try {
            const { fromMs, toMs } = range(from?.toISOString(), to?.toISOString(), hourly);
            expect(fromMs).toBeLessThan(toMs);
            expect(toMs - fromMs).toBeLessThanOrEqual((hourly ? 92 : 3_660) * DAY_MS);
            expect(fromMs).toBeGreaterThanOrEqual(Date.UTC(2000, 0));
            expect(toMs).toBeLessThanOrEqual(Date.UTC(2100, 0));
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            expect(error.code).toBe('validation-failed');
            expect(error.options.errors?.[0]?.pointer).toMatch(/^\/(from|to)$/);
          }
        },
      ),
    );
  });
});
