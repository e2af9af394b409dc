import { line, paragraphs } from './text.js';

describe('one line of text', () => {
  const schema = line(1, 20);

  it('is trimmed and in NFC', () => {
    expect(schema.parse('  cafe\u0301 ')).toBe('café');
  });

  it.each([
    ['an emoji of several code points', '👩‍👩‍👧'],
    ['the flag of Scotland, which is made of tags', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['Persian with a zero-width non-joiner', 'می\u200cخواهم'],
    ['Hebrew', 'שלום'],
  ])('may be %s', (_, text) => {
    expect(line(1, 50).parse(text)).toBe(text.normalize('NFC'));
  });

  it.each([
    ['nothing but space', ' \u00a0\u3000 '],
    ['longer than allowed', 'x'.repeat(21)],
    ['of two lines', 'a\nb'],
    ['with a tab', 'a\tb'],
    ['with NUL', 'a\u0000b'],
    ['with a C1 control', 'a\u0085b'],
    ['with a change of direction', 'a\u202eb'],
    ['with an isolate', 'a\u2066b'],
    ['with an Arabic letter mark', 'a\u061cb'],
    ['with a zero-width space', 'a\u200bb'],
    ['with a byte order mark', 'a\ufeffb'],
    ['with text hidden in tags', 'a\u{e0061}\u{e0062}'],
    [
      'with text hidden in tags behind a flag',
      '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e0061}\u{e0061}\u{e007f}',
    ],
    ['with half a surrogate pair', 'a\ud800'],
  ])('is not text %s', (_, text) => {
    expect(schema.safeParse(text).success).toBe(false);
  });
});

describe('several lines of text', () => {
  it('have LF line ends, however they were sent', () => {
    expect(paragraphs(50).parse('one\r\ntwo\rthree\nfour\tfive\r\n')).toBe('one\ntwo\nthree\nfour\tfive');
  });

  it('may be empty, and are not longer than allowed', () => {
    expect(paragraphs(5).parse('')).toBe('');
    expect(paragraphs(5).safeParse('123456').success).toBe(false);
  });

  it.each(['a\u0000b', 'a\u202eb', 'a\u001bb', 'a\u{e0061}', 'a\ud800', 'a\u000bb'])('hide nothing (%#)', (text) => {
    expect(paragraphs(50).safeParse(text).success).toBe(false);
  });
});
