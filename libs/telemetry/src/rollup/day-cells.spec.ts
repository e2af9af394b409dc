import fc from 'fast-check';
import { DayCells, differenceAt, sliceDifferences, type Cell } from './day-cells.js';
import { HOUR_RANGE } from './expand.js';

const word = fc.oneof(fc.nat({ max: 3 }), fc.constant(2 ** 40));
const cell = fc.record({
  app: fc.oneof(fc.nat({ max: 3 }), fc.constant(1_000_000)),
  dimension: fc.nat({ max: 4 }),
  hour: fc.nat({ max: 23 }),
  value: word,
  // Measures that are no types are negative.
  measure: fc.oneof(word, fc.constantFrom(-1, -2)),
  bot: fc.constantFrom(0 as const, 1 as const),
});
const counts = fc.array(fc.tuple(cell, fc.nat({ max: 3 })), { maxLength: 60 });
type Counts = [Cell & { bot: 0 | 1; hour: number }, number][];

const nameOf = ({ app, dimension, hour, value, measure, bot }: Cell): string =>
  JSON.stringify([app, dimension, hour ?? 'day', value, measure, bot]);

/** The counts as they are kept, and by name; those of the whole day among them. */
function fill(rows: Counts): { cells: DayCells; byName: Map<string, number> } {
  const cells = new DayCells();
  const byName = new Map<string, number>();
  for (const [one, n] of rows) {
    const values = cells.of(one.app)[one.bot][one.dimension] as Map<number, Map<number, number>>;
    const ofValue = values.get(one.value) ?? new Map<number, number>();
    values.set(one.value, ofValue.set(one.measure * HOUR_RANGE + one.hour, n));
    byName.set(nameOf(one), n);
  }
  for (const [one] of new Map(rows.map((row) => [nameOf(row[0]), row])).values()) {
    const day = nameOf({ ...one, hour: undefined });
    byName.set(day, (byName.get(day) ?? 0) + (byName.get(nameOf(one)) as number));
  }
  cells.sumUp();
  return { cells, byName };
}

describe('counts of a day', () => {
  it('are summed up, and compared with others so that each cell is seen once', () => {
    fc.assert(
      fc.property(counts, counts, (some, others) => {
        const [should, is] = [fill(some), fill(others)];
        const names = new Set([...should.byName.keys(), ...is.byName.keys()]);
        const expected = new Map(
          [...names]
            .map((name) => [name, (should.byName.get(name) ?? 0) - (is.byName.get(name) ?? 0)] as const)
            .filter(([, n]) => n !== 0),
        );
        const { compared, differences } = should.cells.compare(is.cells);
        const found = Array.from(differences.n, (_, index) => differenceAt(differences, index));
        expect(compared).toBe(names.size);
        expect(found).toHaveLength(expected.size);
        expect(new Map(found.map((one) => [nameOf(one), one.n]))).toEqual(expected);
        const pieces = [0, 1, 2, 3, 4, 5].map((piece) => sliceDifferences(differences, piece * 50, piece * 50 + 50));
        expect(pieces.flatMap((piece) => Array.from(piece.n, (_, index) => differenceAt(piece, index)))).toEqual(found);
        expect(pieces.every((piece) => piece.n.buffer.byteLength <= 50 * 8)).toBe(true);
      }),
    );
  });
});
