import { PACKAGE_ID_PATTERN, isPackageId } from './package-id.js';
import { compareSemver, normaliseSemver } from './version-name.js';

describe('a package id', () => {
  it.each(['a.b', 'com.example.app', 'A.B', 'a1.b_2', 'com.example.Clock_2', `a.${'b'.repeat(253)}`])(
    'can be %s',
    (id) => {
      expect(isPackageId(id)).toBe(true);
      expect(PACKAGE_ID_PATTERN.test(id)).toBe(true);
    },
  );

  it.each([
    '',
    'a',
    'a.',
    '.a',
    'a..b',
    '1a.b',
    'a.1b',
    '_a.b',
    'a._b',
    'a-b.c',
    'a.b ',
    'a.b\n',
    'ä.b',
    'a.б',
    `a.${'b'.repeat(254)}`,
  ])('cannot be %j', (id) => {
    expect(isPackageId(id)).toBe(false);
  });
});

describe('a version name', () => {
  it.each([
    '0.0.0',
    '1.2.3',
    '1.0.0-alpha.1',
    '1.0.0-0A.is.legal',
    '1.0.0+build.5',
    '1.0.0-rc.1+exp.sha-5114f85',
    '1.0.0--',
    '1.0.0+001',
  ])('can be %s', (version) => {
    expect(normaliseSemver(version)).toBe(version);
  });

  it.each([
    '',
    '1',
    '1.2',
    '1.2.3.4',
    'v1.2.3',
    '=1.2.3',
    ' 1.2.3',
    '1.2.3 ',
    '01.2.3',
    '1.2.3-01',
    '1.2.3-',
    '1.2.3+',
    '1.2.3-a..b',
    '1.2.x',
    '1.2.3\n',
    '99999999999999999999.0.0',
    `1.0.0-${'a'.repeat(300)}`,
  ])('cannot be %j', (version) => {
    expect(normaliseSemver(version)).toBeUndefined();
  });

  it('is ordered by precedence', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.10.0',
    ];
    expect([...ordered].reverse().sort(compareSemver)).toEqual(ordered);
    expect(compareSemver('1.0.0+a', '1.0.0+b')).toBe(0);
  });
});
