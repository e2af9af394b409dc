import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { App } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { Pager } from '../../ui/Pager';
import { EmptyState, Loaded } from '../../ui/states';
import { AppName, AppState } from './app-state';

const route = getRouteApi('/signed-in/apps');
const PAGE_SIZE = 25;

/** The apps of whoever is signed in, with the way to their telemetry. They are made and changed over the API. */
export function MyApps() {
  const { cursor } = route.useSearch();
  const apps = useQuery(readPage('GET /v1/apps', { query: { cursor, limit: PAGE_SIZE } }));
  return (
    <>
      <PageHeader title="My apps" lead="Newest first." />
      <Loaded query={apps}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <EmptyState title="You have no app yet">
              <p>
                Apps are registered and uploaded over the API, with a key from <Link to="/api-keys">API keys</Link>.
              </p>
            </EmptyState>
          ) : (
            <>
              <DataTable
                caption="My apps, newest first"
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

const COLUMNS: Column<App>[] = [
  { header: 'App', cell: (app) => <AppName app={app} /> },
  { header: 'State', cell: (app) => <AppState app={app} /> },
  {
    header: 'Last published',
    cell: ({ last_published_at: at }) => (at === null ? 'never' : <Moment at={at} />),
  },
  { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
  {
    header: 'Telemetry',
    cell: ({ name, package_id: packageId }) => (
      <Link to="/apps/$packageId/telemetry" params={{ packageId }} aria-label={`Telemetry of ${name}`}>
        Telemetry
      </Link>
    ),
  },
];
