import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { System } from '../../api/schema';
import { Beside, Columns } from '../../ui/Columns';
import { Facts } from '../../ui/Facts';
import { formatBytes, formatCount, formatDuration, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { PageHeader } from '../../ui/PageHeader';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { BackupSection } from './BackupSection';
import { DrillSection } from './DrillSection';
import { JobsSection } from './JobsSection';
import { TelemetrySection } from './TelemetrySection';

const REFRESH_MS = 10_000;
const SECOND_MS = 1_000;

/** How the server is, and in plain words what is wrong and what to do. */
export function SystemScreen() {
  const system = useQuery({ ...read('GET /v1/admin/system', {}), refetchInterval: REFRESH_MS });
  return (
    <>
      <PageHeader
        title="System"
        lead={system.data && <Lead system={system.data} readAt={system.dataUpdatedAt} isOld={system.error !== null} />}
      />
      <Loaded query={system}>
        {(data) => (
          <Columns>
            <Problems problems={data.problems} isOld={system.error !== null} />
            <BackupSection backup={data.backup} />
            {data.backup && <DrillSection drill={data.backup.last_drill} />}
            <Beside>
              <ServerSection system={data} />
              <DatabaseSection system={data} />
            </Beside>
            <TelemetrySection telemetry={data.telemetry} />
            <JobsSection system={data} />
          </Columns>
        )}
      </Loaded>
    </>
  );
}

function Lead({ system, readAt, isOld }: { system: System; readAt: number; isOld: boolean }) {
  if (isOld) {
    return (
      <>
        What the server said <Moment at={new Date(readAt).toISOString()} />; it does not answer now.
      </>
    );
  }
  return (
    <>
      Version {system.version}, running for {formatDuration(system.uptime_seconds * SECOND_MS)}. Read anew every{' '}
      {REFRESH_MS / SECOND_MS} seconds.
    </>
  );
}

function Problems({ problems, isOld }: { problems: System['problems']; isOld: boolean }) {
  // That nothing was wrong before says nothing of now.
  if (problems.length === 0 && isOld) return null;
  if (problems.length === 0) return <Notice tone="good" title="Nothing is wrong" />;
  return (
    <>
      {problems.map(({ code, detail }) => (
        <Notice key={code} tone="warn" title={detail}>
          <p>
            <code>{code}</code>: the operator’s guide says what to do about it.
          </p>
        </Notice>
      ))}
    </>
  );
}

function ServerSection({ system }: { system: System }) {
  const { disk, memory, reviews } = system;
  return (
    <Section title="Server">
      <Facts
        facts={[
          ['Started', <Moment at={system.started_at} exact />],
          ['Node', system.node_version],
          ['SQLite', system.sqlite_version],
          ['Memory', `${formatBytes(memory.resident_bytes)} resident`],
          ['Disk', `${formatBytes(disk.free_bytes)} free of ${formatBytes(disk.total_bytes)}`],
          ['Objects', <code>{system.object_store}</code>],
          ['Mail', system.mail === 'smtp' ? 'sent by a mail server' : 'written to the outbox folder'],
          ['Reviews', `${plural(reviews.pending, 'submission')} waiting, ${reviews.overdue} overdue`],
        ]}
      />
    </Section>
  );
}

function DatabaseSection({ system }: { system: System }) {
  const { size_bytes: size, wal_bytes: wal, migrations } = system.database;
  const pending = migrations.filter(({ state }) => state !== 'applied');
  return (
    <Section title="Accounts and apps (core.db)">
      <Facts
        facts={[
          ['Size', formatBytes(size)],
          ['Write-ahead log', formatBytes(wal)],
          ['Audit log', `${formatCount(system.audit.last_seq)} rows`],
          [
            'Migrations',
            pending.length === 0 ? (
              `${plural(migrations.length, 'migration')} applied`
            ) : (
              <Tag tone="warn">{pending.map(({ name, state }) => `${name} ${state}`).join(', ')}</Tag>
            ),
          ],
        ]}
      />
    </Section>
  );
}
