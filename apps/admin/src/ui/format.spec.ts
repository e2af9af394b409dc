import {
  formatByteChange,
  formatBytes,
  formatCount,
  formatDistance,
  formatDuration,
  formatTimeLeft,
  plural,
} from './format';

describe('figures for people', () => {
  it.each([
    [45_000, '45 s'],
    [12 * 60_000, '12 min'],
    [5 * 3_600_000, '5 h'],
    [47 * 3_600_000, '47 h'],
    [72 * 3_600_000, '3 d'],
    [-90_000, '1 min'],
  ])('writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [20_000, 'less than a minute'],
    [12 * 60_000, '12 min'],
    [5 * 3_600_000 + 10 * 60_000, '5 h 10 min'],
    [5 * 3_600_000, '5 h'],
    [53.5 * 3_600_000, '2 d 5 h'],
    [-26 * 3_600_000, '1 d 2 h'],
  ])('writes %d ms that are left as %s', (ms, text) => expect(formatTimeLeft(ms)).toBe(text));

  it('never puts what has just happened into the future', () => {
    const now = 1_000_000_000;
    expect(
      [now - 3_000, now + 8_000, now - 40_000, now - 90_000, now + 90_000].map((at) => formatDistance(at, now)),
    ).toEqual(['just now', 'just now', '40 s ago', '1 min ago', 'in 1 min']);
  });

  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [104_857_600, '100 MiB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('gives a change of size its sign', () => {
    expect([1024, -300, 0].map(formatByteChange)).toEqual(['+1.0 KiB', '−300 B', '±0']);
  });

  it('writes counts with their words', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect([plural(1, 'file'), plural(2, 'file'), plural(0, 'entry', 'entries')]).toEqual([
      '1 file',
      '2 files',
      '0 entries',
    ]);
  });
});
