import { gunzipSync, gzipSync } from 'node:zlib';
import type { CoreRow } from '@mosis/db';

type Row = CoreRow<'audit_logs'>;

/** Rows of one moved segment: large enough to be few. */
export const SEGMENT_ROWS = 10_000;
/** Text of rows after which a segment is full as well: what rows hold must not decide how much memory packing them takes. */
const SEGMENT_BYTES = 8 * 1024 * 1024;

/** A full segment: lines of JSON, compressed. */
export interface PackedSegment {
  bytes: Buffer;
  first: Row;
  last: Row;
}

/**
 * Packs rows, in order, until a segment is full by count or by size. The same rows make the same segment.
 *
 * @returns `undefined` when there are too few rows to fill one
 */
export function packSegment(rows: Iterable<Row>, segmentRows: number): PackedSegment | undefined {
  const lines: Buffer[] = [];
  let first: Row | undefined;
  let sizeBytes = 0;
  for (const row of rows) {
    const line = Buffer.from(`${lines.length === 0 ? '' : '\n'}${JSON.stringify(row)}`);
    lines.push(line);
    sizeBytes += line.length;
    first ??= row;
    if (lines.length < segmentRows && sizeBytes < SEGMENT_BYTES) continue;
    return { bytes: gzipSync(Buffer.concat(lines)), first, last: row };
  }
  return undefined;
}

/** The rows of a segment, one in memory at a time: outside of V8's heap lies the text of all. */
export function* readSegment(bytes: Uint8Array): Generator<Row> {
  const text = gunzipSync(bytes);
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf(0x0a, start);
    const end = newline === -1 ? text.length : newline;
    yield JSON.parse(text.toString('utf8', start, end)) as Row;
    start = end + 1;
  }
}
