const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;

const NAN = 'NaN';
const INFINITY = 'Infinity';

/**
 * Rewrites the bare `NaN`, `Infinity` and `-Infinity` that Python's json and others write into numbers too large to be
 * finite, so that the text can be parsed and only what holds them is refused. Strings are left alone. Undefined when there
 * is nothing to rewrite. It goes from token to token and not from character to character, because anybody can send a
 * megabyte of nonsense in a kilobyte of gzip, and it is the writer that reads it.
 */
export function replaceNonFinite(text: string): string | undefined {
  const pieces: string[] = [];
  let copiedTo = 0;
  let at = 0;
  let nan = placeOf(text, NAN, 0);
  let infinity = placeOf(text, INFINITY, 0);
  let quote = placeOf(text, '"', 0);
  while (nan !== Infinity || infinity !== Infinity) {
    const isNan = nan < infinity;
    const place = isNan ? nan : infinity;
    if (quote < place) {
      at = endOfString(text, quote);
      quote = placeOf(text, '"', at);
    } else {
      at = place + (isNan ? NAN : INFINITY).length;
      const isNegative = !isNan && text.charCodeAt(place - 1) === MINUS;
      const start = isNegative ? place - 1 : place;
      if (wantsValue(text, start) && endsToken(text, at)) {
        pieces.push(text.slice(copiedTo, start), isNegative ? '-1e999' : '1e999');
        copiedTo = at;
      }
    }
    if (nan < at) nan = placeOf(text, NAN, at);
    if (infinity < at) infinity = placeOf(text, INFINITY, at);
  }
  if (pieces.length === 0) return undefined;
  pieces.push(text.slice(copiedTo));
  return pieces.join('');
}

/** Where the next one is from `from` on; infinitely far when there is none. */
function placeOf(text: string, what: string, from: number): number {
  const place = text.indexOf(what, from);
  return place < 0 ? Infinity : place;
}

/** The place behind the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
}

/** Whether a value may start here: a token glued to another one would make a valid number of two invalid ones. */
function wantsValue(text: string, start: number): boolean {
  let before = start - 1;
  while (before >= 0 && isSpace(text.charCodeAt(before))) before--;
  if (before < 0) return true;
  const code = text.charCodeAt(before);
  return code === 58 /* : */ || code === 44 /* , */ || code === 91; /* [ */
}

function endsToken(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === 44 /* , */ || code === 93 /* ] */ || code === 125 /* } */ || isSpace(code);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
