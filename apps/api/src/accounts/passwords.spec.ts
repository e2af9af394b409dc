import { setImmediate } from 'node:timers/promises';
import { HASHED_AT_ONCE, hashing, hashPassword, isRightPassword } from './passwords.js';

describe('a password', () => {
  // First: the hash that unknown addresses are compared with is made while the line is full.
  it('is not looked at when a hundred wait already, and whoever is refused is told when to come again', async () => {
    const asked: Promise<unknown>[] = Array.from({ length: 120 }, async () => hashPassword('correct horse battery'));
    asked.push(isRightPassword(undefined, 'a guess'));
    const refused = (await Promise.allSettled(asked)).filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(120 - 100 - HASHED_AT_ONCE);
    expect(refused.length).toBeLessThan(asked.length);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'overloaded', options: { retryAfterSeconds: 60 } });
    expect(await isRightPassword(undefined, 'a guess')).toBe(false);
  });

  it('is known again by its hash, and by no other one', async () => {
    const stored = await hashPassword('correct horse battery');
    expect(await isRightPassword(stored, 'correct horse battery')).toBe(true);
    expect(await isRightPassword(stored, 'correct horse batterz')).toBe(false);
    for (const none of [undefined, null]) expect(await isRightPassword(none, 'correct horse battery')).toBe(false);
  });

  it('leaves a core to everybody else, however many sign in', async () => {
    const stored = await hashPassword('correct horse battery');
    let answered = 0;
    const asked = Array.from({ length: 8 }, async () => {
      await isRightPassword(stored, 'correct horse battery');
      answered += 1;
    });
    const seen = new Set<number>();
    while (answered < asked.length) {
      await setImmediate();
      if (answered < asked.length) seen.add(hashing.atWork);
    }
    await Promise.all(asked);
    expect(Math.max(...seen)).toBe(HASHED_AT_ONCE);
    expect(Math.min(...seen)).toBeGreaterThan(0);
    expect(hashing.atWork).toBe(0);
  });
});
