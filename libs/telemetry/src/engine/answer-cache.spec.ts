import { AnswerCache } from './answer-cache.js';

function setUp(maxBytes = 10_000) {
  const clock = { nowMs: 0 };
  const cache = new AnswerCache({ maxBytes, maxAgeMs: 1_000, now: () => clock.nowMs });
  let computed = 0;
  const ask = (app = 'com.dev.app', question = 'q', days = { first: 10, last: 20 }, answer: unknown = 'a') =>
    cache.get(app, question, days, () => {
      computed += 1;
      return Promise.resolve(answer);
    });
  return { cache, clock, ask, computed: () => computed };
}

describe('AnswerCache', () => {
  it('answers again from memory', async () => {
    const { ask, computed } = setUp();
    expect(await ask()).toBe('a');
    expect(await ask()).toBe('a');
    expect(computed()).toBe(1);
  });

  it('tells apps and questions apart, but not the spelling of an app', async () => {
    const { ask, computed } = setUp();
    await ask('com.dev.app', 'one');
    await ask('com.dev.other', 'one');
    await ask('com.dev.app', 'two');
    await ask('COM.dev.App', 'two');
    expect(computed()).toBe(3);
  });

  it.each([
    [10, 2],
    [20, 2],
    [9, 1],
    [21, 1],
  ])('after a change of day %i computes %i times', async (day, times) => {
    const { cache, ask, computed } = setUp();
    await ask();
    cache.changed('com.dev.APP', day);
    await ask();
    expect(computed()).toBe(times);
  });

  it('is not touched by another app’s change', async () => {
    const { cache, ask, computed } = setUp();
    await ask();
    cache.changed('com.dev.other', 15);
    await ask();
    expect(computed()).toBe(1);
  });

  it('forgets what changed while it was computed', async () => {
    const { cache, ask, computed } = setUp();
    await cache.get('com.dev.app', 'q', { first: 10, last: 20 }, () => {
      cache.changed('com.dev.app', 12);
      return Promise.resolve('old');
    });
    expect(await ask()).toBe('a');
    expect(computed()).toBe(1);
  });

  it('lets many wait for one computation, but none who asks after a change', async () => {
    const { cache } = setUp();
    const resolvers: ((answer: string) => void)[] = [];
    const ask = () =>
      cache.get('com.dev.app', 'q', { first: 10, last: 20 }, () => new Promise<string>((done) => resolvers.push(done)));
    const early = [ask(), ask()];
    cache.changed('com.dev.app', 15);
    const late = ask();
    expect(resolvers).toHaveLength(2);
    resolvers[0]?.('before');
    resolvers[1]?.('after');
    expect(await Promise.all([...early, late])).toEqual(['before', 'before', 'after']);
  });

  it('does not keep failures', async () => {
    const { cache, ask } = setUp();
    const failing = cache.get('com.dev.app', 'q', { first: 1, last: 2 }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await ask()).toBe('a');
  });

  it('ages', async () => {
    const { clock, ask, computed } = setUp();
    await ask();
    clock.nowMs = 999;
    await ask();
    clock.nowMs = 1_000;
    await ask();
    expect(computed()).toBe(2);
  });

  it('stays within its bytes, forgetting what was not asked for longest', async () => {
    const { cache, ask, computed } = setUp(10_000);
    for (let question = 0; question < 50; question += 1) {
      await ask('com.dev.app', `q${question}`, { first: 1, last: 2 }, 'x'.repeat(500));
      expect(cache.bytes).toBeLessThanOrEqual(10_000);
    }
    await ask('com.dev.app', 'q49', { first: 1, last: 2 });
    expect(computed()).toBe(50);
    await ask('com.dev.app', 'q0', { first: 1, last: 2 });
    expect(computed()).toBe(51);
  });
});
