import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { addressOf } from '../../api/client';
import { readPage } from '../../api/queries';
import { DataTable, type Column } from '../../ui/DataTable';
import { formatCount, plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { EmptyState, Loaded } from '../../ui/states';
import { SeriesChart } from './SeriesChart';
import { toRows, type SeriesRow } from './series-rows';
import type { Asked } from './TelemetryScreen';
import classes from './TelemetryScreen.module.css';
import { DIMENSIONS, INTERVALS, METRICS, type resolveTelemetrySearch } from './telemetry-search';
import { bucketWords, DIMENSION_WORDS, INTERVAL_WORDS, METRIC_WORDS } from './words';

const OPERATION = 'GET /v1/apps/{package_id}/telemetry/timeseries';

interface SeriesSectionProps {
  asked: Asked;
  resolved: ReturnType<typeof resolveTelemetrySearch>;
  onChange: (name: string, value: string) => void;
}

/** One metric over time, as lines, as a table and as CSV. */
export function SeriesSection({ asked: { packageId, query }, resolved, onChange }: SeriesSectionProps) {
  const { metric, interval, by, mayBeByHour } = resolved;
  const path = { package_id: packageId };
  const question = { ...query, metric, interval, ...(by && { group_by: by }) };
  const series = useQuery(readPage(OPERATION, { path, query: question }));
  const title = `${METRIC_WORDS[metric]} ${INTERVAL_WORDS[interval]}${by ? `, each ${DIMENSION_WORDS[by]}` : ''}`;
  return (
    <Section
      title={title}
      aside={
        <a href={addressOf(OPERATION, path, { ...question, format: 'csv' })} download={`${packageId}-${metric}.csv`}>
          Download as CSV
        </a>
      }
    >
      <div className={classes.choices}>
        <NativeSelect
          aria-label="Metric"
          value={metric}
          data={METRICS.map((value) => ({ value, label: METRIC_WORDS[value] }))}
          onChange={(event) => onChange('metric', event.currentTarget.value)}
        />
        <NativeSelect
          aria-label="Interval"
          value={interval}
          data={INTERVALS.filter((value) => value !== 'hour' || mayBeByHour).map((value) => ({
            value,
            label: INTERVAL_WORDS[value],
          }))}
          onChange={(event) => onChange('interval', event.currentTarget.value)}
        />
        <NativeSelect
          aria-label="Apart by"
          value={by ?? ''}
          data={[
            { value: '', label: 'All together' },
            ...DIMENSIONS.map((value) => ({ value, label: `Each ${DIMENSION_WORDS[value]}` })),
          ]}
          onChange={(event) => onChange('by', event.currentTarget.value)}
        />
      </div>
      <Loaded query={series}>
        {(data) => {
          const { names, hidden, rows } = toRows(data);
          const isEmpty = data.series.every(({ points }) => points.every(({ value }) => value === 0));
          if (isEmpty) {
            return (
              <EmptyState title="Nothing was reported in this range">
                <p>Another range may have something, or devices do not send to this app yet.</p>
              </EmptyState>
            );
          }
          return (
            <>
              <SeriesChart label={title} unit={METRIC_WORDS[metric]} interval={interval} names={names} rows={rows} />
              <p className={classes.note}>
                The last {interval} is still running.
                {hidden > 0 && ` ${plural(hidden, 'smaller line')} left out; the CSV has all.`}
              </p>
              <details className={classes.details}>
                <summary>The figures as a table</summary>
                <DataTable
                  caption={title}
                  columns={columnsOf(names, interval)}
                  rows={[...rows].reverse()}
                  keyOf={({ time }) => time}
                />
              </details>
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function columnsOf(names: readonly string[], interval: 'hour' | 'day' | 'week' | 'month'): Column<SeriesRow>[] {
  return [
    {
      header: 'From (UTC)',
      cell: ({ time }) => (
        <time dateTime={time}>{`${time.slice(0, 4)}-${bucketWords(time, interval).replace(/^\d{4}-/, '')}`}</time>
      ),
    },
    ...names.map((name): Column<SeriesRow> => ({
      header: name,
      align: 'end',
      cell: (row) => formatCount(Number(row[name])),
    })),
  ];
}
