import { Link } from '@tanstack/react-router';
import type { Review } from '../../api/schema';
import type { Column } from '../../ui/DataTable';
import { formatDuration, formatTimeLeft } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Tag } from '../../ui/Tag';
import { useNow } from '../../ui/use-now';
import classes from './QueueScreen.module.css';
import { decisionWords, reasonLabel, reasonTone, subjectOf, summarizeChecks } from './words';

const SOON_MS = 12 * 60 * 60 * 1000;

/** The columns of the queue; `myId` tells the reader's own claims from those of others. */
export function queueColumns(myId: string, isPending: boolean): Column<Review>[] {
  return [
    {
      header: 'App',
      cell: (review) => (
        <>
          <Link to="/reviews/$id" params={{ id: review.id }} className={classes.app} data-review-link>
            {review.app_name}
          </Link>{' '}
          <span className={classes.subject}>{subjectOf(review)}</span>
          <br />
          <code className={classes.packageId}>{review.package_id}</code>
        </>
      ),
    },
    {
      header: 'Developer',
      cell: ({ developer, own }) => (
        <>
          {developer.name} {own && <Tag tone="info">you</Tag>}
        </>
      ),
    },
    {
      header: 'Why',
      cell: ({ reasons }) => (
        <span className={classes.tags}>
          {reasons.map((reason) => (
            <Tag key={reason.code} tone={reasonTone(reason)} title={reason.detail}>
              {reasonLabel(reason)}
            </Tag>
          ))}
        </span>
      ),
    },
    {
      header: 'Checks',
      narrow: true,
      cell: ({ kind, checks }) => {
        if (kind === 'listing') return <span className={classes.none}>none for pages</span>;
        const { tone, text } = summarizeChecks(checks);
        return <Tag tone={tone}>{text}</Tag>;
      },
    },
    {
      header: isPending ? 'Waits' : 'Waited',
      narrow: true,
      cell: ({ submitted_at: at, decided_at }) => <Wait from={at} until={decided_at} />,
    },
    isPending
      ? { header: 'Due', narrow: true, cell: ({ due_at }) => <Due at={due_at} /> }
      : { header: 'Outcome', cell: (review) => <Outcome review={review} /> },
    ...(isPending ? [{ header: 'Claim', cell: (review: Review) => <Claim review={review} myId={myId} /> }] : []),
  ];
}

function Wait({ from, until }: { from: string; until: string | null }) {
  const now = useNow();
  return <time dateTime={from}>{formatDuration((until === null ? now : Date.parse(until)) - Date.parse(from))}</time>;
}

function Due({ at }: { at: string }) {
  const leftMs = Date.parse(at) - useNow();
  if (leftMs < 0) return <Tag tone="bad">{formatTimeLeft(leftMs)} overdue</Tag>;
  return leftMs < SOON_MS ? <Tag tone="warn">in {formatTimeLeft(leftMs)}</Tag> : <Moment at={at} />;
}

function Outcome({ review }: { review: Review }) {
  if (review.decision === null) return <Due at={review.due_at} />;
  const { tone, text } = decisionWords(review.decision);
  return (
    <>
      <Tag tone={tone}>{text}</Tag> {review.reviewer_name && `by ${review.reviewer_name}, `}
      {review.decided_at && <Moment at={review.decided_at} />}
    </>
  );
}

function Claim({ review, myId }: { review: Review; myId: string }) {
  if (review.claimed_by === null || review.decision !== null) return null;
  if (review.claimed_by === myId) return <Tag tone="info">you</Tag>;
  return <Tag tone="warn">{review.claimed_by_name ?? 'somebody'}</Tag>;
}
