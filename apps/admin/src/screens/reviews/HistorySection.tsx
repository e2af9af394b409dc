import { Link } from '@tanstack/react-router';
import type { ReviewDetail } from '../../api/schema';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './ReviewScreen.module.css';
import { answerLabel } from './prepared-answers';
import { decisionWords, subjectOf } from './words';

/** Earlier submissions of the app, with what reviewers wrote. */
export function HistorySection({ review: { history } }: { review: ReviewDetail }) {
  if (history.length === 0) return null;
  return (
    <Section title="Earlier reviews of this app" aside={history.length === 20 ? 'the last 20' : undefined}>
      <ul className={classes.list}>
        {history.map((entry) => {
          const { tone, text } =
            entry.decision === null ? { tone: undefined, text: 'waits' } : decisionWords(entry.decision as never);
          return (
            <li key={entry.id}>
              <Tag tone={tone}>{text}</Tag>{' '}
              <Link to="/reviews/$id" params={{ id: entry.id }}>
                {subjectOf(entry)}
              </Link>{' '}
              <span className={classes.quiet}>
                <Moment at={entry.decided_at ?? entry.submitted_at} />
                {entry.reviewer_name && ` by ${entry.reviewer_name}`}
                {entry.reason_code && ` · ${answerLabel(entry.reason_code)}`}
              </span>
              {entry.notes && <p className={classes.prose}>{entry.notes}</p>}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
