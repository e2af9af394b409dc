import type { System } from '../../api/schema';
import { Facts } from '../../ui/Facts';
import { formatBytes, formatCount, formatDuration, plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';

const MINUTE_MS = 60_000;

/** How the telemetry engine is. */
export function TelemetrySection({ telemetry }: { telemetry: System['telemetry'] }) {
  const { writer } = telemetry;
  const refused = Object.entries(writer.refused).filter(([, count]) => count > 0);
  return (
    <Section title="Telemetry (telemetry.db)">
      <Facts
        facts={[
          ['Size', formatBytes(telemetry.database_bytes)],
          ['Write-ahead log', formatBytes(telemetry.wal_bytes)],
          ['Raw events', `${formatCount(telemetry.raw_rows)} in ${plural(telemetry.partitions, 'day')}`],
          ['Oldest day', telemetry.oldest_partition],
          [
            'Since the start',
            `${plural(writer.uploads, 'upload')}, ${plural(writer.events, 'event')}, ${plural(writer.commits, 'commit')}`,
          ],
          [
            'Counts are behind by',
            writer.rollup_lag_ms > MINUTE_MS ? (
              <Tag tone="warn">{formatDuration(writer.rollup_lag_ms)}</Tag>
            ) : (
              `${(writer.rollup_lag_ms / 1000).toFixed(1)} s`
            ),
          ],
          ['Waiting', `${plural(writer.waiting_uploads, 'upload')}, ${formatBytes(writer.waiting_bytes)}`],
          [
            'Refused since the start',
            refused.map(([code, count]) => `${code}: ${formatCount(count)}`).join(', ') || 'nothing',
          ],
          ['Days without a columnar copy', formatCount(telemetry.archive_waiting)],
          ['Days whose export is not current', formatCount(telemetry.export_waiting)],
          ['Restarts of the writer', formatCount(writer.restarts)],
        ]}
      />
    </Section>
  );
}
