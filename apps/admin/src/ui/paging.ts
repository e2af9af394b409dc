/** Where a list stands, as its address says. */
export interface CursorSearch {
  cursor?: string;
}

/** Reads the place of a list from an address; what is no cursor is left out. */
export function readCursor(search: Record<string, unknown>): CursorSearch {
  const { cursor } = search;
  return typeof cursor === 'string' && cursor !== '' && cursor.length <= 1000 ? { cursor } : {};
}

/** Reads one of a few words from an address, and leaves out what is none of them. */
export function readWord<Word extends string>(value: unknown, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === value);
}

/** Reads free text from an address. A number that was typed comes as a number. */
export function readText(value: unknown, maxLength = 100): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.slice(0, maxLength) : undefined;
}
