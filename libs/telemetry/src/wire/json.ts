import { isUtf8 } from 'node:buffer';
import { replaceNonFinite } from './non-finite.js';
import { mayHaveExcessKeys, pruneExcess } from './prune.js';
import { UploadError } from './upload-error.js';

/** A JSON text that was read. */
export interface JsonText {
  value: unknown;
  /**
   * Whether the text has a `\u` escape. Without one no string of it can hold a lone surrogate or a NUL: UTF-8 has no way to
   * write the first, and JSON refuses the second unless it is escaped.
   */
  hasEscapes: boolean;
}

/**
 * Reads a JSON text, taking `NaN`, `Infinity` and `-Infinity` for numbers that are not finite.
 *
 * @throws UploadError 400 `body-unreadable`
 */
export function readJson(bytes: Buffer): JsonText {
  if (!isUtf8(bytes)) throw notReadable('The body is not UTF-8.');
  const whole = bytes.toString('utf8');
  const text = mayHaveExcessKeys(bytes) ? pruneExcess(whole) : whole;
  const hasEscapes = text.includes('\\u');
  try {
    return { value: JSON.parse(text), hasEscapes };
  } catch {
    const repaired = replaceNonFinite(text);
    if (repaired === undefined) throw notReadable('The body is not JSON.');
    try {
      return { value: JSON.parse(repaired), hasEscapes };
    } catch {
      throw notReadable('The body is not JSON.');
    }
  }
}

function notReadable(detail: string): UploadError {
  return new UploadError({ status: 400, code: 'body-unreadable', detail });
}
