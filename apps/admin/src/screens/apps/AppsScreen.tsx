import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { AdminApp } from '../../api/schema';
import { isAdmin, useSession } from '../../api/session';
import type { Column } from '../../ui/DataTable';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { PageHeader } from '../../ui/PageHeader';
import { PagedTable } from '../../ui/PagedTable';
import { EmptyState } from '../../ui/states';
import { withFilter } from '../../ui/with-filter';
import { APP_COLUMNS } from './app-columns';
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
      <PagedTable
        query={apps}
        caption="Apps, newest first"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        noun="apps"
        empty={
          <EmptyState icon="search" title="No app is like this">
            <p>{Object.keys(search).length > 0 ? 'Other filters may find it.' : 'Nobody has registered one yet.'}</p>
          </EmptyState>
        }
      />
    </>
  );
}

const COLUMNS: Column<AdminApp>[] = [
  APP_COLUMNS.name,
  {
    header: 'Developer',
    cell: ({ developer }) => (
      <Link to="/developers/$id" params={{ id: developer.id }}>
        {developer.name}
      </Link>
    ),
  },
  { header: 'Category', cell: ({ category }) => category },
  APP_COLUMNS.state,
  APP_COLUMNS.lastPublished,
  APP_COLUMNS.registered,
];
