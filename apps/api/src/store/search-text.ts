/** Terms beyond these say nothing more about what is looked for. */
const MAX_TERMS = 8;
const MAX_TERM_LENGTH = 40;
const MAX_TRIGRAMS = 40;
const MAX_TRIGRAM_TEXT = 80;
/** Marks on Latin letters only: that is what SQLite's tokenizers fold; elsewhere a mark makes another letter (й, べ). */
const LATIN_MARKS = /(\p{Script=Latin})\p{M}+/gu;

/** Text as the index compares it: without case and without diacritics. */
export function foldText(text: string): string {
  return text.normalize('NFD').replace(LATIN_MARKS, '$1').toLowerCase().normalize('NFC');
}

/** The words of a query; every other character, FTS5's syntax among them, only separates words. */
export function findTerms(query: string): string[] {
  const words = query.normalize('NFC').match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? [];
  return words.slice(0, MAX_TERMS).map((word) => word.slice(0, MAX_TERM_LENGTH));
}

/** An FTS5 query for rows that have all the terms, the last one possibly still being typed. */
export function toMatchExpression(terms: readonly string[], join: 'AND' | 'OR' = 'AND'): string {
  // Quoted strings are data to FTS5: inside them nothing is an operator.
  return terms.map((term) => `"${term.replaceAll('"', '""')}"*`).join(` ${join} `);
}

/** The distinct three-letter pieces of a query, as typed and without diacritics: the trigram index keeps them. */
export function findTrigrams(query: string): string[] {
  // A NUL would end FTS5's reading of the query in the middle of a string.
  const plain = query
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .toLowerCase();
  const trigrams = new Set<string>();
  for (const text of [foldText(plain), plain]) {
    const characters = [...text].slice(0, MAX_TRIGRAM_TEXT);
    for (let start = 0; start + 3 <= characters.length; start += 1) {
      trigrams.add(characters.slice(start, start + 3).join(''));
    }
  }
  return [...trigrams].slice(0, MAX_TRIGRAMS);
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to the other; stops counting beyond `limit`. */
export function countEdits(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(edits);
    }
    beforeLast = last;
    last = current;
    if (Math.min(...current) > limit) return limit + 1;
  }
  return last[other.length] ?? limit + 1;
}

/**
 * How close a misspelt or cut-short query comes to a name: 0 when it is a part of it, more with every edit, `undefined`
 * when they have too little in common. A word of up to four letters may have one wrong, a longer one two.
 */
export function findDistance(query: string, candidates: readonly string[]): number | undefined {
  const wanted = foldText(query).trim();
  let best: number | undefined;
  for (const candidate of candidates) {
    const name = foldText(candidate);
    if (name.includes(wanted)) return 0;
    const words = [name, ...(name.match(/[\p{L}\p{N}]+/gu) ?? [])];
    const limit = wanted.length <= 4 ? 1 : 2;
    for (const word of words) {
      const edits = Math.min(
        countEdits(wanted, word, limit),
        wanted.length > 4 ? countEdits(wanted, word.slice(0, wanted.length), limit) : limit + 1,
      );
      if (edits <= limit && (best === undefined || edits < best)) best = edits;
    }
  }
  return best;
}
