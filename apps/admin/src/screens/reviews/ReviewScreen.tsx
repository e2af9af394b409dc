import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { read } from '../../api/queries';
import type { ReviewDetail } from '../../api/schema';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { Shortcuts } from '../../ui/shortcuts';
import { Loaded } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { AppIcon } from '../../ui/AppIcon';
import { ChecksSection } from './ChecksSection';
import { DecisionPanel } from './DecisionPanel';
import { DeveloperName, DeveloperSection } from './DeveloperSection';
import { FilesSection } from './FilesSection';
import { HistorySection } from './HistorySection';
import { KeySection } from './KeySection';
import { ListingSection } from './ListingSection';
import { PermissionsSection } from './PermissionsSection';
import { queuePlace } from './queue-place';
import { ReasonsSection } from './ReasonsSection';
import classes from './ReviewScreen.module.css';
import { useNextReview } from './use-next-review';
import { decisionWords, REVIEW_WORDS, subjectOf } from './words';

const route = getRouteApi('/signed-in/reviews/$id');
/** How soon a reader sees that another reviewer claimed or decided. */
const REFRESH_MS = 20_000;

/** One submission with everything needed to decide on it. */
export function ReviewScreen() {
  const { id } = route.useParams();
  const review = useQuery({
    ...read('GET /v1/admin/reviews/{id}', { path: { id } }),
    refetchInterval: ({ state }) => (state.data?.decision === null ? REFRESH_MS : false),
  });
  return (
    <Loaded query={review}>
      {/* A new page for each review: what was typed for one must not stand at another. */}
      {(data) => <ReviewPage key={data.id} review={data} />}
    </Loaded>
  );
}

function ReviewPage({ review }: { review: ReviewDetail }) {
  const { decide } = route.useSearch();
  const navigate = useNavigate();
  const decision = useRef<HTMLDivElement>(null);
  const next = useNextReview(review.id);
  const choose = (choice: 'approve' | 'reject') =>
    void navigate({ to: '/reviews/$id', params: { id: review.id }, search: { decide: choice }, replace: true });
  const goBack = () => void navigate({ to: '/reviews', search: queuePlace.search });
  const goNext = () => {
    if (next) void navigate({ to: '/reviews/$id', params: { id: next.id } });
    else goBack();
  };
  return (
    <>
      <p className={classes.back}>
        <Link to="/reviews" search={queuePlace.search}>
          Queue
        </Link>
      </p>
      <div className={classes.title}>
        <AppIcon packageId={review.package_id} sha256={review.listing.icon_sha256} />
        <PageHeader
          title={`${review.listing.name}, ${subjectOf(review)}`}
          lead={<Lead review={review} />}
          actions={
            <>
              <Button variant="default" className={classes.jump} onClick={() => decision.current?.scrollIntoView()}>
                To the decision
              </Button>
              <Shortcuts
                words={REVIEW_WORDS}
                shortcuts={[
                  { key: 'a', label: 'Approve: go to the form', run: () => choose('approve') },
                  { key: 'r', label: 'Reject: go to the form', run: () => choose('reject') },
                  { key: 'n', label: 'Next review that waits', run: goNext },
                  { key: 'u', label: 'Back to the queue', run: goBack },
                ]}
              />
            </>
          }
        />
      </div>
      <div className={classes.columns}>
        <div className={classes.evidence}>
          <ReasonsSection review={review} />
          <PermissionsSection review={review} />
          <KeySection review={review} />
          <ListingSection review={review} />
          <FilesSection review={review} />
          <ChecksSection review={review} />
          <DeveloperSection review={review} />
          <HistorySection review={review} />
        </div>
        <div className={classes.decision} ref={decision}>
          <DecisionPanel review={review} choice={decide} onChoose={choose} next={next} />
        </div>
      </div>
    </>
  );
}

function Lead({ review }: { review: ReviewDetail }) {
  return (
    <>
      <Link to="/apps/$packageId" params={{ packageId: review.package_id }}>
        <code>{review.package_id}</code>
      </Link>{' '}
      by <DeveloperName developer={review.developer} /> · submitted <Moment at={review.submitted_at} /> ·{' '}
      {review.decision === null ? (
        <>
          due <Moment at={review.due_at} />
        </>
      ) : (
        <Tag tone={decisionWords(review.decision).tone}>{decisionWords(review.decision).text}</Tag>
      )}
    </>
  );
}
