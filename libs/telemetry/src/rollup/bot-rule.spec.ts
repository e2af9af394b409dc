import fc from 'fast-check';
import { countBits, isBot } from './bot-rule.js';

const thresholds = { eventsPerDay: 100, interactionsPerDay: 30, activeHours: 20 };

describe('the bot rule', () => {
  it.each([
    ['a quiet day', { events: 99, interactions: 29, hours: 0b111 }, false],
    ['too many events', { events: 100, interactions: 0, hours: 0 }, true],
    ['too many interactions', { events: 30, interactions: 30, hours: 1 }, true],
    ['awake for 19 hours', { events: 19, interactions: 19, hours: 2 ** 19 - 1 }, false],
    ['awake for 20 hours', { events: 20, interactions: 20, hours: 2 ** 20 - 1 }, true],
  ])('judges %s', (_name, day, bot) => expect(isBot(day, thresholds)).toBe(bot));

  it('never takes a verdict back while a day grows', () => {
    const counts = fc.record({ events: fc.nat(120), interactions: fc.nat(40), hours: fc.nat(2 ** 24 - 1) });
    fc.assert(
      fc.property(counts, counts, (before, more) => {
        const after = {
          events: before.events + more.events,
          interactions: before.interactions + more.interactions,
          hours: before.hours | more.hours,
        };
        if (isBot(before, thresholds)) expect(isBot(after, thresholds)).toBe(true);
      }),
    );
  });

  it('counts bits', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 24 - 1), (bits) => {
        expect(countBits(bits)).toBe(bits.toString(2).replaceAll('0', '').length);
      }),
    );
  });
});
