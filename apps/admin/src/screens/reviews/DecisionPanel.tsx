import { useState } from 'react';
import { useSession } from '../../api/session';
import type { Review, ReviewDetail } from '../../api/schema';
import { CopyText } from '../../ui/CopyText';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { Section } from '../../ui/Section';
import { ClaimButton } from './ClaimButton';
import classes from './DecisionPanel.module.css';
import { DecisionForm } from './DecisionForm';
import { Outcome } from './Outcome';

interface DecisionPanelProps {
  review: ReviewDetail;
  choice: 'approve' | 'reject' | undefined;
  onChoose: (choice: 'approve' | 'reject') => void;
  next: Review | undefined;
}

/** Where a reviewer claims and decides, and where the outcome stands afterwards. */
export function DecisionPanel({ review, choice, onChoose, next }: DecisionPanelProps) {
  const session = useSession();
  // Both outlive the form, which goes when another reviewer was quicker or the developer took it back.
  const [refused, setRefused] = useState<Error>();
  const [notes, setNotes] = useState('');
  const isOthers = review.claimed_by !== null && review.claimed_by !== session.id;
  if (review.decision !== null) {
    const unsent = review.reviewer_id === session.id ? '' : notes;
    return <Outcome review={review} next={next} refused={refused} unsent={unsent} />;
  }
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
        <Subject review={review} />
        <DecisionForm
          review={review}
          choice={choice}
          onChoose={onChoose}
          isBlocked={isOthers}
          notes={notes}
          onNotes={setNotes}
          onRefused={setRefused}
        />
      </div>
    </Section>
  );
}

/** Exactly what a decision is about. */
function Subject({ review: { kind, subject_sha256 } }: { review: ReviewDetail }) {
  const what = kind === 'listing' ? 'the changed store page' : 'package and store page together';
  return (
    <div>
      You decide on <CopyText value={subject_sha256} noun="digest of what you decide on" shownLength={12} />
      <p className={classes.hint}>
        The digest of {what}, the “subject” of the review. A decision counts for that alone: when anything of it
        changes, it is refused and you look again.
      </p>
    </div>
  );
}
