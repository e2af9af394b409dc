import { Checkbox, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { read } from '../../api/queries';
import { Beside, Columns } from '../../ui/Columns';
import { PageHeader } from '../../ui/PageHeader';
import { ErrorState } from '../../ui/states';
import { useNow } from '../../ui/use-now';
import { BreakdownSection } from './BreakdownSection';
import { CrashesSection } from './CrashesSection';
import { LiveSection } from './LiveSection';
import { OverviewSection } from './OverviewSection';
import { RejectionsSection } from './RejectionsSection';
import { RetentionSection } from './RetentionSection';
import { SeriesSection } from './SeriesSection';
import { StabilitySection } from './StabilitySection';
import classes from './TelemetryScreen.module.css';
import { RANGES, readTelemetrySearch, resolveTelemetrySearch } from './telemetry-search';
import { TopSection } from './TopSection';
import { RANGE_WORDS } from './words';

const route = getRouteApi('/signed-in/apps/$packageId/telemetry');
const HOUR_MS = 3_600_000;

/** What sections need to know: which app, which range, and whether bots count. */
export interface Asked {
  packageId: string;
  query: { from: string; to: string; include_bots?: 'true' };
}

/** What the devices of an app report: now, over a range, by version, and where it fails. */
export function TelemetryScreen() {
  const { packageId } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const app = useQuery(read('GET /v1/apps/{package_id}', { path: { package_id: packageId } }));
  // Moves on once an hour: a range that moved with every second would be read anew with every second.
  const hour = Math.floor(useNow() / HOUR_MS);
  const resolved = useMemo(() => resolveTelemetrySearch(search, hour * HOUR_MS), [search, hour]);
  const asked: Asked = {
    packageId,
    query: { ...resolved.asked, ...(search.bots && { include_bots: 'true' }) },
  };
  const change = (name: string, value: string) =>
    void navigate({
      to: '/apps/$packageId/telemetry',
      params: { packageId },
      search: readTelemetrySearch({ ...search, [name]: value }),
      replace: true,
    });
  return (
    <>
      <p>
        <Link to="/apps/$packageId" params={{ packageId }}>
          {app.data?.name ?? packageId}
        </Link>
      </p>
      <PageHeader
        title={`Telemetry of ${app.data?.name ?? packageId}`}
        lead="Days and hours are UTC. Devices are counted exactly, once in a range however often they come."
        actions={
          <div className={classes.choices}>
            <NativeSelect
              aria-label="Range"
              value={resolved.range}
              data={RANGES.map((value) => ({ value, label: RANGE_WORDS[value] }))}
              onChange={(event) => change('range', event.currentTarget.value)}
            />
            <Checkbox
              size="xs"
              label="Bots as well"
              checked={search.bots === 'true'}
              onChange={(event) => change('bots', event.currentTarget.checked ? 'true' : '')}
            />
          </div>
        }
      />
      {app.error && <ErrorState error={app.error} onRetry={() => void app.refetch()} />}
      <Columns>
        <LiveSection packageId={packageId} />
        <OverviewSection asked={asked} />
        <SeriesSection asked={asked} resolved={resolved} onChange={change} />
        <Beside>
          <StabilitySection asked={asked} />
          <BreakdownSection asked={asked} metric={resolved.metric} />
        </Beside>
        <CrashesSection asked={asked} kind="app_crash" />
        <CrashesSection asked={asked} kind="lua_error" />
        <RetentionSection asked={asked} />
        <Beside>
          <TopSection asked={asked} />
          <RejectionsSection packageId={packageId} />
        </Beside>
      </Columns>
    </>
  );
}
