import fc from 'fast-check';
import { normaliseSemver } from '@mosis/package';
import { toSemver } from './catalogue.js';

describe('toSemver', () => {
  it.each([
    ['1.2.3', '1.2.3', 'as-is'],
    ['1.2.3-beta.1+5', '1.2.3-beta.1+5', 'as-is'],
    ['1.4', '1.4.0', 'padded'],
    ['7', '7.0.0', 'padded'],
    ['v2.0', '2.0.0', 'padded'],
    ['1.04.2', '1.4.2', 'padded'],
    ['1.2.3.4', '1.2.3+4', 'padded'],
    ['2.0-beta1', '2.0.0-beta1', 'padded'],
    ['1.0 (final)', '0.0.9', 'stand-in'],
    ['Nightly', '0.0.9', 'stand-in'],
    ['', '0.0.9', 'stand-in'],
  ])('makes %j the version %s', (name, version, rule) => {
    expect(toSemver(name, 9)).toEqual({ version, rule });
  });

  it('always answers a semantic version', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^v?[0-9]{1,12}(\.[0-9]{1,3}){0,5}[-_ +a-z0-9.]{0,12}$/)),
        fc.integer({ min: 1, max: 2_147_483_647 }),
        (name, code) => {
          const { version } = toSemver(name, code);
          expect(normaliseSemver(version)).toBe(version);
        },
      ),
    );
  });
});
