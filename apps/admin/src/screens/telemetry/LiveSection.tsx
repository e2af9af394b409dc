import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { Tag } from '../../ui/Tag';

const REFRESH_MS = 5_000;

/** Devices and sessions of this moment, by version. */
export function LiveSection({ packageId }: { packageId: string }) {
  const live = useQuery({
    ...read('GET /v1/apps/{package_id}/telemetry/live', { path: { package_id: packageId } }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Section title="Now" aside={`read anew every ${REFRESH_MS / 1000} seconds`}>
      <Loaded query={live} loading={<LoadingState rows={1} />}>
        {({ devices, sessions, by_version: versions, truncated }) =>
          devices === 0 ? (
            <p>No device has sent anything in the last minutes.</p>
          ) : (
            <>
              <p>
                <strong>{plural(devices, 'device')}</strong> in {plural(sessions, 'session')}
                {truncated && ' and more: only so many are kept in memory'}
              </p>
              <p>
                {versions.map(({ app_version: version, devices: count }) => (
                  <span key={version}>
                    <Tag>
                      {version}: {plural(count, 'device')}
                    </Tag>{' '}
                  </span>
                ))}
              </p>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
