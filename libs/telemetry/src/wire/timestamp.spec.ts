import fc from 'fast-check';
import { parseTimestamp } from './timestamp.js';

const DAY_MS = 86_400_000;

describe('parseTimestamp', () => {
  it.each([
    ['2026-11-20T10:30:00Z', '2026-11-20T10:30:00.000Z'],
    ['2026-11-20t10:30:00z', '2026-11-20T10:30:00.000Z'],
    ['2026-11-20T10:30:00.5Z', '2026-11-20T10:30:00.500Z'],
    ['2026-11-20T10:30:00.123987654Z', '2026-11-20T10:30:00.123Z'],
    ['2026-11-20T10:30:00+05:30', '2026-11-20T05:00:00.000Z'],
    ['2026-11-20T10:30:00-08:00', '2026-11-20T18:30:00.000Z'],
    ['2026-11-20T10:30:00-00:00', '2026-11-20T10:30:00.000Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0000-03-01T00:00:00Z', '0000-03-01T00:00:00.000Z'],
    ['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.000Z'],
    ['2017-01-01T01:59:60.25+02:00', '2016-12-31T23:59:59.250Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(new Date(parseTimestamp(text)!).toISOString()).toBe(expected);
  });

  it.each([
    '',
    '2026',
    '2026-11-20',
    '2026-11-20T10:30:00',
    '2026-11-20 10:30:00Z',
    '2026-11-20T10:30Z',
    '2026-11-20T10:30:00.Z',
    '2026-11-20T10:30:00,5Z',
    '2026-11-20T10:30:00 Z',
    '2026-11-20T10:30:00ZZ',
    '2026-11-20T10:30:00+0530',
    '2026-11-20T10:30:00+5:30',
    '2026-11-20T10:30:00+24:00',
    '2026-11-20T10:30:00+00:60',
    '2026-11-20T24:00:00Z',
    '2026-11-20T10:60:00Z',
    '2026-11-20T10:30:61Z',
    '2026-11-20T10:30:60Z',
    '2026-00-20T10:30:00Z',
    '2026-13-20T10:30:00Z',
    '2026-11-00T10:30:00Z',
    '2026-11-31T10:30:00Z',
    '2026-02-29T10:30:00Z',
    '1900-02-29T10:30:00Z',
    '+002026-11-20T10:30:00Z',
    '-2026-11-20T10:30:00Z',
    '２０２６-11-20T10:30:00Z',
    '2026-11-20T10:30:0xZ',
    ' 2026-11-20T10:30:00Z',
    '2026-11-20T10:30:00Z\0',
    'Fri, 20 Nov 2026 10:30:00 GMT',
    `2026-11-20T10:30:00.${'1'.repeat(100)}Z`,
  ])('refuses %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it('reads every moment of the years 0 to 9999 that Date writes', () => {
    const first = Date.parse('0000-01-01T00:00:00Z');
    const last = Date.parse('9999-12-31T23:59:59.999Z');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: last - first }), (ms) => {
        expect(parseTimestamp(new Date(first + ms).toISOString())).toBe(first + ms);
      }),
      { numRuns: 2000 },
    );
    for (let day = Date.parse('1999-12-30T00:00:00Z'); day < Date.parse('2005-01-02T00:00:00Z'); day += DAY_MS) {
      expect(parseTimestamp(new Date(day).toISOString())).toBe(day);
    }
  });

  it('answers a number or undefined for any text', () => {
    const nearly = fc
      .array(fc.constantFrom(...'0123456789-:TtZz.+ '), { minLength: 18, maxLength: 30 })
      .map((characters) => characters.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
        const timeMs = parseTimestamp(text);
        expect(timeMs === undefined || Number.isSafeInteger(timeMs)).toBe(true);
      }),
    );
  });
});
