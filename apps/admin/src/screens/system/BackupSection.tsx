import { Stack } from '@mantine/core';
import type { SystemBackup } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { formatBytes, formatCount, formatDuration, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';

type Replica = SystemBackup['databases'][number];

const SECOND_MS = 1_000;

/** Whether everything could be brought back now: replicas of both databases, and copies of the objects. */
export function BackupSection({ backup }: { backup: SystemBackup | null }) {
  if (backup === null) {
    return (
      <Section title="Backups" tone="bad">
        <p>This server runs without backups.</p>
      </Section>
    );
  }
  const isWhole = backup.available && backup.databases.every(({ healthy }) => healthy);
  return (
    <Section
      title="Backups"
      tone={isWhole ? undefined : 'bad'}
      aside={<Tag tone={isWhole ? 'good' : 'bad'}>{isWhole ? 'restorable' : 'not restorable now'}</Tag>}
    >
      <Stack gap="sm">
        {backup.warnings.map(({ code, detail }) => (
          <Notice key={code} tone="warn" title={detail} />
        ))}
        <Facts
          facts={[
            ['They go to', <code>{backup.location}</code>],
            ['Litestream', backup.available ? backup.litestream_version : <Tag tone="bad">there is no binary</Tag>],
            ['Restarts of it', formatCount(backup.restarts)],
          ]}
        />
        <DataTable caption="Replicas" columns={REPLICAS} rows={backup.databases} keyOf={({ database }) => database} />
        <Objects objects={backup.objects} />
      </Stack>
    </Section>
  );
}

const REPLICAS: Column<Replica>[] = [
  { header: 'Database', cell: ({ database }) => <code>{database}.db</code> },
  {
    header: 'State',
    cell: ({ state, healthy, trouble }) => (
      <>
        <Tag tone={healthy ? 'good' : 'bad'}>{state}</Tag>
        {trouble && ` ${trouble.detail}`}
      </>
    ),
  },
  {
    header: 'Restorable since',
    cell: ({ restorable_since: since }) => (since === null ? 'no moment' : <Moment at={since} />),
  },
  {
    header: 'Behind by',
    align: 'end',
    cell: ({ lag_seconds: seconds, lag_bytes: bytes }) =>
      seconds === 0 && bytes === 0
        ? 'nothing'
        : `${seconds === null ? '' : `${formatDuration(seconds * SECOND_MS)}, `}${formatBytes(bytes ?? 0)}`,
  },
  {
    header: 'On the replica',
    cell: ({ snapshots, segments }) => `${plural(snapshots, 'snapshot')}, ${plural(segments, 'segment')}`,
  },
  { header: 'Write-ahead log', align: 'end', cell: ({ wal_bytes: bytes }) => formatBytes(bytes) },
  { header: 'Copy of it', align: 'end', cell: ({ shadow_bytes: bytes }) => formatBytes(bytes) },
  { header: 'Looked at', cell: ({ checked_at: at }) => (at === null ? 'not yet' : <Moment at={at} />) },
];

function Objects({ objects }: { objects: SystemBackup['objects'] }) {
  if (!objects) return null;
  return (
    <Facts
      facts={[
        ['Packages and other objects', `${plural(objects.copies, 'copy', 'copies')}, ${formatBytes(objects.bytes)}`],
        [
          'Waiting to be copied',
          objects.waiting === 0
            ? 'none'
            : `${formatCount(objects.waiting)}, the oldest for ${formatDuration(objects.oldest_waiting_seconds * SECOND_MS)}`,
        ],
        ['Both sides compared', objects.compared_at && <Moment at={objects.compared_at} />],
        ['Last failure', objects.last_error],
      ]}
    />
  );
}
