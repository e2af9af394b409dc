import { CartesianGrid, Legend, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { formatCount } from '../../ui/format';
import type { SeriesRow } from './series-rows';
import classes from './TelemetryScreen.module.css';
import type { Interval } from './telemetry-search';
import { bucketWords } from './words';

interface SeriesChartProps {
  /** What is drawn, for screen readers; the figures stand in the table below. */
  label: string;
  unit: string;
  interval: Interval;
  names: readonly string[];
  rows: readonly SeriesRow[];
}

/** Told apart by dash and order as well as by colour. */
const LINES = [
  { colour: 'var(--accent-text)', dash: '' },
  { colour: 'var(--info)', dash: '6 3' },
  { colour: 'var(--warn)', dash: '2 3' },
  { colour: 'var(--bad)', dash: '8 3 2 3' },
  { colour: 'var(--good)', dash: '4 4' },
  { colour: 'var(--mantine-color-dimmed)', dash: '1 4' },
];

/** Lines over time, with axes, units and a tooltip. The last bucket is still running. */
export function SeriesChart({ label, unit, interval, names, rows }: SeriesChartProps) {
  return (
    <div className={classes.chart} role="img" aria-label={label}>
      <ResponsiveContainer>
        <LineChart data={rows} margin={{ top: 8, right: 12, bottom: 4, left: 4 }} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="time"
            tickFormatter={(time: string) => bucketWords(time, interval)}
            stroke="var(--line-strong)"
            tick={{ fill: 'var(--mantine-color-dimmed)', fontSize: 12 }}
            minTickGap={24}
          />
          <YAxis
            allowDecimals={false}
            width={64}
            tickFormatter={formatCount}
            stroke="var(--line-strong)"
            tick={{ fill: 'var(--mantine-color-dimmed)', fontSize: 12 }}
            label={{
              value: unit,
              angle: -90,
              position: 'insideLeft',
              fill: 'var(--mantine-color-dimmed)',
              fontSize: 12,
            }}
          />
          <Tooltip
            labelFormatter={(time) => (typeof time === 'string' ? `${bucketWords(time, interval)} UTC` : '')}
            formatter={(value) => formatCount(Number(value))}
            contentStyle={{ background: 'var(--surface)', borderColor: 'var(--line-strong)', fontSize: 12.5 }}
          />
          {names.length > 1 && <Legend />}
          {names.map((name, index) => (
            <Line
              key={name}
              dataKey={name}
              stroke={LINES[index % LINES.length]!.colour}
              strokeDasharray={LINES[index % LINES.length]!.dash}
              strokeWidth={2}
              dot={rows.length < 32 && { strokeDasharray: 'none' }}
              isAnimationActive={false}
              type="linear"
            />
          ))}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}
