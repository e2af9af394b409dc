import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { announce } from '../../app/announcer';
import { call } from '../../api/client';
import { readPage } from '../../api/queries';
import { queryClient } from '../../api/query-client';
import type { ApiKey } from '../../api/schema';
import { useAction } from '../../api/use-action';
import type { Column } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { PagedTable } from '../../ui/PagedTable';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { EmptyState } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { CreateKeyDialog } from './CreateKeyDialog';
import { KEYS_OPERATION, keyState } from './key-state';

const route = getRouteApi('/signed-in/api-keys');

/** My API keys: which there are, a new one, and taking one away. */
export function ApiKeysScreen() {
  const { cursor } = route.useSearch();
  const keys = useQuery(readPage(KEYS_OPERATION, { query: { cursor } }));
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <PageHeader
        title="API keys"
        lead="For scripts and CI. A key never opens the console and decides on nothing."
        actions={
          <Button leftSection={<Icon name="plus" />} onClick={() => setCreating(true)}>
            New key
          </Button>
        }
      />
      <PagedTable
        query={keys}
        caption="API keys"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        noun="keys"
        empty={
          <EmptyState icon="key" title="There is no key yet">
            <p>A key lets a script upload and publish in your name, as far as its permissions reach.</p>
          </EmptyState>
        }
      />
      <CreateKeyDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </>
  );
}

const COLUMNS: Column<ApiKey>[] = [
  {
    header: 'Name',
    cell: (key) => (
      <>
        <strong>{key.name}</strong>
        <br />
        <code>{key.key_prefix}</code>
      </>
    ),
  },
  { header: 'May', cell: ({ permissions }) => permissions.join(', ') },
  { header: 'Apps', cell: ({ app_package_ids: ids }) => (ids === null ? 'all of yours' : ids.join(', ')) },
  { header: 'Last used', cell: ({ last_used_at: at }) => (at === null ? 'never' : <Moment at={at} />) },
  { header: 'Ends', cell: ({ expires_at: at }) => (at === null ? 'never' : <Moment at={at} />) },
  { header: 'State', cell: (key) => <KeyState apiKey={key} /> },
];

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  const [isAsking, setAsking] = useState(false);
  const revoking = useAction({
    mutationFn: () => call('DELETE /v1/api-keys/{id}', { path: { id: apiKey.id } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: [KEYS_OPERATION] });
      announce(`${apiKey.name} is revoked.`);
    },
  });
  const state = keyState(apiKey, Date.now());
  if (state !== 'active') return <Tag tone="warn">{state}</Tag>;
  return (
    <div>
      {isAsking ? (
        <Button color="red" loading={revoking.isPending} onClick={() => revoking.mutate()} autoFocus>
          Revoke {apiKey.name} now
        </Button>
      ) : (
        <Button variant="default" aria-label={`Revoke ${apiKey.name} …`} onClick={() => setAsking(true)}>
          Revoke …
        </Button>
      )}
      {revoking.error && <ProblemNotice error={revoking.error} />}
    </div>
  );
}
