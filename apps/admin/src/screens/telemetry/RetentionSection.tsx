import { useQuery } from '@tanstack/react-query';
import { readPage } from '../../api/queries';
import { formatCount } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import type { Asked } from './TelemetryScreen';
import classes from './TelemetryScreen.module.css';

const SHADES = 4;
const MAX_COLUMNS = 12;

/** How many of the devices that came first in a week come back in the weeks after. */
export function RetentionSection({ asked: { packageId, query } }: { asked: Asked }) {
  const retention = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/retention', {
      path: { package_id: packageId },
      query: { ...query, interval: 'week' },
    }),
  );
  return (
    <Section title="Retention by week" aside="of the devices that were first seen in a week">
      <Loaded query={retention}>
        {({ cohorts }) => {
          const columns = Math.min(MAX_COLUMNS, Math.max(0, ...cohorts.map(({ retained }) => retained.length)));
          if (cohorts.every(({ size }) => size === 0)) return <p>No new device in this range.</p>;
          return (
            <div className={classes.scroll} tabIndex={0} role="region" aria-label="Retention table">
              <table className={classes.cohorts}>
                <caption className="visually-hidden">Retention by week of the first visit</caption>
                <thead>
                  <tr>
                    <th scope="col">Week from</th>
                    <th scope="col">New devices</th>
                    {Array.from({ length: columns }, (_, week) => (
                      <th key={week} scope="col">
                        {week === 0 ? 'same week' : `+${week}`}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {cohorts.map(({ cohort, size, retained }) => (
                    <tr key={cohort}>
                      <th scope="row">{cohort.slice(0, 10)}</th>
                      <td>{formatCount(size)}</td>
                      {retained.slice(0, columns).map((count, week) => (
                        <td key={week} data-share={shadeOf(count, size)} title={`${formatCount(count)} devices`}>
                          {size === 0 ? '–' : `${Math.round((count / size) * 100)} %`}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

function shadeOf(count: number, size: number): number | undefined {
  return size === 0 || count === 0 ? undefined : Math.ceil((count / size) * SHADES);
}
