const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeUtf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Whether the server can keep the text: no half of a surrogate pair, no NUL. */
export const isStorable = (text: string): boolean => !/[\p{Cs}\0]/u.test(text);

/** Cuts to `length` UTF-16 units and replaces what cannot be kept, a surrogate pair that the cut split included. */
export const cleanText = (text: string, length: number): string =>
  text.slice(0, length).replace(/[\p{Cs}\0]/gu, '\ufffd');

/** One line of text for a field of the batch: as `cleanText`, and without control characters. */
export const cleanLine = (text: string, length: number): string => cleanText(text, length).replace(/\p{Cc}/gu, ' ');

/** FNV-1a, 32 bits: tells a torn or rotten file from a whole one. No defence against intent. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The parsed JSON object, or undefined when the text is anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
