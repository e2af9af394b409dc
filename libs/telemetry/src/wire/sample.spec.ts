import fc from 'fast-check';
import { sampleOf } from './sample.js';

describe('sampleOf', () => {
  it('is what JSON.stringify begins with', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const whole = JSON.parse(JSON.stringify(value)) as unknown;
        expect(sampleOf(whole)).toBe(JSON.stringify(whole).slice(0, 512).toWellFormed());
      }),
    );
    for (const value of [
      'x'.repeat(600),
      '"'.repeat(600),
      ['é'.repeat(300), 'y'.repeat(300)],
      { ['k'.repeat(600)]: 1 },
    ]) {
      expect(sampleOf(value)).toBe(JSON.stringify(value).slice(0, 512));
    }
  });

  it('cuts no character in two', () => {
    expect(sampleOf(`x${'😀'.repeat(400)}`).isWellFormed()).toBe(true);
    expect(sampleOf('😀'.repeat(400)).isWellFormed()).toBe(true);
  });

  it('shows what JSON.stringify cannot', () => {
    expect(sampleOf([Infinity, { a: -Infinity }])).toBe('[1e999,{"a":-1e999}]');
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(sampleOf(deep)).toBe('['.repeat(512));
  });
});
