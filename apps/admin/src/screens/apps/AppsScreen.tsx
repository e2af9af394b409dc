import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { AdminApp } from '../../api/schema';
import { isAdmin, useSession } from '../../api/session';
import { DataTable, type Column } from '../../ui/DataTable';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { Pager } from '../../ui/Pager';
import { EmptyState, Loaded } from '../../ui/states';
import { withFilter } from '../../ui/with-filter';
import { AppName, AppState } from './app-state';
import { MyApps } from './MyApps';

const route = getRouteApi('/signed-in/apps');
const PAGE_SIZE = 25;

const FILTERS: Filter[] = [
  { kind: 'text', name: 'q', label: 'Package id or name' },
  {
    kind: 'choice',
    name: 'status',
    label: 'State',
    choices: [
      { value: '', label: 'Every state' },
      { value: 'published', label: 'Published' },
      { value: 'draft', label: 'Draft' },
      { value: 'suspended', label: 'Suspended' },
    ],
  },
];

/** Apps: all of them for an admin, one's own for everybody else. */
export function AppsScreen() {
  return isAdmin(useSession()) ? <AllApps /> : <MyApps />;
}

/** Every app of the store, and those that are not in it. */
function AllApps() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const apps = useQuery(readPage('GET /v1/admin/apps', { query: { ...search, limit: PAGE_SIZE } }));
  return (
    <>
      <PageHeader title="Apps" lead="Newest first." />
      <FilterBar
        filters={FILTERS}
        values={{ q: search.q, status: search.status }}
        onChange={(name, value) =>
          void navigate({ to: '/apps', search: withFilter(search, name, value), replace: true })
        }
      />
      <Loaded query={apps}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <EmptyState icon="search" title="No app is like this">
              <p>{Object.keys(search).length > 0 ? 'Other filters may find it.' : 'Nobody has registered one yet.'}</p>
            </EmptyState>
          ) : (
            <>
              <DataTable
                caption="Apps, newest first"
                columns={COLUMNS}
                rows={items}
                keyOf={({ id }) => id}
                isStale={apps.isPlaceholderData}
              />
              <Pager nextCursor={next_cursor} noun="apps" />
            </>
          )
        }
      </Loaded>
    </>
  );
}

const COLUMNS: Column<AdminApp>[] = [
  { header: 'App', cell: (app) => <AppName app={app} /> },
  {
    header: 'Developer',
    cell: ({ developer }) => (
      <Link to="/developers/$id" params={{ id: developer.id }}>
        {developer.name}
      </Link>
    ),
  },
  { header: 'Category', cell: ({ category }) => category },
  { header: 'State', cell: (app) => <AppState app={app} /> },
  {
    header: 'Last published',
    cell: ({ last_published_at: at }) => (at === null ? 'never' : <Moment at={at} />),
  },
  { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
];
