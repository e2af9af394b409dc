import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read, readPage } from '../../api/queries';
import type { TelemetryCrashGroup } from '../../api/schema';
import { formatCount, plural } from '../../ui/format';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { Bars } from './Bars';
import type { Asked } from './TelemetryScreen';
import classes from './TelemetryScreen.module.css';
import { keyWords } from './words';

const LIMIT = 20;

/** What the app dies of, or what goes wrong in its scripts, grouped: the most frequent first. */
export function CrashesSection({ asked, kind }: { asked: Asked; kind: TelemetryCrashGroup['kind'] }) {
  const crashes = useQuery(
    readPage('GET /v1/apps/{package_id}/telemetry/crashes', {
      path: { package_id: asked.packageId },
      query: { ...asked.query, kind, limit: LIMIT },
    }),
  );
  return (
    <Section title={kind === 'lua_error' ? 'Errors, grouped' : 'Crashes, grouped'}>
      <Loaded query={crashes}>
        {({ items, rest }) =>
          items.length === 0 ? (
            <p>None in this range.</p>
          ) : (
            <>
              {items.map((group) => (
                <CrashGroup key={group.fingerprint} asked={asked} group={group} />
              ))}
              {rest.groups > 0 && (
                <p className={classes.note}>
                  {plural(rest.groups, 'group')} more with{' '}
                  {kind === 'lua_error' ? plural(rest.crashes, 'error') : plural(rest.crashes, 'crash', 'crashes')}.
                </p>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

function CrashGroup({ asked, group }: { asked: Asked; group: TelemetryCrashGroup }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={classes.details} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{group.crash_type || (group.kind === 'lua_error' ? 'Lua error' : 'Crash')}</strong> {group.message}{' '}
        <Tag tone="bad">{plural(group.crashes, 'time')}</Tag> <Tag>{plural(group.devices, 'device')}</Tag>
      </summary>
      {isOpen && <CrashDetail asked={asked} group={group} />}
    </details>
  );
}

function CrashDetail({ asked: { packageId, query }, group }: { asked: Asked; group: TelemetryCrashGroup }) {
  const crash = useQuery(
    read('GET /v1/apps/{package_id}/telemetry/crashes/{fingerprint}', {
      path: { package_id: packageId, fingerprint: group.fingerprint },
      query,
    }),
  );
  return (
    <Loaded query={crash} loading={<LoadingState rows={2} />}>
      {(detail) => (
        <>
          <p>
            From {detail.first_day} to {detail.last_day}, {formatCount(detail.crashes)} in this range.
          </p>
          {detail.frames.length > 0 && <pre className={classes.frames}>{detail.frames.join('\n')}</pre>}
          <Bars
            label="By app version"
            items={detail.by_version.map(({ key, value }) => ({ name: keyWords(key), value }))}
          />
        </>
      )}
    </Loaded>
  );
}
