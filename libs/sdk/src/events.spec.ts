import fc from 'fast-check';
import { describeError, encodeEvent } from './events.js';

const at = Date.parse('2026-11-20T10:30:00Z');

describe('encoding an event', () => {
  it('writes type, time and data', () => {
    expect(JSON.parse(encodeEvent('screen_view', at, { screen_name: 'home', gone: undefined })!)).toEqual({
      type: 'screen_view',
      timestamp: '2026-11-20T10:30:00.000Z',
      data: { screen_name: 'home' },
    });
  });

  it.each([
    ['a type with capitals', 'Screen', {}],
    ['a type of 61 characters', 'a'.repeat(61), {}],
    ['an empty type', '', {}],
    ['a nested value', 'x', { a: {} }],
    ['a list', 'x', []],
    ['a list as value', 'x', { a: [1] }],
    ['NaN', 'x', { a: NaN }],
    ['infinity', 'x', { a: Infinity }],
    ['a number beyond 2^53', 'x', { a: 2 ** 53 }],
    ['a bigint', 'x', { a: 1n }],
    ['half a surrogate pair', 'x', { a: '\ud83d' }],
    ['half a surrogate pair in a name', 'x', { '\ude00': 1 }],
    ['a NUL', 'x', { a: '\0' }],
    ['an empty name', 'x', { '': 1 }],
    ['a name of 61 characters', 'x', { ['a'.repeat(61)]: 1 }],
    ['51 values', 'x', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, i]))],
    ['data of 4,097 bytes', 'x', { a: 'x'.repeat(4097 - 8) }],
    ['text as data', 'x', 'text'],
    ['a number as type', 7, {}],
  ])('refuses %s', (_, type, data) => {
    expect(encodeEvent(type as string, at, data as never)).toBeUndefined();
  });

  it('takes data of exactly 4,096 bytes, whole surrogate pairs and names such as __proto__', () => {
    expect(encodeEvent('x', at, { a: 'x'.repeat(4096 - 8) })).toBeDefined();
    expect(encodeEvent('x', at, { a: '😀' })).toContain('😀');
    expect(encodeEvent('x', at, JSON.parse('{"__proto__":1}') as never)).toContain('"__proto__":1');
  });

  it('never yields what does not read back as the same scalars, whatever the app hands over', () => {
    fc.assert(
      fc.property(fc.string(), fc.anything(), (type, data) => {
        let text: string | undefined;
        try {
          text = encodeEvent(type, at, data as never);
        } catch {
          return;
        }
        if (text === undefined) return;
        const event = JSON.parse(text) as { type: string; data?: Record<string, unknown> };
        expect(event.type).toBe(type);
        for (const value of Object.values(event.data ?? {})) {
          expect(value === null || ['string', 'number', 'boolean'].includes(typeof value)).toBe(true);
        }
      }),
    );
  });
});

describe('describing what was thrown', () => {
  it('takes name, message and stack of an error', () => {
    expect(describeError(new TypeError('bad'))).toMatchObject({ crash_type: 'TypeError', message: 'bad' });
    expect(describeError('text')).toMatchObject({ crash_type: 'Error', message: 'text' });
  });

  it('shortens any error until the server takes it', () => {
    fc.assert(
      fc.property(fc.constantFrom('x', '\u0001', '😀', 'é', '\\', '\ud83d', '\0'), fc.nat(9000), (unit, length) => {
        const error = Object.assign(new Error(unit.repeat(length)), { stack: `a${unit.repeat(length)}` });
        expect(encodeEvent('app_crash', at, describeError(error))).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });
});
