import fc from 'fast-check';
import {
  RoaringBitmap32,
  cardinality,
  keepBitmap,
  readBitmap,
  unionOf,
  using,
  withBitmaps,
  without,
  writeBitmap,
} from './bitmaps.js';

const ordinals = fc.array(fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 4_294_967_295 })), { maxLength: 200 });
const sorted = (values: Iterable<number>) => [...new Set(values)].sort((a, b) => a - b);

describe('Bitmaps of ordinals', () => {
  it('come back from their bytes as the same set', () => {
    fc.assert(
      fc.property(ordinals, (values) =>
        withBitmaps(() => {
          const read = readBitmap(writeBitmap(new RoaringBitmap32(values)));
          expect(read.toArray()).toEqual(sorted(values));
          expect(cardinality(read)).toBe(new Set(values).size);
        }),
      ),
    );
  });

  it('have the same bytes for the same set, however it was put together', () => {
    fc.assert(
      fc.property(ordinals, (values) =>
        withBitmaps(() => {
          const atOnce = writeBitmap(new RoaringBitmap32(sorted(values)));
          const byOne = new RoaringBitmap32();
          for (const value of values) byOne.add(value);
          const again = readBitmap(writeBitmap(byOne));
          for (const value of values.toReversed()) again.add(value);
          expect(writeBitmap(byOne)).toEqual(atOnce);
          expect(writeBitmap(again)).toEqual(atOnce);
        }),
      ),
    );
  });

  it('are united and taken from each other as sets are, and stay what they were', () => {
    fc.assert(
      fc.property(fc.array(ordinals, { maxLength: 5 }), ordinals, (many, taken) =>
        withBitmaps(() => {
          const bitmaps = many.map((values) => new RoaringBitmap32(values));
          const all = unionOf(bitmaps);
          expect(all.toArray()).toEqual(sorted(many.flat()));
          const rest = without(all, new RoaringBitmap32(taken));
          expect(rest.toArray()).toEqual(sorted(many.flat()).filter((value) => !taken.includes(value)));
          bitmaps.forEach((bitmap, index) => expect(bitmap.toArray()).toEqual(sorted(many[index] ?? [])));
        }),
      ),
    );
  });

  it('are refused when their bytes are not a bitmap', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(3)]) {
      expect(() => readBitmap(bytes)).toThrow();
    }
  });
});

describe('The memory of bitmaps', () => {
  it('is free after the scope they were made in, after an error too', () => {
    const made: RoaringBitmap32[] = [];
    withBitmaps(() => {
      const one = RoaringBitmap32.of(1, 2);
      withBitmaps(() => made.push(one.clone()));
      expect(made[0]?.isDisposed).toBe(true);
      expect(one.isDisposed).toBe(false);
      made.push(one, readBitmap(writeBitmap(one)), unionOf([one]), without(one, one));
    });
    expect(() =>
      withBitmaps(() => {
        made.push(RoaringBitmap32.of(3));
        throw new Error('broken off');
      }),
    ).toThrow('broken off');
    expect(made.every((bitmap) => bitmap.isDisposed)).toBe(true);
  });

  it('is free after one bitmap was used, after an error too', () => {
    const bitmap = RoaringBitmap32.of(1, 2, 3);
    expect(using(bitmap, (used) => used.size)).toBe(3);
    expect(bitmap.isDisposed).toBe(true);
    const other = RoaringBitmap32.of(1);
    const breaksOff = () => {
      throw new Error('broken off');
    };
    expect(() => using(other, breaksOff)).toThrow('broken off');
    expect(other.isDisposed).toBe(true);
  });

  it('stays with a bitmap that is kept', () => {
    const kept = withBitmaps(() => keepBitmap(RoaringBitmap32.of(7)));
    expect(using(kept, (bitmap) => bitmap.toArray())).toEqual([7]);
    expect(using(keepBitmap(RoaringBitmap32.of(8)), (bitmap) => bitmap.toArray())).toEqual([8]);
  });
});
