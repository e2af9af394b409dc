import { useQuery } from '@tanstack/react-query';
import { readPage } from '../../api/queries';
import type { TelemetryStability } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { formatCount } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import type { Asked } from './TelemetryScreen';
import { keyWords, percentWords } from './words';

type Row = TelemetryStability['items'][number];

/** The share of sessions and devices without a crash, by app version. */
export function StabilitySection({ asked: { packageId, query } }: { asked: Asked }) {
  const stability = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/stability', {
      path: { package_id: packageId },
      query: { ...query, group_by: 'app_version' },
    }),
  );
  return (
    <Section title="Crash-free, by app version">
      <Loaded query={stability}>
        {({ items }) =>
          items.length === 0 ? (
            <p>No session in this range.</p>
          ) : (
            <DataTable
              caption="Crash-free sessions and devices by app version"
              columns={COLUMNS}
              rows={items}
              keyOf={({ key }) => keyWords(key)}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

const COLUMNS: Column<Row>[] = [
  { header: 'Version', cell: ({ key }) => keyWords(key) },
  { header: 'Sessions', align: 'end', cell: ({ sessions }) => formatCount(sessions) },
  { header: 'Crash-free', align: 'end', cell: ({ crash_free_sessions: share }) => percentWords(share) },
  { header: 'Devices', align: 'end', cell: ({ devices }) => formatCount(devices) },
  { header: 'Crash-free devices', align: 'end', cell: ({ crash_free_devices: share }) => percentWords(share) },
];
