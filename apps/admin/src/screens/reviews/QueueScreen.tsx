import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { read, readPage } from '../../api/queries';
import { useSession } from '../../api/session';
import type { QueueSummary } from '../../api/schema';
import { DataTable } from '../../ui/DataTable';
import { EmptyPage } from '../../ui/EmptyPage';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { formatTimeLeft, plural } from '../../ui/format';
import { PageHeader } from '../../ui/PageHeader';
import { Pager } from '../../ui/Pager';
import { Shortcuts } from '../../ui/shortcuts';
import { EmptyState, Loaded } from '../../ui/states';
import { useNow } from '../../ui/use-now';
import { withFilter } from '../../ui/with-filter';
import { queueColumns } from './queue-columns';
import { queuePlace } from './queue-place';
import { useRowKeys } from './use-row-keys';

const route = getRouteApi('/signed-in/reviews');
/** How often the queue is read anew. */
const REFRESH_MS = 15_000;
const PAGE_SIZE = 25;

const FILTERS: Filter[] = [
  { kind: 'text', name: 'q', label: 'Package id or app name' },
  {
    kind: 'choice',
    name: 'status',
    label: 'State',
    choices: [
      { value: '', label: 'Waiting' },
      { value: 'decided', label: 'Decided' },
      { value: 'all', label: 'Waiting and decided' },
    ],
  },
  {
    kind: 'choice',
    name: 'kind',
    label: 'Kind',
    choices: [
      { value: '', label: 'Versions and store pages' },
      { value: 'version', label: 'Versions' },
      { value: 'listing', label: 'Store pages' },
    ],
  },
  {
    kind: 'choice',
    name: 'claimed',
    label: 'Claim',
    choices: [
      { value: '', label: 'Claimed or not' },
      { value: 'nobody', label: 'Claimed by nobody' },
      { value: 'me', label: 'Claimed by me' },
    ],
  },
];

/** What waits for a reviewer, oldest due first. */
export function QueueScreen() {
  const session = useSession();
  const search = route.useSearch();
  const navigate = useNavigate();
  const table = useRef<HTMLDivElement>(null);
  const reviews = useQuery({
    ...readPage('GET /v1/admin/reviews', { query: { ...search, limit: PAGE_SIZE } }),
    refetchInterval: REFRESH_MS,
    refetchOnWindowFocus: 'always',
  });
  const isPending = search.status === undefined;
  const columns = useMemo(() => queueColumns(session.id, isPending), [session.id, isPending]);
  const items = reviews.data?.items;
  const rows = useRowKeys(table, items?.map(({ id }) => id) ?? [], queuePlace.reviewId);
  useEffect(() => {
    queuePlace.search = search;
  }, [search]);

  const open = (decide?: 'approve' | 'reject') => {
    const id = rows.current();
    if (id === undefined) return;
    queuePlace.reviewId = id;
    void navigate({ to: '/reviews/$id', params: { id }, search: decide ? { decide } : {} });
  };

  return (
    <>
      <PageHeader
        title="Queue"
        lead={<Summary />}
        actions={
          <Shortcuts
            shortcuts={[
              { key: 'j', label: 'Next row', run: () => rows.move(1) },
              { key: 'k', label: 'Row before', run: () => rows.move(-1) },
              { key: 'o', label: 'Open the row', run: () => open() },
              { key: 'a', label: 'Open the row, to approve', run: () => open('approve') },
              { key: 'r', label: 'Open the row, to reject', run: () => open('reject') },
            ]}
          />
        }
      />
      <FilterBar
        filters={FILTERS}
        values={{ q: search.q, status: search.status, kind: search.kind, claimed: search.claimed }}
        onChange={(name, value) =>
          void navigate({ to: '/reviews', search: withFilter(search, name, value), replace: true })
        }
      />
      <Loaded query={reviews}>
        {({ items, next_cursor }) => (
          <div ref={table} onFocus={rows.onFocus} onClick={() => (queuePlace.reviewId = rows.current())}>
            {items.length === 0 ? (
              <EmptyPage noun="reviews" empty={<NothingHere isFiltered={Object.keys(search).length > 0} />} />
            ) : (
              <DataTable
                caption={isPending ? 'Submissions that wait, oldest due first' : 'Submissions, newest first'}
                columns={columns}
                rows={items}
                keyOf={({ id }) => id}
                selectedKey={rows.selected}
                isStale={reviews.isPlaceholderData}
              />
            )}
            <Pager nextCursor={next_cursor} noun="reviews" />
          </div>
        )}
      </Loaded>
    </>
  );
}

function NothingHere({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered) {
    return (
      <EmptyState icon="check" title="Nothing waits">
        <p>Every submission is decided. New ones appear here by themselves.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="search" title="No submission is like this">
      <p>Other filters may find what you look for.</p>
    </EmptyState>
  );
}

function Summary() {
  const { data } = useQuery({ ...read('GET /v1/admin/reviews/summary', {}), refetchInterval: REFRESH_MS });
  const now = useNow();
  return data ? describe(data, now) : ' ';
}

function describe({ pending, overdue, oldest_due_at: oldest }: QueueSummary, nowMs: number): string {
  if (pending === 0 || oldest === null) return 'Nothing waits.';
  const leftMs = Date.parse(oldest) - nowMs;
  const first =
    leftMs < 0 ? `the oldest by ${formatTimeLeft(leftMs)}` : `the first is due in ${formatTimeLeft(leftMs)}`;
  return `${plural(pending, 'submission')} ${pending === 1 ? 'waits' : 'wait'}, ${overdue === 0 ? 'none' : overdue} overdue, ${first}.`;
}
