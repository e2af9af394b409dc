import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useSession } from '../../api/session';
import { read } from '../../api/queries';
import type { Review, ReviewDetail } from '../../api/schema';
import { plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { Section } from '../../ui/Section';
import { ClaimButton } from './ClaimButton';
import classes from './DecisionPanel.module.css';
import { DecisionForm, type RefusedDecision } from './DecisionForm';

interface DecisionPanelProps {
  review: ReviewDetail;
  choice: 'approve' | 'reject' | undefined;
  onChoose: (choice: 'approve' | 'reject') => void;
  next: Review | undefined;
}

/** Where a reviewer claims and decides, and where the outcome stands afterwards. */
export function DecisionPanel({ review, choice, onChoose, next }: DecisionPanelProps) {
  const session = useSession();
  // Outlives the form, which goes when another reviewer was quicker.
  const [refused, setRefused] = useState<RefusedDecision>();
  const isOthers = review.claimed_by !== null && review.claimed_by !== session.id;
  if (review.decision !== null) return <Outcome review={review} next={next} refused={refused} />;
  return (
    <Section title="Decision">
      <div className={classes.panel}>
        {review.own && (
          <Notice tone="info" title="This app is your own">
            <p>Another reviewer decides, unless the server’s settings say otherwise.</p>
          </Notice>
        )}
        {isOthers && (
          <Notice tone="warn" title={`${review.claimed_by_name ?? 'Somebody else'} works on this`}>
            <p>
              Claimed <Moment at={review.claimed_at ?? review.submitted_at} />. A claim lasts 30 minutes.
            </p>
          </Notice>
        )}
        {!isOthers && <ClaimButton review={review} isMine={review.claimed_by === session.id} />}
        <DecisionForm review={review} choice={choice} onChoose={onChoose} isBlocked={isOthers} onRefused={setRefused} />
      </div>
    </Section>
  );
}

const OUTCOMES = {
  approved: { tone: 'good', title: 'Approved' },
  rejected: { tone: 'bad', title: 'Rejected' },
  withdrawn: { tone: 'info', title: 'Taken back by the developer' },
  superseded: { tone: 'info', title: 'Replaced by a newer change' },
} as const;

interface OutcomeProps {
  review: ReviewDetail;
  next: Review | undefined;
  refused: RefusedDecision | undefined;
}

function Outcome({ review, next, refused }: OutcomeProps) {
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
          {refused && (
            <ProblemNotice error={refused.error}>
              {refused.notes !== '' && <p>What you wrote: “{refused.notes}”</p>}
            </ProblemNotice>
          )}
          <div>
            <strong>{title}</strong> {review.decided_at && <Moment at={review.decided_at} />}
            {review.reviewer_name && ` by ${review.reviewer_id === session.id ? 'you' : review.reviewer_name}`}
            {review.self_review && ', an app of their own'}
          </div>
          <p>{effectOf(review)}</p>
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
      return 'There is nothing to decide any more.';
    default:
      return 'What waits now is another review.';
  }
}
