/** Whether the text can be kept as it is: no lone surrogate (UTF-8 cannot write it) and no NUL (C strings end there). */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const MAX_QUOTED_CHARS = 60;

/** Puts an untrusted name into a sentence: quoted, escaped, and cut when it is long. */
export function quote(name: string): string {
  const shown = name.length > MAX_QUOTED_CHARS ? `${name.slice(0, MAX_QUOTED_CHARS)}…` : name;
  return JSON.stringify(shown.toWellFormed());
}
