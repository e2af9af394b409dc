import { Link } from '@tanstack/react-router';
import type { ReviewDetail } from '../../api/schema';
import { isAdmin, useSession } from '../../api/session';
import { Facts } from '../../ui/Facts';
import { formatCount, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';

/** The name of a developer, for admins with the way to the account. */
export function DeveloperName({ developer: { id, name } }: { developer: ReviewDetail['developer'] }) {
  if (!isAdmin(useSession())) return name;
  return (
    <Link to="/developers/$id" params={{ id }}>
      {name}
    </Link>
  );
}

/** Who submitted it, and what came of what they submitted before. */
export function DeveloperSection({ review: { developer, developer_history: history } }: { review: ReviewDetail }) {
  return (
    <Section title="Developer">
      <Facts
        facts={[
          [
            'Name',
            <>
              <DeveloperName developer={developer} />{' '}
              {history.verified ? <Tag tone="good">verified</Tag> : <Tag tone="warn">not verified</Tag>}
            </>,
          ],
          ['Here since', <Moment at={history.registered_at} />],
          ['Apps', formatCount(history.apps)],
          [
            'Reviews',
            <>
              {plural(history.approved, 'approval')}, {plural(history.rejected, 'rejection')}
            </>,
          ],
        ]}
      />
    </Section>
  );
}
