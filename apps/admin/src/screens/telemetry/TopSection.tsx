import { useQuery } from '@tanstack/react-query';
import { readPage } from '../../api/queries';
import { plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import { Bars } from './Bars';
import type { Asked } from './TelemetryScreen';
import classes from './TelemetryScreen.module.css';

const LIMIT = 10;

/** The screens that are seen most. Read from raw events, which are kept 90 days. */
export function TopSection({ asked: { packageId, query } }: { asked: Asked }) {
  const top = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/top', {
      path: { package_id: packageId },
      query: { ...query, type: 'screen_view', field: 'screen_name', limit: LIMIT },
    }),
  );
  return (
    <Section title="Screens seen most" aside="the last 90 days at most">
      <Loaded query={top}>
        {({ items, rest }) =>
          items.length === 0 ? (
            <p>No screen was reported in this range.</p>
          ) : (
            <>
              <Bars
                label="Screens by how often they were seen"
                items={items.map(({ value, events }) => ({ name: String(value), value: events }))}
              />
              {rest.values > 0 && <p className={classes.note}>{plural(rest.values, 'screen')} more.</p>}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
