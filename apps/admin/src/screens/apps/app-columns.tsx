import { Link } from '@tanstack/react-router';
import type { App } from '../../api/schema';
import type { Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';
import { AppState } from './app-state';

/** Columns that every list of apps has. */
export const APP_COLUMNS = {
  name: {
    header: 'App',
    cell: ({ name, package_id: packageId }) => (
      <>
        <Link to="/apps/$packageId" params={{ packageId }}>
          {name}
        </Link>
        <br />
        <code>{packageId}</code>
      </>
    ),
  },
  state: { header: 'State', cell: (app) => <AppState app={app} /> },
  lastPublished: {
    header: 'Last published',
    cell: ({ last_published_at: at }) => (at === null ? 'never' : <Moment at={at} />),
  },
  registered: { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
} satisfies Record<string, Column<App>>;
