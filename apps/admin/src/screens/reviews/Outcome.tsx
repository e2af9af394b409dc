import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSession } from '../../api/session';
import { read } from '../../api/queries';
import type { Review, ReviewDetail } from '../../api/schema';
import { plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { Section } from '../../ui/Section';
import classes from './DecisionPanel.module.css';
import { subjectOf } from './words';

const OUTCOMES = {
  approved: { tone: 'good', title: 'Approved' },
  rejected: { tone: 'bad', title: 'Rejected' },
  withdrawn: { tone: 'info', title: 'Taken back by the developer' },
  superseded: { tone: 'info', title: 'Replaced by a newer change' },
} as const;

interface OutcomeProps {
  review: ReviewDetail;
  next: Review | undefined;
  /** Why the server did not take what was decided here. */
  refused: Error | undefined;
  /** What was written and is in no decision. */
  unsent: string;
}

/** How a review ended, what that leads to, and where to go from here. */
export function Outcome({ review, next, refused, unsent }: OutcomeProps) {
  const { tone, title } = OUTCOMES[review.decision ?? 'superseded'];
  const session = useSession();
  const summary = useQuery(read('GET /v1/admin/reviews/summary', {}));
  const heading = useRef<HTMLDivElement>(null);
  // Whoever has just decided stood on a button that is gone.
  const isJustDecided = useRef(review.decided_at !== null && Date.now() - Date.parse(review.decided_at) < 10_000);
  useEffect(() => {
    if (isJustDecided.current) heading.current?.focus();
  }, []);
  return (
    <div ref={heading} tabIndex={-1} className={classes.outcome}>
      <Section title="Decision" tone={tone === 'bad' ? 'bad' : undefined}>
        <div className={classes.panel}>
          {refused && (isTakenBack(review) ? <TakenBack /> : <ProblemNotice error={refused} />)}
          {unsent !== '' && <p className={classes.notes}>What you wrote: “{unsent}”</p>}
          <div>
            <strong>{title}</strong> {review.decided_at && <Moment at={review.decided_at} />}
            {review.reviewer_name && ` by ${review.reviewer_id === session.id ? 'you' : review.reviewer_name}`}
            {review.self_review && ', an app of their own'}
          </div>
          <p>{effectOf(review)}</p>
          {isTakenBack(review) && <Successor review={review} />}
          {review.notes && <p className={classes.notes}>{review.notes}</p>}
          {next ? (
            <>
              <Button component={Link} to={`/reviews/${next.id}`} fullWidth>
                Next: {next.app_name}
              </Button>
              {summary.data && (
                <p className={classes.left}>{plural(summary.data.pending, 'submission')} still to decide.</p>
              )}
            </>
          ) : (
            <p>Nothing else waits for you.</p>
          )}
        </div>
      </Section>
    </div>
  );
}

/** It ended because its developer has changed what is submitted. */
function isTakenBack({ decision }: ReviewDetail): boolean {
  return decision === 'withdrawn' || decision === 'superseded';
}

function TakenBack() {
  return (
    <Notice tone="bad" title="Your decision was not taken">
      <p>The developer has changed what is submitted since you opened this page. What you looked at waits no more.</p>
    </Notice>
  );
}

/** What the developer sent in instead, where there is something. */
function Successor({ review: { id, kind, package_id } }: { review: ReviewDetail }) {
  const query = { q: package_id, kind, limit: 10 };
  const { data } = useQuery(read('GET /v1/admin/reviews', { query }));
  const successor = data?.items.find((other) => other.package_id === package_id && other.id !== id);
  if (!successor) return null;
  return (
    <Button component={Link} to={`/reviews/${successor.id}`} variant="default" fullWidth>
      Look at what waits now: {subjectOf(successor)}
    </Button>
  );
}

/** What a decision leads to, in words. */
function effectOf({ decision, kind }: ReviewDetail): string {
  switch (decision) {
    case 'approved':
      return kind === 'listing'
        ? 'The changed page is live in the store now.'
        : 'The developer can publish it now; devices see it when they do.';
    case 'rejected':
      return kind === 'listing'
        ? 'The page in the store stays as it was. The developer has your notes by mail.'
        : 'These bytes can never be published. The developer has your notes by mail.';
    case 'withdrawn':
      return 'There is nothing to decide here any more. What they send in next is another review.';
    default:
      return 'What waits now is another review.';
  }
}
