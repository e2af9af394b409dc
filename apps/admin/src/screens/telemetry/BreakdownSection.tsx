import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { readPage } from '../../api/queries';
import { formatCount, plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import { Bars } from './Bars';
import type { Asked } from './TelemetryScreen';
import classes from './TelemetryScreen.module.css';
import { DIMENSIONS, type Dimension, type Metric } from './telemetry-search';
import { DIMENSION_WORDS, keyWords, METRIC_WORDS } from './words';

const LIMIT = 8;

/** The metric of the chart, by the values of one dimension: the largest and the rest. */
export function BreakdownSection({ asked: { packageId, query }, metric }: { asked: Asked; metric: Metric }) {
  const [dimension, setDimension] = useState<Dimension>('country');
  const breakdown = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/breakdown', {
      path: { package_id: packageId },
      query: { ...query, metric, dimension, limit: LIMIT },
    }),
  );
  return (
    <Section
      title={`${METRIC_WORDS[metric]} by ${DIMENSION_WORDS[dimension]}`}
      aside={
        <NativeSelect
          size="xs"
          aria-label="Dimension"
          value={dimension}
          data={DIMENSIONS.map((value) => ({ value, label: DIMENSION_WORDS[value] }))}
          onChange={(event) => setDimension(event.currentTarget.value as Dimension)}
        />
      }
    >
      <Loaded query={breakdown}>
        {({ items, rest, total }) =>
          items.length === 0 ? (
            <p>Nothing in this range.</p>
          ) : (
            <>
              <Bars
                label={`${METRIC_WORDS[metric]} by ${DIMENSION_WORDS[dimension]}`}
                items={items.map(({ key, value }) => ({ name: keyWords(key), value }))}
              />
              <p className={classes.note}>
                {rest.keys > 0 && `${plural(rest.keys, 'smaller one')}: ${formatCount(rest.value)}. `}
                {formatCount(total)} in all
                {metric === 'devices' && '; a device can count in more than one line'}.
              </p>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
