import { drawCurves } from '../../bench/lib/curve.ts';
import { compare, confirm, recordOf, TOLERANCE } from '../../bench/lib/record.ts';
import { judge, type Figure, type Section } from '../../bench/lib/report.ts';

const sectionOf = (...figures: Figure[]): Section[] => [{ name: 'ingest', figures: figures.map(judge) }];
const rate = (value: number): Figure => ({
  what: 'events',
  unit: 'events/s',
  values: [value],
  baseline: { what: 'a bare server, 100 rows', values: [100] },
});
const wait = (value: number): Figure => ({
  what: '  p99',
  unit: 'ms',
  values: [value],
  baseline: { what: 'its p99 without', values: [10] },
});

describe('the record of the benchmarks', () => {
  const record = recordOf(sectionOf(rate(80), wait(20), { what: 'alone', unit: 's', values: [1] }), 'tenth');

  it('holds ratios, and no times', () => {
    expect(record).toEqual({
      scale: 'tenth',
      ratios: { ingest: { 'events / a bare server, n rows': 0.8, 'p99 / its p99 without': 2 } },
    });
  });

  it('takes a lower rate and a longer wait for a regression, beyond what ratios swing by', () => {
    const worse = (sections: Section[]) => compare(sections, record).comparisons.map((one) => one.isRegression);
    expect(worse(sectionOf(rate(80), wait(20)))).toEqual([false, false]);
    expect(worse(sectionOf(rate(80 * (1 - TOLERANCE) + 1), wait(20 * (1 + TOLERANCE) - 0.1)))).toEqual([false, false]);
    expect(worse(sectionOf(rate(80 * (1 - TOLERANCE) - 1), wait(20 * (1 + TOLERANCE) + 0.1)))).toEqual([true, true]);
    expect(worse(sectionOf(rate(800), wait(2)))).toEqual([false, false]);
  });

  it('believes a regression when it is there a second time', () => {
    const of = (...values: [number, number]) =>
      compare(sectionOf(rate(values[0]), wait(values[1])), record).comparisons;
    const seen = (first: [number, number], again: [number, number]) =>
      confirm(of(...first), of(...again)).map(({ ratio, isRegression }) => [ratio, isRegression]);
    expect(seen([10, 90], [80, 90])).toEqual([
      [0.8, false],
      [9, true],
    ]);
    // What was well the first time stays so.
    expect(seen([80, 90], [10, 20])).toEqual([
      [0.8, false],
      [2, false],
    ]);
    expect(confirm(of(10, 20), [])[0]).toMatchObject({ isRegression: true });
  });

  it('names what is recorded and was not measured', () => {
    expect(compare(sectionOf(rate(80)), record).missing).toEqual(['ingest: p99 / its p99 without']);
    expect(compare([], record)).toEqual({ comparisons: [], missing: [] });
  });
});

describe('a plot', () => {
  it('has a line with a point for each size, and says what it shows', () => {
    const points = [1_000, 10_000, 100_000].map((size) => ({ size, value: size / 10_000 }));
    const svg = drawCurves('search <by> word', 'apps', 'ms', [{ series: 'one & two', points }]);
    expect(svg).toContain('<title>search &#60;by&#62; word</title>');
    expect(svg).toContain('one &#38; two');
    // Three points and the mark in the legend.
    expect(svg.match(/<circle/g)).toHaveLength(4);
    const [, path = ''] = /<path d="([^"]+)"/.exec(svg) ?? [];
    const steps = path.match(/[\d.]+ [\d.]+/g)?.map((point) => point.split(' ').map(Number)) ?? [];
    const slopes = [0, 1].map((at) => (steps[at + 1]![1]! - steps[at]![1]!) / (steps[at + 1]![0]! - steps[at]![0]!));
    // Growth in proportion is a straight line where both axes are logarithmic.
    expect(slopes[0]).toBeCloseTo(slopes[1]!, 2);
    expect(slopes[0]).toBeLessThan(0);
  });
});
