import { answerLabel, hasGap, insertAnswer, REJECTIONS } from './prepared-answers';

describe('prepared answers', () => {
  const [first, second] = REJECTIONS as [(typeof REJECTIONS)[0], (typeof REJECTIONS)[0]];

  it('replace one that nobody changed, and never what somebody wrote', () => {
    expect(insertAnswer('', first)).toBe(first.text);
    expect(insertAnswer(first.text, second)).toBe(second.text);
    expect(insertAnswer('My own words.\n', second)).toBe(`My own words.\n\n${second.text}`);
  });

  it('have codes that the API takes, each once, and tell what is left to fill in', () => {
    for (const { code } of REJECTIONS) expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(new Set(REJECTIONS.map(({ code }) => code)).size).toBe(REJECTIONS.length);
    expect([answerLabel('content'), answerLabel('of-our-own')]).toEqual(['Content', 'of our own']);
    expect([hasGap(first.text), hasGap('The button does nothing.')]).toEqual([true, false]);
  });
});
