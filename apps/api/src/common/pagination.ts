import { z } from 'zod';
import { AppError } from './app-error.js';

/** `?limit=` and `?cursor=` of every list. */
export const pageQueryFields = {
  limit: z.coerce.number().int().min(1).max(100).default(25).describe('Most items to answer.'),
  cursor: z.string().max(1000).optional().describe('`next_cursor` of the page before.'),
};

/** The query of a list without filters. */
export const pageQuery = z.strictObject(pageQueryFields);

/** What a list was asked for. */
export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** The schema of a page of `item`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** Packs the position after an item into an opaque cursor. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * Unpacks a cursor whose parts have the given types.
 *
 * @throws AppError `cursor-invalid` for anything this server did not make
 */
export function decodeCursor<const Types extends readonly ('string' | 'number')[]>(
  cursor: string,
  types: Types,
): { [Index in keyof Types]: Types[Index] extends 'number' ? number : string } {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    position = undefined;
  }
  const fits =
    Array.isArray(position) &&
    position.length === types.length &&
    position.every(
      (part, index) => typeof part === types[index] && (typeof part !== 'number' || Number.isFinite(part)),
    );
  if (!fits)
    throw new AppError(
      'cursor-invalid',
      'Send the next_cursor of the page before, unchanged, or none for the first page.',
    );
  return position as never;
}

/** Cuts `limit + 1` rows into a page whose cursor is the position of its last item. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly (string | number)[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null,
  };
}

/** All pages of up to `size` rows; `list` answers those that come after a row, or the first ones. */
export async function* walkPages<Row>(
  size: number,
  list: (last: Row | undefined) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let last: Row | undefined;
  for (;;) {
    const rows = await list(last);
    if (rows.length > 0) yield rows;
    if (rows.length < size) return;
    last = rows.at(-1);
  }
}
