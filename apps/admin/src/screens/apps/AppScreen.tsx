import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { read } from '../../api/queries';
import type { App } from '../../api/schema';
import { isAdmin, useSession } from '../../api/session';
import { AppIcon } from '../../ui/AppIcon';
import { Columns } from '../../ui/Columns';
import { Facts } from '../../ui/Facts';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { PageHeader } from '../../ui/PageHeader';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { AuditTrail } from '../audit/AuditTrail';
import { AppState } from './app-state';
import { AppSuspension } from './AppSuspension';
import { VersionsSection } from './VersionsSection';

const route = getRouteApi('/signed-in/apps/$packageId');

/** One app: its store page, its versions, what was done to it, and taking it out of the store. */
export function AppScreen() {
  const { packageId } = route.useParams();
  const app = useQuery(read('GET /v1/apps/{package_id}', { path: { package_id: packageId } }));
  return <Loaded query={app}>{(data) => <AppPage app={data} />}</Loaded>;
}

function AppPage({ app }: { app: App }) {
  const session = useSession();
  const mayAdminister = isAdmin(session);
  const mayWatch = mayAdminister || app.developer_id === session.id;
  return (
    <>
      {mayWatch && (
        <p>
          <Link to="/apps">{mayAdminister ? 'Apps' : 'My apps'}</Link>
        </p>
      )}
      <PageHeader
        title={app.name}
        lead={
          <>
            <code>{app.package_id}</code> <AppState app={app} />
          </>
        }
        actions={
          <>
            {mayWatch && (
              <Link to="/apps/$packageId/telemetry" params={{ packageId: app.package_id }}>
                Telemetry
              </Link>
            )}
            {mayAdminister && <AppSuspension app={app} />}
          </>
        }
      />
      {app.suspended_at !== null && (
        <Notice tone="bad" title="Suspended: not in the store, and nobody can work on it">
          <p>{app.suspend_reason}</p>
        </Notice>
      )}
      <Columns>
        <VersionsSection app={app} mayYank={mayAdminister} />
        <ListingSection app={app} mayAdminister={mayAdminister} />
        {mayAdminister && <AuditTrail filter={{ subject_kind: 'app', subject_id: app.id }} />}
      </Columns>
    </>
  );
}

function ListingSection({ app, mayAdminister }: { app: App; mayAdminister: boolean }) {
  const waiting = app.pending_listing;
  return (
    <Section
      title="Store page"
      aside={waiting && <Tag tone="warn">a change waits for review</Tag>}
      tone={waiting ? 'warn' : undefined}
    >
      <Facts
        facts={[
          ['Icon', <AppIcon packageId={app.package_id} sha256={app.icon_sha256} label="Icon" />],
          [
            'Developer',
            mayAdminister ? (
              <Link to="/developers/$id" params={{ id: app.developer_id }}>
                {app.developer_name}
              </Link>
            ) : (
              app.developer_name
            ),
          ],
          ['Category', app.category],
          ['Tags', app.tags.join(', ')],
          ['Description', app.description],
          ['Registered', <Moment at={app.created_at} />],
          ['First published', app.first_published_at && <Moment at={app.first_published_at} />],
          ['Withdrawn', app.withdrawn_at && <Moment at={app.withdrawn_at} />],
          ['Name that waits', waiting && waiting.name !== app.name && waiting.name],
        ]}
      />
    </Section>
  );
}
