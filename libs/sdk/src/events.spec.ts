import fc from 'fast-check';
import { describeError, encodeEvent } from './events.js';

const circular: Record<string, unknown> = {};
circular.self = circular;
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
    ['a bigint', 'x', { a: 1n }],
    ['what refers to itself', 'x', circular],
    ['data of 4,097 bytes', 'x', { a: 'x'.repeat(4097 - 8) }],
    ['a number as type', 7, {}],
  ])('refuses %s', (_, type, data) => {
    expect(encodeEvent(type as string, at, data as never)).toBeUndefined();
  });

  it('takes data of exactly 4,096 bytes, whole surrogate pairs and names such as __proto__', () => {
    expect(encodeEvent('x', at, { a: 'x'.repeat(4096 - 8) })).toBeDefined();
    expect(encodeEvent('x', at, { a: '😀' })).toContain('😀');
    expect(encodeEvent('x', at, JSON.parse('{"__proto__":1}') as never)).toContain('"__proto__":1');
  });

  it('yields JSON with type and time, or nothing, whatever the app hands over: one event cannot break its batch', () => {
    const hostile = fc.oneof(
      fc.anything(),
      fc.constant(() => 1),
      fc.constant(Symbol('x')),
      fc.constant({ toJSON() {} }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant('x')), hostile, (type, data) => {
        const text = encodeEvent(type, at, data as never);
        if (text !== undefined) expect(JSON.parse(text)).toMatchObject({ type, timestamp: '2026-11-20T10:30:00.000Z' });
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
