import { findExcess } from './bounds.js';
import { DEFAULT_TUNING } from './tuning.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('the bounds of what Litestream may hold', () => {
  const judge = (sizes: { walBytes?: number; shadowBytes?: number }, freeBytes: number, deadForMs = 0) =>
    findExcess(
      {
        generation: 'a',
        end: undefined,
        shadow: [],
        writtenBytes: 0,
        databaseBytes: 0,
        walBytes: 0,
        shadowBytes: 0,
        ...sizes,
      },
      { freeBytes, deadForMs },
      DEFAULT_TUNING,
    );

  it.each([
    ['1 GiB of WAL and 4 GiB of copies, where there is room', 100 * GIB, GIB, 4 * GIB],
    ['a quarter of the free space where that is less', 2 * GIB, 512 * MIB, 512 * MIB],
    ['32 MiB, however full the disk is', 0, 32 * MIB, 32 * MIB],
  ])('are %s', (_what, freeBytes, walBound, shadowBound) => {
    expect(judge({ walBytes: walBound, shadowBytes: shadowBound }, freeBytes)).toBeUndefined();
    expect(judge({ walBytes: walBound + 1 }, freeBytes)).toMatch(/^Litestream let the WAL grow to \d+ MiB$/);
    expect(judge({ shadowBytes: shadowBound + 1 }, freeBytes)).toMatch(/^\d+ MiB waited for a replica/);
  });

  it('are five minutes for one that cannot be started', () => {
    expect(judge({}, GIB, 5 * 60_000)).toBeUndefined();
    expect(judge({}, GIB, 5 * 60_000 + 1)).toBe('Litestream could not be started');
  });
});
