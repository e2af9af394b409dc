import { ObjectStoreError } from './errors.js';
import type { ByteRange } from './object-store.js';

/** Throws `object-range-invalid` for positions that are no positions, whatever the object's size. */
export function assertByteRange(range: ByteRange): void {
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new ObjectStoreError('object-range-invalid', `The byte range ${start}-${end} is not valid.`);
  }
}

/** The error for a range that starts past an object's last byte. */
export function rangePastEnd(key: string, range: ByteRange): ObjectStoreError {
  return new ObjectStoreError(
    'object-range-invalid',
    `The byte range ${range.start}-${range.end} starts past the end of "${key}".`,
  );
}
