import { z } from 'zod';
import { AppError } from './app-error.js';
import { sha256Hex } from './secrets.js';

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

/** What a cursor belongs to: the name of a list, and whatever it was asked for beside the page. */
export type CursorOwner = readonly [list: string, ...asked: (string | undefined)[]];

/** Packs the position after an item into an opaque cursor, which is of use to the same question only. */
export function encodeCursor(owner: CursorOwner, position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([markOf(owner), ...position])).toString('base64url');
}

function markOf(owner: CursorOwner): string {
  return sha256Hex(JSON.stringify(owner)).slice(0, 8);
}

/**
 * Unpacks a cursor whose parts have the given types.
 *
 * @throws AppError `cursor-invalid` for anything this server did not make for this list, its filters and its order
 */
export function decodeCursor<const Types extends readonly ('string' | 'number')[]>(
  owner: CursorOwner,
  cursor: string,
  types: Types,
): { [Index in keyof Types]: Types[Index] extends 'number' ? number : string } {
  let mark: unknown;
  let position: unknown[] = [];
  try {
    [mark, ...position] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
  } catch {
    mark = undefined;
  }
  const fits =
    mark === markOf(owner) &&
    position.length === types.length &&
    position.every(
      (part, index) => typeof part === types[index] && (typeof part !== 'number' || Number.isFinite(part)),
    );
  if (!fits)
    throw new AppError(
      'cursor-invalid',
      'Send the next_cursor of the page before, unchanged and with the same filters and order, or none for the first page.',
    );
  return position as never;
}

/** Cuts `limit + 1` rows into a page whose cursor is the position of its last item. */
export function toPage<Row, Item>(
  owner: CursorOwner,
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly (string | number)[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(owner, position(last)) : null,
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
