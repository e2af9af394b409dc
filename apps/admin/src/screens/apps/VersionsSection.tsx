import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { announce } from '../../app/announcer';
import { call } from '../../api/client';
import { readPage } from '../../api/queries';
import { queryClient } from '../../api/query-client';
import type { App, Version } from '../../api/schema';
import { ActionButton } from '../../ui/ActionButton';
import { CopyText } from '../../ui/CopyText';
import type { Column } from '../../ui/DataTable';
import { formatBytes } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { PagedTable } from '../../ui/PagedTable';
import { ReasonDialog } from '../../ui/ReasonDialog';
import { Section } from '../../ui/Section';
import { EmptyState } from '../../ui/states';
import { Tag } from '../../ui/Tag';

const route = getRouteApi('/signed-in/apps/$packageId');

/** Every version of an app, newest first, with who signed it and how it stands. */
export function VersionsSection({ app, mayYank }: { app: App; mayYank: boolean }) {
  const { cursor } = route.useSearch();
  const versions = useQuery(
    readPage('GET /v1/apps/{package_id}/versions', { path: { package_id: app.package_id }, query: { cursor } }),
  );
  return (
    <Section title="Versions">
      <PagedTable
        query={versions}
        caption="Versions, newest first"
        columns={mayYank ? [...COLUMNS, { header: 'Action', cell: (version) => <Yank version={version} /> }] : COLUMNS}
        keyOf={({ id }) => id}
        noun="versions"
        empty={<EmptyState title="No version was uploaded yet" />}
      />
    </Section>
  );
}

const COLUMNS: Column<Version>[] = [
  { header: 'Version', cell: ({ version_name: name, version_code: code }) => `${name} (${code})` },
  { header: 'State', cell: (version) => <VersionState version={version} /> },
  { header: 'Size', align: 'end', cell: ({ package_size: size }) => formatBytes(size) },
  {
    header: 'Signed with',
    cell: ({ signing_key_fingerprint: print }) => (
      <CopyText value={print} noun="fingerprint of the key" shownLength={12} />
    ),
  },
  { header: 'Uploaded', cell: ({ created_at: at }) => <Moment at={at} /> },
  { header: 'Published', cell: ({ published_at: at }) => (at === null ? 'no' : <Moment at={at} />) },
];

const TONES = { draft: undefined, review: 'info', approved: 'good', published: 'good', rejected: 'bad' } as const;

function VersionState({ version }: { version: Version }) {
  if (version.yanked_at === null) return <Tag tone={TONES[version.status]}>{version.status}</Tag>;
  return (
    <Tag tone="warn" title={version.yank_reason ?? undefined}>
      yanked by {version.yanked_by === 'admin' ? 'an admin' : 'its owner'}
    </Tag>
  );
}

function Yank({ version }: { version: Version }) {
  const [isAsking, setAsking] = useState(false);
  const path = { package_id: version.package_id, version_code: version.version_code };
  const refresh = () => queryClient.invalidateQueries();
  if (version.status !== 'published') return null;
  if (version.yanked_at !== null) {
    return (
      <ActionButton
        label={`Unyank ${version.version_name}`}
        done={`${version.version_name} is offered again.`}
        run={async () => {
          await call('POST /v1/admin/apps/{package_id}/versions/{version_code}/unyank', { path });
          await refresh();
        }}
      />
    );
  }
  return (
    <>
      <Button variant="default" aria-label={`Yank ${version.version_name} …`} onClick={() => setAsking(true)}>
        Yank …
      </Button>
      <ReasonDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Yank ${version.version_name}`}
        action="Yank it"
        onConfirm={async (reason) => {
          await call('POST /v1/admin/apps/{package_id}/versions/{version_code}/yank', { path, body: { reason } });
          await refresh();
          announce(`${version.version_name} is yanked.`);
        }}
      >
        <p>No device is offered this version any more, and it cannot be downloaded. Its developer cannot undo this.</p>
      </ReasonDialog>
    </>
  );
}
