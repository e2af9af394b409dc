import { Stack } from '@mantine/core';
import type { SystemBackup } from '../../api/schema';
import { Facts } from '../../ui/Facts';
import { formatBytes, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import { useNow } from '../../ui/use-now';
import { drillState, formatMeasured } from './drill-words';

type Drill = NonNullable<SystemBackup['last_drill']>;

/** The last time that the backups were really restored: what came back, how much would be lost, how long it takes. */
export function DrillSection({ drill }: { drill: Drill | null }) {
  const { tone, text } = drillState(drill, useNow());
  return (
    <Section
      title="Last trial restore"
      tone={tone === 'good' ? undefined : tone === 'bad' ? 'bad' : 'warn'}
      aside={<Tag tone={tone}>{text}</Tag>}
    >
      {drill === null ? (
        <p>
          The backups of this server were not restored yet, so nobody knows whether they can be. It happens every night;{' '}
          <code>mosis backup verify</code> does it now.
        </p>
      ) : (
        <Outcome drill={drill} />
      )}
    </Section>
  );
}

function Outcome({ drill }: { drill: Drill }) {
  return (
    <Stack gap="sm">
      {drill.state === 'failed' && (
        <Notice tone="bad" title="What came back is not what should have">
          <ul>
            {drill.failures.map((failure) => (
              <li key={failure}>{failure}</li>
            ))}
          </ul>
          <p>
            Mend what it says, then run <code>mosis backup verify</code>.
          </p>
        </Notice>
      )}
      <Facts
        facts={[
          ['Ended', <Moment at={drill.finished_at} />],
          ['Lost at worst (RPO)', formatMeasured(drill.rpo_seconds)],
          ['Back in (RTO)', formatMeasured(drill.rto_seconds)],
          ['Restored', `${formatBytes(drill.restored_bytes)}, ${plural(drill.objects_hashed, 'object')} hashed`],
          ['It took', formatMeasured(drill.duration_seconds)],
          ...drill.checks.map(({ name, detail }) => [capitalize(name), detail] as const),
        ]}
      />
    </Stack>
  );
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
