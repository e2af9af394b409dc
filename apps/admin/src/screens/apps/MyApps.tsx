import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { App } from '../../api/schema';
import type { Column } from '../../ui/DataTable';
import { PageHeader } from '../../ui/PageHeader';
import { PagedTable } from '../../ui/PagedTable';
import { EmptyState } from '../../ui/states';
import { APP_COLUMNS } from './app-columns';

const route = getRouteApi('/signed-in/apps');
const PAGE_SIZE = 25;

/** The apps of whoever is signed in, with the way to their telemetry. They are made and changed over the API. */
export function MyApps() {
  const { cursor } = route.useSearch();
  const apps = useQuery(readPage('GET /v1/apps', { query: { cursor, limit: PAGE_SIZE } }));
  return (
    <>
      <PageHeader title="My apps" lead="Newest first." />
      <PagedTable
        query={apps}
        caption="My apps, newest first"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        noun="apps"
        empty={
          <EmptyState title="You have no app yet">
            <p>
              Apps are registered and uploaded over the API, with a key from <Link to="/api-keys">API keys</Link>.
            </p>
          </EmptyState>
        }
      />
    </>
  );
}

const COLUMNS: Column<App>[] = [
  APP_COLUMNS.name,
  APP_COLUMNS.state,
  APP_COLUMNS.lastPublished,
  APP_COLUMNS.registered,
  {
    header: 'Telemetry',
    cell: ({ name, package_id: packageId }) => (
      <Link to="/apps/$packageId/telemetry" params={{ packageId }} aria-label={`Telemetry of ${name}`}>
        Telemetry
      </Link>
    ),
  },
];
