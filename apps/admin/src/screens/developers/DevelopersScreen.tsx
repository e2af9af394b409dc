import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { AdminDeveloper } from '../../api/schema';
import type { Column } from '../../ui/DataTable';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { PagedTable } from '../../ui/PagedTable';
import { EmptyState } from '../../ui/states';
import { withFilter } from '../../ui/with-filter';
import { AccountState } from './account-state';

const route = getRouteApi('/signed-in/developers');
const PAGE_SIZE = 25;

const FILTERS: Filter[] = [
  { kind: 'text', name: 'q', label: 'Name or e-mail address' },
  {
    kind: 'choice',
    name: 'role',
    label: 'Role',
    choices: [
      { value: '', label: 'Every role' },
      { value: 'developer', label: 'Developers' },
      { value: 'reviewer', label: 'Reviewers' },
      { value: 'admin', label: 'Admins' },
    ],
  },
];

/** Every account, those of reviewers and admins among them. */
export function DevelopersScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const developers = useQuery(readPage('GET /v1/admin/developers', { query: { ...search, limit: PAGE_SIZE } }));
  return (
    <>
      <PageHeader title="Developers" lead="Every account, newest first." />
      <FilterBar
        filters={FILTERS}
        values={{ q: search.q, role: search.role }}
        onChange={(name, value) =>
          void navigate({ to: '/developers', search: withFilter(search, name, value), replace: true })
        }
      />
      <PagedTable
        query={developers}
        caption="Accounts, newest first"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        noun="accounts"
        empty={
          <EmptyState icon="search" title="No account is like this">
            <p>Part of a name or of an e-mail address is enough.</p>
          </EmptyState>
        }
      />
    </>
  );
}

const COLUMNS: Column<AdminDeveloper>[] = [
  {
    header: 'Name',
    cell: ({ id, name }) => (
      <Link to="/developers/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  { header: 'E-mail', cell: ({ email }) => email },
  { header: 'Role', cell: ({ role }) => role },
  { header: 'State', cell: (developer) => <AccountState developer={developer} /> },
  { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
];
