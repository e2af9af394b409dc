const QUOTE = 34;
const BACKSLASH = 92;

/** What some writers put where JSON has no number, and a JSON number that is read as infinite. */
const REPLACEMENTS = [
  ['NaN', '1e999'],
  ['Infinity', '1e999'],
  ['-Infinity', '-1e999'],
] as const;

/**
 * Rewrites the bare `NaN`, `Infinity` and `-Infinity` that Python's json and others write into numbers too large to be
 * finite, so that the text can be parsed and only what holds them is refused. One pass over the text; strings are left
 * alone. Undefined when there is nothing to rewrite.
 */
export function replaceNonFinite(text: string): string | undefined {
  const pieces: string[] = [];
  let copiedTo = 0;
  // Whether a value may start here: a token glued to another one would make a valid number of two invalid ones.
  let wantsValue = true;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      wantsValue = false;
      continue;
    }
    const found = wantsValue ? REPLACEMENTS.find(([token]) => text.startsWith(token, at)) : undefined;
    if (found && endsToken(text, at + found[0].length)) {
      pieces.push(text.slice(copiedTo, at), found[1]);
      at += found[0].length;
      copiedTo = at;
      wantsValue = false;
      continue;
    }
    if (!isSpace(code)) wantsValue = code === 58 /* : */ || code === 44 /* , */ || code === 91; /* [ */
    at++;
  }
  if (pieces.length === 0) return undefined;
  pieces.push(text.slice(copiedTo));
  return pieces.join('');
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

function endsToken(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === 44 /* , */ || code === 93 /* ] */ || code === 125 /* } */ || isSpace(code);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
