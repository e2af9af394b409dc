import { Button, Group, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { readPage } from '../../api/queries';
import type { Column } from '../../ui/DataTable';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { PageHeader } from '../../ui/PageHeader';
import { PagedTable } from '../../ui/PagedTable';
import { EmptyState } from '../../ui/states';
import { withFilter } from '../../ui/with-filter';
import type { AuditRow } from '../../api/schema';
import { DETAILS, SUBJECT, WHEN_AND_WHAT, WHO } from './audit-columns';
import { ChainStatus } from './ChainStatus';
import type { AuditSearch } from './route';

const route = getRouteApi('/signed-in/audit');
const PAGE_SIZE = 25;
const DAY_MS = 86_400_000;

const FILTERS: Filter[] = [
  { kind: 'text', name: 'action', label: 'Action, such as app.suspended' },
  {
    kind: 'choice',
    name: 'subject_kind',
    label: 'Subject',
    choices: [
      { value: '', label: 'Every subject' },
      ...['app', 'version', 'review', 'developer', 'api_key', 'signing_key', 'ingest_key', 'telemetry'].map((kind) => ({
        value: kind,
        label: kind.replaceAll('_', ' '),
      })),
    ],
  },
  { kind: 'text', name: 'actor_id', label: 'Id of who did it' },
  { kind: 'text', name: 'subject_id', label: 'Id of the subject' },
];

const COLUMNS: Column<AuditRow>[] = [
  { header: 'No.', narrow: true, cell: ({ seq }) => String(seq) },
  ...WHEN_AND_WHAT,
  WHO,
  SUBJECT,
  DETAILS,
];

/** Every change of meaning, newest first, and whether the chain of rows is whole. */
export function AuditScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const rows = useQuery(readPage('GET /v1/admin/audit-log', { query: { ...toQuery(search), limit: PAGE_SIZE } }));
  const change = (name: string, value: string) =>
    void navigate({ to: '/audit', search: withFilter(search, name, value), replace: true });
  return (
    <>
      <PageHeader title="Audit log" lead="Every change of meaning, newest first." />
      <ChainStatus />
      <FilterBar
        filters={FILTERS}
        values={{
          action: search.action,
          subject_kind: search.subject_kind,
          actor_id: search.actor_id,
          subject_id: search.subject_id,
        }}
        onChange={change}
      />
      <Group gap="xs" mb="sm" align="end">
        <TextInput
          type="date"
          label="From"
          value={search.from ?? ''}
          onChange={(event) => change('from', event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label="Until the end of"
          value={search.to ?? ''}
          onChange={(event) => change('to', event.currentTarget.value)}
        />
        {Object.keys(search).length > 0 && (
          <Button variant="default" onClick={() => void navigate({ to: '/audit', search: {} })}>
            Without filters
          </Button>
        )}
      </Group>
      <PagedTable
        query={rows}
        caption="Audit log, newest first"
        columns={COLUMNS}
        keyOf={({ seq }) => String(seq)}
        noun="rows"
        empty={
          <EmptyState icon="search" title="No row is like this">
            <p>Actions and ids have to be whole. Rows older than half a year are in the object store.</p>
          </EmptyState>
        }
      />
    </>
  );
}

/** Days of the reader's time zone as moments; the last day is in it. */
function toQuery({ from, to, ...rest }: AuditSearch) {
  return {
    ...rest,
    ...(from && { from: new Date(`${from}T00:00`).toISOString() }),
    ...(to && { to: new Date(Date.parse(`${to}T00:00`) + DAY_MS).toISOString() }),
  };
}
