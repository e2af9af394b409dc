import fc from 'fast-check';
import { replaceNonFinite } from './non-finite.js';

describe('replaceNonFinite', () => {
  it('rewrites the bare tokens and nothing else', () => {
    expect(replaceNonFinite('{"NaN": NaN, "a":[Infinity,-Infinity , "Infinity", "\\"NaN"]}')).toBe(
      '{"NaN": 1e999, "a":[1e999,-1e999 , "Infinity", "\\"NaN"]}',
    );
    expect(replaceNonFinite('["say \\":NaN,\\\\", NaN]')).toBe('["say \\":NaN,\\\\", 1e999]');
    expect(replaceNonFinite('NaN')).toBe('1e999');
  });

  it.each([
    '',
    '{"a":1}',
    '"NaN"',
    '{"a":"NaN',
    '{"a":nan}',
    '{"a":1NaN}',
    '{"a":NaN1}',
    '[1 NaN]',
    '[NaNNaN]',
    '[- Infinity]',
    '[--Infinity]',
    '[+Infinity]',
    '{NaN:1}',
    '["\\',
  ])('leaves %j alone', (text) => {
    expect(replaceNonFinite(text)).toBeUndefined();
  });

  it('leaves no text readable that was not a JSON text but for its tokens', () => {
    const piece = fc.constantFrom(
      'NaN',
      'Infinity',
      '-Infinity',
      '-',
      '1',
      '"',
      '\\',
      '[',
      ']',
      '{',
      '}',
      ':',
      ',',
      ' ',
      '"a"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const repaired = replaceNonFinite(text);
        if (repaired === undefined || !isJson(repaired)) return;
        // Each token alone is a value, so the text with a plain number in its place must be JSON as well.
        const tokens = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (found) =>
          found.startsWith('"') ? found : ' 1 ',
        );
        expect(isJson(tokens)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes one pass over a megabyte of tokens, quotes or backslashes', () => {
    expect(replaceNonFinite('NaN,'.repeat(250_000))).toHaveLength(1_500_000);
    expect(replaceNonFinite('"'.repeat(1_000_001))).toBeUndefined();
    expect(replaceNonFinite(`"${'\\'.repeat(1_000_000)}`)).toBeUndefined();
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
