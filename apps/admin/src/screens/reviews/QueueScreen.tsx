import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { Review } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { Pager } from '../../ui/Pager';
import { EmptyState, Loaded } from '../../ui/states';
import { Tag } from '../../ui/Tag';

const route = getRouteApi('/signed-in/reviews');

/** What waits for a reviewer, oldest due first. */
export function QueueScreen() {
  const search = route.useSearch();
  const reviews = useQuery(readPage('GET /v1/admin/reviews', { query: { ...search, limit: 50 } }));
  return (
    <>
      <PageHeader title="Queue" lead="Oldest due first." />
      <Loaded query={reviews}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <EmptyState title="Nothing waits" />
          ) : (
            <>
              <DataTable caption="Reviews" columns={COLUMNS} rows={items} keyOf={({ id }) => id} />
              <Pager nextCursor={next_cursor} noun="reviews" />
            </>
          )
        }
      </Loaded>
    </>
  );
}

const COLUMNS: Column<Review>[] = [
  { header: 'App', cell: ({ app_name, package_id }) => `${app_name} (${package_id})` },
  { header: 'Due', cell: ({ due_at }) => <Moment at={due_at} /> },
  { header: 'Why', cell: ({ reasons }) => reasons.map(({ code }) => <Tag key={code}>{code}</Tag>) },
];
