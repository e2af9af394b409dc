import { percentWords } from './words';

describe('a share in words', () => {
  it.each([
    [1, '100.0 %'],
    [0.99999, '99.9 %'],
    [0.99964, '99.9 %'],
    [0.993, '99.3 %'],
    [0.5, '50.0 %'],
    [0.0004, '0.0 %'],
    [0, '0.0 %'],
    [null, 'no data'],
  ])('says %s as %s, and the whole only of the whole', (share, words) => {
    expect(percentWords(share)).toBe(words);
  });
});
