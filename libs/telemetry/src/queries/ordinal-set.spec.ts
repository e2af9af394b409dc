import fc from 'fast-check';
import { RoaringBitmap32, withBitmaps, writeBitmap } from '../bitmaps.js';
import { OrdinalSet } from './ordinal-set.js';

const stored = (ordinals: Iterable<number>): Buffer => withBitmaps(() => writeBitmap(new RoaringBitmap32(ordinals)));

/** Sets as arrays, bits and runs, in one container and in several. */
const ordinals = fc
  .array(
    fc.record({
      container: fc.integer({ min: 0, max: 6 }),
      from: fc.integer({ min: 0, max: 65_535 }),
      count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4_000, max: 9_000 })),
      step: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 6 },
  )
  .map((runs) => {
    const all = new Set<number>();
    for (const { container, from, count, step } of runs) {
      for (let index = 0; index < count; index++) all.add(container * 65_536 + ((from + index * step) & 65_535));
    }
    return all;
  });

describe('a set of ordinals', () => {
  it('is as large as the union of what was stored, without what is left out', () => {
    const added = fc.array(fc.tuple(ordinals, fc.option(ordinals, { nil: undefined })), { maxLength: 4 });
    fc.assert(
      fc.property(added, (parts) => {
        const set = new OrdinalSet();
        const expected = new Set<number>();
        for (const [some, except] of parts) {
          set.add(stored(some), except && stored(except));
          for (const ordinal of some) if (!except?.has(ordinal)) expected.add(ordinal);
        }
        expect(set.size).toBe(expected.size);
        set.clear();
        expect(set.size).toBe(0);
        if (parts[0]) {
          set.add(stored(parts[0][0]));
          expect(set.size).toBe(parts[0][0].size);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('refuses bytes that are not a bitmap, and those that end too early', () => {
    const set = new OrdinalSet();
    expect(() => set.add(Buffer.from('no bitmap at all'))).toThrow('not a bitmap');
    expect(() => set.add(Buffer.alloc(0))).toThrow(RangeError);
    const samples = [
      new Set([1, 5, 70_000]),
      new Set(Array.from({ length: 9_000 }, (_, index) => index * 3)),
      new Set(Array.from({ length: 9_000 }, (_, index) => index)),
    ];
    for (const whole of samples.map(stored)) {
      for (const length of [4, 9, whole.length - 1]) {
        expect(() => set.add(Buffer.from(whole.subarray(0, length)))).toThrow(RangeError);
      }
    }
  });
});
