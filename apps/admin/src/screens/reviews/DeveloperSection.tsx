import type { ReviewDetail } from '../../api/schema';
import { Facts } from '../../ui/Facts';
import { formatCount, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';

/** Who submitted it, and what came of what they submitted before. */
export function DeveloperSection({ review: { developer, developer_history: history } }: { review: ReviewDetail }) {
  return (
    <Section title="Developer">
      <Facts
        facts={[
          [
            'Name',
            <>
              {developer.name}{' '}
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
