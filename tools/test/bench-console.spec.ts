import { beyond } from '../../bench/console/beyond.ts';

const span = (beganMs: number, endedMs: number) => ({ beganMs, endedMs });

describe('what a page change takes beyond its requests', () => {
  it('is all of it without requests, and nothing of it within one', () => {
    expect(beyond(span(100, 180), [])).toBe(80);
    expect(beyond(span(100, 180), [span(90, 200)])).toBe(0);
    expect(beyond(span(100, 180), [span(10, 90), span(190, 300)])).toBe(80);
  });

  it('counts requests that run at the same time once, in whatever order they are told', () => {
    expect(beyond(span(0, 100), [span(40, 60), span(10, 30), span(20, 50)])).toBe(50);
    expect(beyond(span(0, 100), [span(10, 90), span(20, 30)])).toBe(20);
    expect(beyond(span(0, 100), [span(80, 120), span(-20, 10)])).toBe(70);
  });
});
