import { growthOf, reportSoak, type SoakHour } from '../../bench/cases/soak-report.ts';
import { Report } from '../../bench/lib/report.ts';

const hourOf = (megabytes: number, refused: Record<string, number> = {}): SoakHour => ({
  residentBytes: megabytes * 1e6,
  heapUsedBytes: 50e6,
  events: 10,
  polls: 1,
  searches: 1,
  signIns: 1,
  refused: [refused],
});

describe('memory over simulated hours', () => {
  it('compares both ends after the warm-up, by their medians', () => {
    const steady = [100, 180, ...Array.from({ length: 22 }, (_, hour) => 200 + (hour % 2))];
    expect(Math.abs(growthOf(steady).share)).toBeLessThan(0.01);
    // One hour that stands out at an end says nothing.
    expect(Math.abs(growthOf([...steady.slice(0, -1), 400]).share)).toBeLessThan(0.01);
    const leaking = steady.map((value, hour) => value + hour * 2);
    expect(growthOf(leaking)).toMatchObject({ from: 207, to: 244 });
    expect(growthOf([1, 1, 10, 12]).share).toBeCloseTo(0.2);
  });

  it('judges growth, and counts what was refused', () => {
    const report = new Report(() => undefined);
    report.begin('soak');
    const hours = [90, 95, 100, 100, 100, 120, 120, 120].map((value) => hourOf(value));
    reportSoak(report, [...hours, hourOf(120, { 503: 2 })], {
      idleBefore: 80e6,
      idleAfter: 88e6,
      restSeconds: 5,
      nightSeconds: 1,
    });
    const found = (what: string) => report.sections[0]!.figures.filter((figure) => figure.what.includes(what));
    expect(found('growth').map(({ median, verdict }) => [Math.round(median), verdict])).toEqual([
      [20, 'missed by 100 %'],
      [0, 'met'],
    ]);
    expect(found('after the last hour')[0]).toMatchObject({ median: 88, ratio: 1.1 });
    expect(found('refused')[0]).toMatchObject({ median: 2, verdict: 'missed', note: '2 × 503' });
  });
});
