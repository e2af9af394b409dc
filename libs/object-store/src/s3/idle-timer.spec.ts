import { expect, it } from '@jest/globals';
import { IdleTimer } from './idle-timer.js';

it('does not keep a process alive that has nothing else to do', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const timer = new IdleTimer(60_000, () => undefined);
  timer.touch();
  expect(timers()).toBe(before);
  timer.stop();
});
