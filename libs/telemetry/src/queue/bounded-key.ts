import { hash } from 'node:crypto';

/** The longest key that is kept as it is, in UTF-16 units. */
export const MAX_KEY_LENGTH = 64;

/** The same key for the same text, never longer than {@link MAX_KEY_LENGTH}: what is longer is kept as its SHA-256. */
export function boundedKey(text: string): string {
  if (text.length <= MAX_KEY_LENGTH) return text;
  // UTF-16, because UTF-8 would write all lone surrogates alike.
  return `sha256:${hash('sha256', Buffer.from(text, 'utf16le'), 'base64url')}`;
}

/**
 * The same text in memory of its own. A part of a longer string (of a header, say) keeps the whole of it alive for as
 * long as the part is kept.
 */
export function ownCopy(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}
