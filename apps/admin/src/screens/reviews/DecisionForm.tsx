import { Button, NativeSelect, Stack, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { announce } from '../../app/announcer';
import { call } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { ReviewDetail } from '../../api/schema';
import { useAction } from '../../api/use-action';
import { Notice } from '../../ui/Notice';
import { ProblemNotice } from '../../ui/ProblemNotice';
import classes from './DecisionPanel.module.css';
import { hasGap, insertAnswer, REJECTIONS } from './prepared-answers';
import { refreshReview } from './refresh-review';

interface DecisionFormProps {
  review: ReviewDetail;
  choice: 'approve' | 'reject' | undefined;
  onChoose: (choice: 'approve' | 'reject') => void;
  /** Somebody else has claimed it. */
  isBlocked: boolean;
  /** Kept outside: what was written outlives the form, which goes when somebody else was quicker. */
  notes: string;
  onNotes: (notes: string) => void;
  onRefused: (error: Error) => void;
}

/** Approve or reject, with notes. What is sent names the digest of what this page shows. */
export function DecisionForm({ review, choice, onChoose, isBlocked, notes, onNotes, onRefused }: DecisionFormProps) {
  const [reasonCode, setReasonCode] = useState('');
  // What the reader has looked at: reading anew in the background must not slip something else under a decision.
  const [seen, setSeen] = useState(review.subject_sha256);
  const field = useRef<HTMLTextAreaElement>(null);
  const sending = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (choice !== undefined) field.current?.focus();
  }, [choice]);

  const deciding = useAction({
    mutationFn: (decision: 'approve' | 'reject') =>
      call('POST /v1/admin/reviews/{id}/decision', {
        path: { id: review.id },
        body: {
          decision,
          notes,
          subject_sha256: seen,
          ...(decision === 'reject' && reasonCode !== '' ? { reason_code: reasonCode } : {}),
        },
      }),
    onSuccess: (_, decision) =>
      announce(`${review.listing.name} is ${decision === 'approve' ? 'approved' : 'rejected'}.`),
    onError: onRefused,
    onSettled: () => refreshReview(review.id),
  });
  const hasChanged = seen !== review.subject_sha256;
  const { error } = deciding;
  const isReject = choice === 'reject';

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (choice) deciding.mutate(choice);
      }}
    >
      <Stack gap="sm">
        {hasChanged && (
          <Notice tone="warn" title="This is not what you looked at">
            <p>The submission has changed since you opened the page. What you see now is the new one.</p>
            <Button mt="xs" variant="default" onClick={() => setSeen(review.subject_sha256)}>
              I have looked at it again
            </Button>
          </Notice>
        )}
        <fieldset className={classes.choice} disabled={isBlocked || deciding.isPending}>
          <legend className="visually-hidden">Your decision</legend>
          <Button
            variant={choice === 'approve' ? 'filled' : 'default'}
            aria-pressed={choice === 'approve'}
            onClick={() => onChoose('approve')}
          >
            Approve …
          </Button>
          <Button
            variant={isReject ? 'filled' : 'default'}
            color="red.9"
            aria-pressed={isReject}
            onClick={() => onChoose('reject')}
          >
            Reject …
          </Button>
        </fieldset>
        {choice !== undefined && (
          <>
            {isReject && (
              <NativeSelect
                label="Prepared answer"
                description="Its words come into the notes; change them as you like."
                value={reasonCode}
                data={[
                  { value: '', label: 'My own words' },
                  ...REJECTIONS.map(({ code, label }) => ({ value: code, label })),
                ]}
                onChange={(event) => {
                  const answer = REJECTIONS.find(({ code }) => code === event.currentTarget.value);
                  setReasonCode(event.currentTarget.value);
                  if (answer) onNotes(insertAnswer(notes, answer));
                }}
              />
            )}
            <Textarea
              ref={field}
              label={isReject ? 'What is wrong, and what to do' : 'Notes'}
              description={`${isReject ? 'The developer gets this by mail.' : 'Optional. The developer sees them.'} Ctrl+Enter decides.`}
              required={isReject}
              withAsterisk={false}
              autosize
              minRows={4}
              maxRows={16}
              value={notes}
              error={error instanceof ApiError && error.partFor('/notes')}
              onChange={(event) => onNotes(event.currentTarget.value)}
              onKeyDown={(event) => {
                // As everywhere else where somebody writes something that is sent. A button that is not ready does nothing.
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) sending.current?.click();
              }}
            />
            {isReject && hasGap(notes) && <p className={classes.gap}>Fill in the places marked […].</p>}
            {error && <Refusal error={error} />}
            <Button
              ref={sending}
              type="submit"
              fullWidth
              color={isReject ? 'red.9' : undefined}
              disabled={isBlocked || hasChanged || (isReject && (notes.trim() === '' || hasGap(notes)))}
              loading={deciding.isPending}
            >
              {isReject ? 'Reject for good' : 'Approve'}
            </Button>
          </>
        )}
      </Stack>
    </form>
  );
}

/** Why the decision was not taken; the page has read the review anew by then. */
function Refusal({ error }: { error: Error }) {
  if (error instanceof ApiError && error.code === 'review-subject-changed') {
    return (
      <Notice tone="bad" title="Your decision was not taken">
        <p>{error.message} The page shows what is submitted now; look at it again.</p>
      </Notice>
    );
  }
  return <ProblemNotice error={error} />;
}
