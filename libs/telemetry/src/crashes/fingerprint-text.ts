/**
 * What differs between two devices that crash in the same way, and what stands for it. The order matters: a rule sees the
 * text as those before it left it. No pattern nests a repetition, and each that could start anywhere in a word is tied to
 * the word's beginning, so that a hostile text costs linear time.
 */
const MESSAGE_RULES: readonly (readonly [RegExp, string])[] = [
  // Lua names a chunk [string "name"]: that is a file, and no quoted value.
  [/\[string "([^"]*)"\]/g, '$1'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  // An apostrophe inside a word (can't) opens no quotation.
  [/(?<!\w)"[^"\n]*"|(?<!\w)`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)|“[^“”\n]*”|‘[^‘’\n]*’(?!\w)/g, '<text>'],
  [/(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+/g, '<email>'],
  [/\b0x[0-9a-f]+\b/gi, '<addr>'],
];

/** Runs of directories, with or without a scheme or drive before them: only the last part of a path is kept. */
const DIRECTORIES = /(?<![\w.@~+%=$<>:/\\-])(?:[A-Za-z][A-Za-z0-9+.-]{0,15}:)?(?:[\w.@~+%=$<>-]*[\\/])+/g;
/** A run of hexadecimal digits with both a digit and a letter: the hash of a build, an id, an address without 0x. */
const HEX_RUN = /(?<![0-9A-Za-z])(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,}(?![0-9A-Za-z])/gi;
const NUMBER = /(?:(?<![\w>)\]])-)?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?/gi;

/** Cuts the directories off every path in the text. */
export function dropDirectories(text: string): string {
  return text.replace(DIRECTORIES, '');
}

/** Replaces what looks like a hash by `<hex>`. */
export function replaceHashes(text: string): string {
  return text.replace(HEX_RUN, '<hex>');
}

/** Replaces addresses, UUIDs, quoted texts, paths and numbers, and joins what is left into one line. */
export function normaliseText(text: string): string {
  let normal = text;
  for (const [pattern, replacement] of MESSAGE_RULES) normal = normal.replace(pattern, replacement);
  normal = replaceHashes(dropDirectories(normal)).replace(NUMBER, '<n>');
  return normal.replace(/\s+/g, ' ').trim();
}
