import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { DataTable, type Column } from './DataTable';
import { EmptyPage } from './EmptyPage';
import { Pager } from './Pager';
import { Loaded } from './states';

interface PagedTableProps<Row> {
  /** A page of the list, of `readPage`. */
  query: UseQueryResult<{ items: Row[]; next_cursor: string | null }>;
  /** What the table holds, for screen readers. */
  caption: string;
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  /** What is listed, in the plural: “reviews”. */
  noun: string;
  /** Stands there in place of a list without rows. */
  empty: ReactNode;
}

/** One page of a list, how it stands while it is read, and the way to the next one. */
export function PagedTable<Row>({ query, caption, columns, keyOf, noun, empty }: PagedTableProps<Row>) {
  return (
    <Loaded query={query}>
      {({ items, next_cursor }) => (
        <>
          {items.length === 0 ? (
            <EmptyPage noun={noun} empty={empty} />
          ) : (
            <DataTable
              caption={caption}
              columns={columns}
              rows={items}
              keyOf={keyOf}
              isStale={query.isPlaceholderData}
            />
          )}
          <Pager nextCursor={next_cursor} noun={noun} />
        </>
      )}
    </Loaded>
  );
}
