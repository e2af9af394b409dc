import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { read } from '../../api/queries';
import type { AdminApp } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { AppState } from '../apps/app-state';

const LIMIT = 100;

/** The apps of an account. */
export function DeveloperApps({ developerId }: { developerId: string }) {
  const apps = useQuery(read('GET /v1/admin/apps', { query: { developer_id: developerId, limit: LIMIT } }));
  return (
    <Section title="Apps" aside={apps.data?.next_cursor ? `the newest ${LIMIT}` : undefined}>
      <Loaded query={apps} loading={<LoadingState rows={3} />}>
        {({ items }) =>
          items.length === 0 ? (
            <p>None.</p>
          ) : (
            <DataTable caption="Apps of this account" columns={COLUMNS} rows={items} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Section>
  );
}

const COLUMNS: Column<AdminApp>[] = [
  {
    header: 'App',
    cell: ({ name, package_id: packageId }) => (
      <Link to="/apps/$packageId" params={{ packageId }}>
        {name}
      </Link>
    ),
  },
  { header: 'Package id', cell: ({ package_id: packageId }) => <code>{packageId}</code> },
  { header: 'State', cell: (app) => <AppState app={app} /> },
  { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
];
