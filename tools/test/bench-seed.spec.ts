import { ArgumentError, readArguments } from '../../bench/lib/arguments.ts';
import { devicesOn, makeFleet } from '../../bench/seed/fleet.ts';

describe('the data sets of the benchmarks', () => {
  it('are of two hundred apps of very unequal size, each with devices', () => {
    const fleet = makeFleet(20_000);
    const shares = fleet.map(({ share }) => share);
    expect(fleet).toHaveLength(200);
    expect(new Set(fleet.map(({ packageId }) => packageId)).size).toBe(200);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect((shares[0] as number) / (shares[199] as number)).toBeGreaterThan(100);
    expect(fleet.every((app) => devicesOn(app, 0, 90) >= 1)).toBe(true);
  });

  it('are built alone by seed, which says where they go', () => {
    const read = (...words: string[]) => readArguments(words, ['query']);
    expect(read('seed', '--scale', 'full', '--dir', '/big')).toMatchObject({ seedOnly: true, folder: '/big' });
    expect(read('query')).toMatchObject({ seedOnly: false });
    expect(() => read('seed')).toThrow(ArgumentError);
    expect(() => read('seed', 'query', '--dir', '/big')).toThrow(ArgumentError);
  });
});
