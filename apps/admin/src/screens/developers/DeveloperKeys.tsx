import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { ApiKey, SigningKey } from '../../api/schema';
import { CopyText } from '../../ui/CopyText';
import { DataTable, type Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { useNow } from '../../ui/use-now';
import { keyState } from '../api-keys/key-state';

const LIMIT = 100;

/** The signing and API keys of an account; no secret is among what the server tells. */
export function DeveloperKeys({ developerId }: { developerId: string }) {
  const input = { path: { id: developerId }, query: { limit: LIMIT } };
  const signingKeys = useQuery(read('GET /v1/admin/developers/{id}/signing-keys', input));
  const apiKeys = useQuery(read('GET /v1/admin/developers/{id}/api-keys', input));
  return (
    <>
      <Section title="Signing keys">
        <Loaded query={signingKeys} loading={<LoadingState rows={2} />}>
          {({ items }) =>
            items.length === 0 ? (
              <p>None.</p>
            ) : (
              <DataTable caption="Signing keys" columns={SIGNING_KEYS} rows={items} keyOf={({ id }) => id} />
            )
          }
        </Loaded>
      </Section>
      <Section title="API keys">
        <Loaded query={apiKeys} loading={<LoadingState rows={2} />}>
          {({ items }) =>
            items.length === 0 ? (
              <p>None.</p>
            ) : (
              <DataTable caption="API keys" columns={API_KEYS} rows={items} keyOf={({ id }) => id} />
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

const SIGNING_KEYS: Column<SigningKey>[] = [
  { header: 'Name', cell: ({ name }) => name },
  {
    header: 'Fingerprint',
    cell: ({ fingerprint }) => <CopyText value={fingerprint} noun="fingerprint" shownLength={16} />,
  },
  {
    header: 'State',
    cell: ({ is_active }) => (is_active ? <Tag tone="good">active</Tag> : <Tag tone="warn">deactivated</Tag>),
  },
  { header: 'Registered', cell: ({ created_at: at }) => <Moment at={at} /> },
];

const API_KEYS: Column<ApiKey>[] = [
  { header: 'Name', cell: ({ name }) => name },
  { header: 'Key', cell: ({ key_prefix: prefix }) => <code>{prefix}</code> },
  { header: 'May', cell: ({ permissions }) => permissions.join(', ') },
  { header: 'Last used', cell: ({ last_used_at: at }) => (at === null ? 'never' : <Moment at={at} />) },
  { header: 'State', cell: (key) => <KeyState apiKey={key} /> },
];

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  const state = keyState(apiKey, useNow());
  return <Tag tone={state === 'active' ? 'good' : 'warn'}>{state}</Tag>;
}
