import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { read } from '../../api/queries';
import type { AdminDeveloper } from '../../api/schema';
import { Columns } from '../../ui/Columns';
import { Facts } from '../../ui/Facts';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { PageHeader } from '../../ui/PageHeader';
import { Section } from '../../ui/Section';
import { Loaded } from '../../ui/states';
import { AuditTrail } from '../audit/AuditTrail';
import { AccountState } from './account-state';
import { DeveloperActions } from './DeveloperActions';
import { DeveloperApps } from './DeveloperApps';
import { DeveloperKeys } from './DeveloperKeys';

const route = getRouteApi('/signed-in/developers/$id');

/** One account: who it is, its apps and keys, what it did and what was done to it. */
export function DeveloperScreen() {
  const { id } = route.useParams();
  const developer = useQuery(read('GET /v1/admin/developers/{id}', { path: { id } }));
  return <Loaded query={developer}>{(data) => <DeveloperPage key={data.id} developer={data} />}</Loaded>;
}

function DeveloperPage({ developer }: { developer: AdminDeveloper }) {
  return (
    <>
      <p>
        <Link to="/developers">Developers</Link>
      </p>
      <PageHeader
        title={developer.name}
        lead={
          <>
            {developer.email} <AccountState developer={developer} />
          </>
        }
        actions={developer.deleted_at === null && <DeveloperActions developer={developer} />}
      />
      {developer.suspended_at !== null && (
        <Notice tone="bad" title="Suspended: nothing of this account is in the store, and it can do nothing">
          <p>{developer.suspend_reason}</p>
        </Notice>
      )}
      <Columns>
        <Section title="Account">
          <Facts
            facts={[
              ['Role', developer.role],
              ['Registered', <Moment at={developer.created_at} />],
              ['Signs in with', developer.oauth_provider ?? 'password'],
              ['Deleted', developer.deleted_at && <Moment at={developer.deleted_at} />],
            ]}
          />
        </Section>
        <DeveloperApps developerId={developer.id} />
        <DeveloperKeys developerId={developer.id} />
        <AuditTrail
          title="What was done to this account"
          filter={{ subject_kind: 'developer', subject_id: developer.id }}
        />
        <AuditTrail title="What this account did" filter={{ actor_id: developer.id }} />
      </Columns>
    </>
  );
}
