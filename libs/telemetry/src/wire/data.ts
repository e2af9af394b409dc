import type { WireLimits } from './limits.js';
import { Refusal } from './refusal.js';
import { isStorable, quote } from './text.js';

const MAX_KEYS = 50;
const MAX_KEY_CHARS = 60;

const NOT_AN_OBJECT = new Refusal('data-not-an-object', 'data is an object, or left out.');
const TOO_MANY_KEYS = new Refusal('data-too-many-keys', `data has at most ${MAX_KEYS} keys.`);
const INVALID_KEY = new Refusal('invalid-data-key', `A key of data has 1 to ${MAX_KEY_CHARS} characters.`);
const KEY_NOT_WELL_FORMED = new Refusal('text-not-well-formed', 'A key of data holds half a surrogate pair or a NUL.');

/**
 * Checks the `data` of an event and answers its JSON text as it is stored: null when there is nothing in it.
 *
 * @param hasEscapes whether the upload has `\u` escapes, without which its strings need no look (see `readJson`)
 */
export function readData(data: unknown, hasEscapes: boolean, limits: WireLimits): string | null | Refusal {
  if (data === undefined) return null;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return NOT_AN_OBJECT;
  const values = data as Record<string, unknown>;
  let keys = 0;
  for (const key in values) {
    if (++keys > MAX_KEYS) return TOO_MANY_KEYS;
    if (key.length === 0 || key.length > MAX_KEY_CHARS) return INVALID_KEY;
    if (hasEscapes && !isStorable(key)) return KEY_NOT_WELL_FORMED;
    const refusal = checkValue(key, values[key], hasEscapes);
    if (refusal) return refusal;
  }
  if (keys === 0) return null;
  const text = JSON.stringify(values);
  // No UTF-16 unit takes more than three bytes, so short texts need no count.
  if (text.length * 3 > limits.maxDataBytes && Buffer.byteLength(text) > limits.maxDataBytes) {
    return new Refusal('data-too-large', `data has at most ${limits.maxDataBytes} bytes as JSON in UTF-8.`);
  }
  return text;
}

function checkValue(key: string, value: unknown, hasEscapes: boolean): Refusal | undefined {
  switch (typeof value) {
    case 'string':
      if (!hasEscapes || isStorable(value)) return undefined;
      return new Refusal('text-not-well-formed', `The text at ${quote(key)} holds half a surrogate pair or a NUL.`);
    case 'number':
      if (value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER) return undefined;
      if (!Number.isFinite(value))
        return new Refusal('number-not-finite', `The number at ${quote(key)} is not finite.`);
      return new Refusal(
        'number-out-of-range',
        `The number at ${quote(key)} is beyond ±${Number.MAX_SAFE_INTEGER}: it could not be kept exactly.`,
      );
    case 'object':
      if (value === null) return undefined;
      return new Refusal('data-not-scalar', `The value at ${quote(key)} is not a string, number, boolean or null.`);
    default:
      return undefined;
  }
}
