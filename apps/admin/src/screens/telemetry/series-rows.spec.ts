import { MAX_LINES, toRows } from './series-rows';

const points = (...values: number[]) => values.map((value, index) => ({ time: `2026-11-2${index}T00:00:00Z`, value }));
const answer = (series: { key: string | null; points: { time: string; value: number }[] }[]) => ({
  metric: 'events',
  interval: 'day',
  from: '',
  to: '',
  series,
});

describe('rows of a chart', () => {
  it('has one row a bucket with the value of each series, the largest first', () => {
    const { names, rows } = toRows(
      answer([
        { key: '1.0', points: points(1, 0) },
        { key: '2.0', points: points(5, 7) },
      ]),
    );
    expect(names).toEqual(['2.0', '1.0']);
    expect(rows).toEqual([
      { time: '2026-11-20T00:00:00Z', '2.0': 5, '1.0': 1 },
      { time: '2026-11-21T00:00:00Z', '2.0': 7, '1.0': 0 },
    ]);
  });

  it('says how many lines are too many to be told apart', () => {
    const many = Array.from({ length: MAX_LINES + 3 }, (_, index) => ({ key: `${index}`, points: points(index) }));
    expect(toRows(answer(many))).toMatchObject({ hidden: 3 });
  });

  it('calls the one series of everything "all", and one without a name what it is', () => {
    expect(toRows(answer([{ key: null, points: points(1) }])).names).toEqual(['all']);
    expect(
      toRows(
        answer([
          { key: null, points: points(1) },
          { key: 'x', points: points(0) },
        ]),
      ).names[0],
    ).toBe('not said');
  });
});
