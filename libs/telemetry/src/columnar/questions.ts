import { QueryError, type TimeRange } from '../queries/types.js';

const MAX_LIMIT = 10_000;

/** A range as answers say it. */
export function rangeText({ fromMs, toMs }: TimeRange): { from: string; to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** @throws QueryError `invalid-range` */
export function checkRange({ fromMs, toMs }: TimeRange): void {
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs) || fromMs >= toMs) {
    throw new QueryError('invalid-range', 'The range begins before it ends.');
  }
}

/** @throws QueryError `invalid-limit` */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new QueryError('invalid-limit', `limit is a whole number from 1 to ${MAX_LIMIT}.`);
  }
}
