import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { TelemetryRejections } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { formatCount } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import classes from './TelemetryScreen.module.css';

type Count = TelemetryRejections['counts'][number];
type Sample = TelemetryRejections['samples'][number];

/** Why events were refused in the last seven days, with a few of them. */
export function RejectionsSection({ packageId }: { packageId: string }) {
  const rejections = useQuery(
    read('GET /v1/apps/{package_id}/telemetry/rejections', { path: { package_id: packageId } }),
  );
  return (
    <Section title="Refused events" aside="the last 7 days">
      <Loaded query={rejections}>
        {({ counts, samples }) =>
          counts.length === 0 ? (
            <p>None.</p>
          ) : (
            <>
              <DataTable
                caption="Refused events by day and reason"
                columns={COUNTS}
                rows={counts}
                keyOf={({ day, code }) => `${day} ${code}`}
              />
              {samples.length > 0 && (
                <details className={classes.details}>
                  <summary>Some of them</summary>
                  <DataTable
                    caption="Samples of refused events"
                    columns={SAMPLES}
                    rows={samples}
                    keyOf={({ received_at: at, batch_id: batch, index }) => `${at} ${batch} ${index}`}
                  />
                </details>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

const COUNTS: Column<Count>[] = [
  { header: 'Day', narrow: true, cell: ({ day }) => day },
  { header: 'Reason', cell: ({ code }) => <code>{code}</code> },
  { header: 'Events', align: 'end', cell: ({ events }) => formatCount(events) },
];

const SAMPLES: Column<Sample>[] = [
  { header: 'Received', cell: ({ received_at: at }) => <Moment at={at} /> },
  { header: 'Reason', cell: ({ code, detail }) => `${code}: ${detail}` },
  { header: 'App version', cell: ({ app_version: version }) => version ?? '' },
  { header: 'Event', cell: ({ event }) => <code>{event ?? ''}</code> },
];
