import { useQuery } from '@tanstack/react-query';
import { readPage } from '../../api/queries';
import type { TelemetryTotals } from '../../api/schema';
import { formatCount } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import classes from './TelemetryScreen.module.css';
import type { Asked } from './TelemetryScreen';
import { percentWords } from './words';

const COUNTS = [
  ['devices', 'Devices'],
  ['sessions', 'Sessions'],
  ['events', 'Events'],
  ['crashes', 'Crashes'],
  ['errors', 'Errors'],
] as const;
const SHARES = [
  ['crash_free_sessions', 'Crash-free sessions'],
  ['crash_free_devices', 'Crash-free devices'],
] as const;

/** The range in a few figures, each against the range before. */
export function OverviewSection({ asked: { packageId, query } }: { asked: Asked }) {
  const overview = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/overview', { path: { package_id: packageId }, query }),
  );
  return (
    <Section title="In all" aside="against as long a time before">
      <Loaded query={overview} loading={<LoadingState rows={2} />}>
        {({ totals, previous }) => (
          <dl className={classes.cards}>
            {COUNTS.map(([name, label]) => (
              <Card
                key={name}
                label={label}
                value={formatCount(totals[name])}
                against={change(totals[name], previous.totals[name])}
              />
            ))}
            {SHARES.map(([name, label]) => (
              <Card
                key={name}
                label={label}
                value={percentWords(totals[name])}
                against={shareBefore(previous.totals, name)}
              />
            ))}
          </dl>
        )}
      </Loaded>
    </Section>
  );
}

function Card({ label, value, against }: { label: string; value: string; against: string }) {
  return (
    <div className={classes.card}>
      <dt>{label}</dt>
      <dd>
        {value} <span className={classes.against}>{against}</span>
      </dd>
    </div>
  );
}

function change(now: number, before: number): string {
  if (before === 0) return now === 0 ? 'none before either' : 'none before';
  const percent = Math.round((now / before - 1) * 100);
  const sign = percent > 0 ? '+' : percent < 0 ? '−' : '±';
  return `${sign}${formatCount(Math.abs(percent))} % from ${formatCount(before)}`;
}

function shareBefore(before: TelemetryTotals, name: (typeof SHARES)[number][0]): string {
  return before[name] === null ? 'none before' : `${percentWords(before[name])} before`;
}
