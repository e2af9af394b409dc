import { AppError } from './app-error.js';

/** A part of a file, both ends included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The one range that a Range header asks for, or `undefined` when the whole file is to be sent: without the header, with
 * another unit, or with several ranges, which a server may answer whole (RFC 9110 §14.2).
 *
 * @throws AppError `range-not-satisfiable`
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, from = '', to = ''] = match;
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== '' && from !== '' && Number(to) < Number(from)) return undefined;
  if (start >= sizeBytes || (from === '' && Number(to) === 0)) {
    throw new AppError('range-not-satisfiable', `The file has ${sizeBytes} bytes.`, { extra: { size: sizeBytes } });
  }
  return { start, end };
}
