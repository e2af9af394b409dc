import fc from 'fast-check';
import { PackageError } from '../package-error.js';
import { parseStrictJson } from './strict-json.js';

function codeOf(text: string | Buffer): string {
  try {
    parseStrictJson(Buffer.from(text));
    return 'accepted';
  } catch (error) {
    if (error instanceof PackageError) return error.code;
    throw error;
  }
}

describe('strict JSON', () => {
  const refused: [string, string | Buffer][] = [
    ['manifest-bom', '\ufeff{}'],
    ['manifest-not-utf8', Buffer.from([0x22, 0xff, 0x22])],
    ['manifest-not-utf8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['manifest-not-utf8', Buffer.from('\ufeff{}', 'utf16le')],
    ['manifest-duplicate-key', '{"a":1,"a":1}'],
    ['manifest-duplicate-key', '{"a":1,"b":2,"\\u0061":3}'],
    ['manifest-duplicate-key', '{"id":1,"ID":2}'],
    ['manifest-duplicate-key', '[{"x":{"y":[{"k":1,"k":2}]}}]'],
    ['manifest-duplicate-key', '{"__proto__":1,"__proto__":2}'],
    ['manifest-duplicate-key', '{"":1,"":2}'],
    ['manifest-lone-surrogate', '"\\ud800"'],
    ['manifest-lone-surrogate', '"\\udc00\\ud800"'],
    ['manifest-lone-surrogate', '{"\\udfff":1}'],
    ['manifest-number', '1.0'],
    ['manifest-number', '1e3'],
    ['manifest-number', '-0'],
    ['manifest-number', '9007199254740993'],
    ['manifest-number', '1e999'],
    ['manifest-too-deep', '['.repeat(40) + ']'.repeat(40)],
    ['manifest-too-deep', '{"a":'.repeat(100_000)],
    ['manifest-syntax', ''],
    ['manifest-syntax', ' '],
    ['manifest-syntax', '{'],
    ['manifest-syntax', '{"a"}'],
    ['manifest-syntax', '{"a":}'],
    ['manifest-syntax', '{"a":1,}'],
    ['manifest-syntax', '{,"a":1}'],
    ['manifest-syntax', '{a:1}'],
    ['manifest-syntax', "{'a':1}"],
    ['manifest-syntax', '[1,]'],
    ['manifest-syntax', '[,1]'],
    ['manifest-syntax', '[1 2]'],
    ['manifest-syntax', '{} {}'],
    ['manifest-syntax', '{}\0'],
    ['manifest-syntax', '01'],
    ['manifest-syntax', '+1'],
    ['manifest-syntax', '.5'],
    ['manifest-syntax', '1.'],
    ['manifest-syntax', 'NaN'],
    ['manifest-syntax', 'tru'],
    ['manifest-syntax', 'True'],
    ['manifest-syntax', '"a\nb"'],
    ['manifest-syntax', '"\\x41"'],
    ['manifest-syntax', '"\\u00g0"'],
    ['manifest-syntax', '"open'],
    ['manifest-syntax', '"open\\'],
    ['manifest-syntax', '// comment\n{}'],
    ['manifest-syntax', '\u00a0{}'],
  ];

  it.each(refused)('refuses with %s: %j', (code, text) => {
    expect(codeOf(text)).toBe(code);
  });

  it('says where the first mistake is', () => {
    expect(() => parseStrictJson(Buffer.from('{\n"a": 1,\n"b": oops}'))).toThrow(/line 3/);
    expect(() => parseStrictJson(Buffer.from('{"a":{"b/c":[1,{"x":1,"x":2}]}}'))).toThrow('/a/b~1c/1/x');
  });

  it('keeps a key called __proto__ as data and leaves prototypes alone', () => {
    const value = parseStrictJson(Buffer.from('{"__proto__":{"polluted":true},"constructor":1}')) as object;
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads whatever JSON.stringify writes exactly as JSON.parse does', () => {
    const json = fc.json({ maxDepth: 5, stringUnit: 'binary' });
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2, '\t'), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), null, indent);
        const code = codeOf(written);
        if (code === 'accepted') expect(parseStrictJson(Buffer.from(written))).toEqual(JSON.parse(written));
        // Large floats print with an exponent and keys may differ only by case: refused by their own rules.
        else expect(['manifest-number', 'manifest-duplicate-key', 'manifest-lone-surrogate']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  it('never accepts what JSON.parse refuses, and throws nothing but PackageError', () => {
    const soup = fc.array(fc.constantFrom(...'{}[]",:\\u0eE+-.1 tfn'.split(''), 'true', 'null', '"a"'), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(soup, (parts) => {
        const text = parts.join('');
        if (codeOf(text) === 'accepted') expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
  });
});
