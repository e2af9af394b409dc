import { Button } from '@mantine/core';
import { call } from '../../api/client';
import type { ReviewDetail } from '../../api/schema';
import { useAction } from '../../api/use-action';
import { ProblemNotice } from '../../ui/ProblemNotice';
import classes from './DecisionPanel.module.css';
import { refreshReview } from './refresh-review';

/** Tells the other reviewers that I work on this, or that I do not any more. */
export function ClaimButton({ review, isMine }: { review: ReviewDetail; isMine: boolean }) {
  const path = { id: review.id };
  const claiming = useAction({
    mutationFn: () =>
      isMine
        ? call('DELETE /v1/admin/reviews/{id}/claim', { path })
        : call('POST /v1/admin/reviews/{id}/claim', { path }),
    onSettled: () => refreshReview(review.id),
  });
  return (
    <div>
      <Button
        variant="default"
        fullWidth
        loading={claiming.isPending}
        disabled={review.own}
        onClick={() => claiming.mutate()}
      >
        {isMine ? 'Give my claim back' : 'Claim for 30 minutes'}
      </Button>
      <p className={classes.hint}>
        {isMine
          ? 'The others see your name and cannot decide for 30 minutes. Your decision ends the claim.'
          : 'Optional: a claim keeps the others from deciding meanwhile. You can decide without one; the first decision counts.'}
      </p>
      {claiming.error && <ProblemNotice error={claiming.error} />}
    </div>
  );
}
