import fc from 'fast-check';
import Database from 'better-sqlite3';
import { countEdits, findDistance, findTerms, findTrigrams, foldText, toMatchExpression } from './search-text.js';

describe('toMatchExpression', () => {
  const db = new Database(':memory:');
  db.exec(
    `CREATE VIRTUAL TABLE t USING fts5(x); CREATE VIRTUAL TABLE g USING fts5(x, tokenize = 'trigram', detail = 'none')`,
  );
  db.prepare('INSERT INTO t VALUES (?)').run('Crème brûlée NEAR the café OR not AND so');

  it('never lets what was typed act as query syntax', () => {
    const syntax = fc.array(
      fc.constantFrom(
        '"',
        '*',
        '^',
        'NEAR(',
        ')',
        'AND',
        'OR',
        'NOT',
        ':',
        '-',
        '+',
        '{',
        '}',
        'x',
        'a b',
        '\\',
        "'",
        ';',
        '\u0000',
        '🏮',
        'é',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          syntax.map((parts) => parts.join(' ')),
          fc.string({ unit: 'binary', maxLength: 300 }),
        ),
        (query) => {
          const terms = findTerms(query);
          if (terms.length > 0) {
            expect(() => db.prepare('SELECT * FROM t WHERE t MATCH ?').all(toMatchExpression(terms))).not.toThrow();
          }
          for (const trigram of findTrigrams(query)) {
            expect(() =>
              db.prepare('SELECT * FROM g WHERE g MATCH ?').all(`"${trigram.replaceAll('"', '""')}"`),
            ).not.toThrow();
          }
        },
      ),
    );
  });

  it('finds words without their diacritics and while they are being typed', () => {
    const find = (query: string) =>
      db.prepare('SELECT x FROM t WHERE t MATCH ?').all(toMatchExpression(findTerms(query))).length;
    expect(find('creme BRUL')).toBe(1);
    expect(find('near')).toBe(1);
    expect(find('cafe OR nothing')).toBe(0);
  });

  it('bounds the number and the length of terms', () => {
    expect(findTerms('w '.repeat(100))).toHaveLength(8);
    expect(findTerms('w'.repeat(1000))[0]).toHaveLength(40);
    expect(findTrigrams('abcdefghij'.repeat(50)).length).toBeLessThanOrEqual(40);
  });
});

describe('countEdits', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['passwrod', 'password', 1],
    ['same', 'same', 0],
    ['', 'ab', 2],
  ])('from %s to %s is %i', (one, other, edits) => {
    expect(countEdits(one, other, 5)).toBe(edits);
  });

  it('is the same both ways, and nothing only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (one, other) => {
        expect(countEdits(one, other, 20)).toBe(countEdits(other, one, 20));
        expect(countEdits(one, other, 20) === 0).toBe(one === other);
      }),
    );
  });
});

describe('findDistance', () => {
  it('takes a part of a name for a hit, a word with one letter wrong for a near one, and another word for none', () => {
    expect(findDistance('pipe', ['NewPipe'])).toBe(0);
    expect(findDistance('firefx', ['Firefox Focus'])).toBe(1);
    expect(findDistance('telegrm', ['Signal', 'org.signal'])).toBeUndefined();
  });

  it('folds case and diacritics', () => {
    expect(foldText('ÀÉ ß')).toBe('ae ß');
    expect(findDistance('kuche', ['Café Küche'])).toBe(0);
  });
});
